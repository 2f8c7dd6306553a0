/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A capture file of any format, compressed or not, from its bytes to lines: a file (the first byte is even) or through a pipe,
 * as one worker reads it or (its second bit) as several do. Every packet ends in one term, every line is valid, and every byte
 * that is lent can be read.
 */
#include "decode/decode.h"
#include "encode/encode.h"
#include "lines.h"
#include "source/source.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	FRAMES_MAX = 20000
}; /* a small bomb makes many */

static volatile uint8_t sink;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(struct batch *b)
{
	static struct decode_counters counters;
	static struct encode encode;
	static struct rec recs[BATCH_MAX];
	static struct more more[BATCH_MAX];
	static char text[BLOCK_SIZE];
	struct err err;
	uint64_t before = counters.no_ip + counters.undecodable;
	uint32_t n = b->nframes;

	if (!encode.digits && encode_init(&encode, &(struct encode_options){.digits = 6, .profile = PROFILE_FULL}, &err))
		abort();
	b->recs = recs;
	b->more = more;
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < b->frames[i].caplen; k += 64)
			sink ^= b->frames[i].data[k];
	decode_batch(b, DECODE_INNER, &counters);
	if (b->nrecs + counters.no_ip + counters.undecodable - before != n)
		abort();
	for (uint32_t done = 0; done < b->nrecs;) {
		struct block block = {.text = text};

		done = encode_batch(&encode, b, done, &block);
		check_lines(block.text, block.len, block.lines);
	}
}

/* As workers do who share it: chunk by chunk. */
static void read_chunks(struct source *s)
{
	struct chunk c;
	enum source_status status;
	unsigned frames = 0;

	if (!chunk_init(&c, BATCH_MAX))
		abort();
	do {
		s->ops->read(s, &c);
		do {
			status = s->ops->frames(s, &c, true, 1000);
			for (unsigned i = 0; i < c.n; i++) {
				frames += c.batches[i].nframes;
				use(&c.batches[i]);
			}
		} while (status == SOURCE_FRAMES);
	} while (status == SOURCE_IDLE && frames < FRAMES_MAX);
	chunk_fini(&c);
}

static void read_all(const char *word, bool share)
{
	static struct batch batch = {.max = BATCH_MAX};
	struct source_args args = {0};
	struct source s;
	struct err err;
	unsigned frames = 0;

	if (source_open(&s, word, false, &args, &err))
		return;
	if (share && s.ops->share(&s))
		read_chunks(&s);
	while (!share && frames < FRAMES_MAX && s.ops->fill(&s, &batch, 1000, &err) == SOURCE_FRAMES) {
		frames += batch.nframes;
		use(&batch);
	}
	source_close(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64];
	int fd;

	if (size < 2 || size > 60000)
		return 0;
	if (data[0] & 1) {
		int fds[2], kept = dup(STDIN_FILENO);

		if (pipe(fds) || write(fds[1], data + 1, size - 1) != (ssize_t)size - 1)
			abort();
		close(fds[1]);
		dup2(fds[0], STDIN_FILENO);
		close(fds[0]);
		read_all("-", data[0] & 2);
		if (kept >= 0)
			dup2(kept, STDIN_FILENO);
		close(kept);
		return 0;
	}
	fd = memfd_create("capture", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data + 1, size - 1) != (ssize_t)size - 1)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	read_all(path, data[0] & 2);
	close(fd);
	return 0;
}
