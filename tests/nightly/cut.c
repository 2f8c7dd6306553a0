/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cut FILE ...: every packet of the captures, cut at every length up to where headers end, each on memory of exactly that size
 * so that a sanitizer sees a read beyond it. Each cut packet ends in one term, and its lines are valid.
 */
#include "../fuzz/lines.h"
#include "decode/decode.h"
#include "encode/encode.h"
#include "source/source.h"

#include <stdio.h>

enum {
	CUT_MAX = 192,       /* bytes: headers are within */
	PACKETS_MAX = 20000, /* of a capture */
};

static struct encode encode;
static struct more more[BATCH_MAX];
static uint64_t cuts;

static void decode_cut(const struct frame *whole, uint32_t len)
{
	static struct decode_counters counters;
	static struct rec recs[BATCH_MAX];
	static struct batch batch = {.recs = recs};
	static char text[BLOCK_SIZE];
	struct block block = {.text = text};
	uint8_t *bytes = malloc(len ? len : 1);

	memcpy(bytes, whole->data, len);
	memset(&counters, 0, sizeof(counters));
	batch.more = more;
	batch.nframes = 1;
	batch.frames[0] = *whole;
	batch.frames[0].data = bytes;
	batch.frames[0].caplen = len;
	decode_batch(&batch, cuts % 4, &counters);
	if (batch.nrecs + counters.no_ip + counters.undecodable != 1)
		abort();
	encode_batch(&encode, &batch, 0, &block);
	check_lines(block.text, block.len, block.lines);
	free(bytes);
	cuts++;
}

static void cut_capture(const char *path)
{
	static struct batch batch = {.max = BATCH_MAX};
	struct source_args args = {0};
	struct source s;
	struct err err;
	unsigned packets = 0;

	if (source_open(&s, path, false, &args, &err))
		return;
	while (packets < PACKETS_MAX && s.ops->fill(&s, &batch, 1000, &err) == SOURCE_FRAMES) {
		packets += batch.nframes;
		for (uint32_t i = 0; i < batch.nframes; i++)
			for (uint32_t len = 0; len <= batch.frames[i].caplen && len <= CUT_MAX; len++)
				decode_cut(&batch.frames[i], len);
	}
	source_close(&s);
}

int main(int argc, char **argv)
{
	struct err err;

	if (encode_init(&encode, &(struct encode_options){.digits = 9, .profile = PROFILE_FULL}, &err))
		return 1;
	for (int i = 1; i < argc; i++)
		cut_capture(argv[i]);
	printf("%llu cut packets of %d captures\n", (unsigned long long)cuts, argc - 1);
	encode_fini(&encode);
	return 0;
}
