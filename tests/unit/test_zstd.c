/* SPDX-License-Identifier: Apache-2.0 */
/* A compressed file ends with a whole frame whatever becomes of it, and its frames hold the lines that were counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lines.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

enum {
	FRAMES_MAX = 300,
	PAUSE_MS = 20,
	PIPE_BYTES = 4096, /* one page */
};

/* A file's frames, and the text in them. */
struct packed {
	char *text;
	size_t len;                  /* of text */
	unsigned n;                  /* frames */
	size_t ends[FRAMES_MAX + 1]; /* ends[i]: bytes of the first i frames, as they are on disk */
};

static struct packed unpack_bytes(const char *data, size_t size)
{
	struct packed p = {.text = malloc(FILE_MAX + 1)};

	assert_non_null(p.text);
	while (p.ends[p.n] < size) {
		const char *frame = data + p.ends[p.n];
		size_t n = ZSTD_findFrameCompressedSize(frame, size - p.ends[p.n]);

		assert_false(ZSTD_isError(n));
		assert_true(p.n < FRAMES_MAX);
		p.ends[p.n + 1] = p.ends[p.n] + n;
		p.n++;
		n = ZSTD_decompress(p.text + p.len, FILE_MAX - p.len, frame, n);
		assert_false(ZSTD_isError(n));
		p.len += n;
	}
	p.text[p.len] = '\0';
	return p;
}

/* Fails if there is anything but whole frames. The caller frees the text. */
static struct packed unpack(const char *path)
{
	size_t size;
	char *data = read_file(path, &size);
	struct packed p = unpack_bytes(data, size);

	free(data);
	return p;
}

static void nap(int ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

static struct sink_counters finish(struct sink *s, int expected)
{
	struct sink_counters c;

	while (sink_state(s) == SINK_OK && !sink_drain(s, WAIT_MS))
		;
	assert_int_equal(sink_close(s, WAIT_MS, &c, &err), expected);
	return c;
}

/* Writes blocks of n lines each, counting up from 0. */
static void make(const char *word, unsigned blocks, unsigned n)
{
	struct sink *s = open_sink(word, false);

	for (unsigned i = 0; i < blocks; i++)
		put(s, i * n, n);
	assert_int_equal(finish(s, 0).lines, blocks * n);
}

static void a_frame_for_each_block(void **state)
{
	const char *path = in_folder("order.zst");
	struct sink *s = open_sink(path, false);
	struct sink_counters c;
	struct packed p;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		put(s, i * 1000, 1000);
	c = finish(s, 0);
	p = unpack(path);
	assert_int_equal(count_up(p.text, 0), 100000);
	assert_int_equal(p.n, 100);
	assert_int_equal(c.lines, 100000);
	assert_int_equal(c.bytes, p.len);
	assert_int_equal(c.dropped, 0);
	assert_true(p.ends[p.n] < p.len / 2);
	free(p.text);
	unlink(path);
}

/* The largest block, of bytes that cannot be made fewer. */
static void put_noise(struct sink *s, char copy[BLOCK_SIZE])
{
	static uint64_t random = 1;
	struct block *b = sink_get(s, WAIT_MS);

	for (unsigned i = 0; i < BLOCK_SIZE; i++) {
		random = random * 6364136223846793005u + 1442695040888963407u;
		copy[i] = (char)(random >> 56 == '\n' ? 0 : random >> 56);
	}
	copy[BLOCK_SIZE - 1] = '\n';
	memcpy(b->text, copy, BLOCK_SIZE);
	b->len = BLOCK_SIZE;
	b->lines = 1;
	sink_put(s, b);
}

static void a_full_block_of_noise(void **state)
{
	const char *path = in_folder("noise.zst");
	struct sink *s = open_sink(path, false);
	static char noise[BLOCK_SIZE];
	struct packed p;

	(void)state;
	put_noise(s, noise);
	assert_int_equal(finish(s, 0).lines, 1);
	p = unpack(path);
	assert_int_equal(p.len, BLOCK_SIZE);
	assert_memory_equal(p.text, noise, BLOCK_SIZE);
	free(p.text);
	unlink(path);
}

static void chosen_by_name_or_ending(void **state)
{
	static const struct {
		const char *sink, *name;
		bool packed;
	} cases[] = {
		{"", "a.zst", true},      {"", "a.json", false},    {"", ".zst", true},
		{"zstd:", "b", true},     {"zstd:", "b.zst", true}, {"file:", "c.zst", false},
		{"", "a.zst.old", false}, {"", "log:d.zst", true},  {"", "a.ZST", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *path = in_folder(cases[i].name);
		char word[300];
		char *data;
		size_t len;

		snprintf(word, sizeof(word), "%s%s", cases[i].sink, path);
		assert_string_equal(sink_argument(word), path);
		make(word, 1, 10);
		data = read_file(path, &len);
		assert_int_equal(*data == '{', !cases[i].packed);
		free(data);
		unlink(path);
	}
	assert_string_equal(sink_argument("-"), "");
}

/* Opens what is there, writes two lines that count on, and expects these lines in all. */
static void continues(const char *path, const void *data, size_t len, unsigned kept, const char *says)
{
	struct packed p;
	struct sink *s;

	write_file(path, data, len);
	s = open_sink(path, false);
	if (!strstr(notice.text, says) || (!*says && *notice.text))
		fail_msg("%zu bytes: notice: %s", len, notice.text);
	put(s, kept, 2);
	finish(s, 0);
	p = unpack(path);
	assert_int_equal(count_up(p.text, 0), kept + 2);
	free(p.text);
}

static void cut_anywhere(void **state)
{
	const char *path = in_folder("cut.zst");
	struct packed p;
	size_t size;
	char *data;

	(void)state;
	make(path, 3, 60);
	p = unpack(path);
	data = read_file(path, &size);
	for (unsigned i = 0; i < p.n; i++) {
		continues(path, data, p.ends[i], i * 60, "");
		for (size_t end = p.ends[i] + 1; end < p.ends[i + 1]; end++) {
			char says[64];

			snprintf(says, sizeof(says), "removed a part of a frame, %zu bytes,", end - p.ends[i]);
			continues(path, data, end, i * 60, says);
		}
	}
	free(data);
	free(p.text);
	unlink(path);
}

static void a_large_frame_cut(void **state)
{
	const char *path = in_folder("cut.zst");
	struct packed p;
	size_t size;
	char *data;

	(void)state;
	make(path, 2, 30000); /* frames of several blocks */
	p = unpack(path);
	data = read_file(path, &size);
	for (size_t end = p.ends[1] + 1; end < size; end += 997)
		continues(path, data, end, 30000, "removed a part of a frame");
	free(data);
	free(p.text);
	unlink(path);
}

/* Zeros at the end are what a power failure can leave; skippable frames may be anywhere. */
static void what_else_may_be_there(void **state)
{
	static const char skippable[] = "\x50\x2a\x4d\x18\x05\0\0\0hello";
	const char *path = in_folder("else.zst");
	size_t size, skip = sizeof(skippable) - 1;
	char *data, *both;

	(void)state;
	make(path, 1, 10);
	data = read_file(path, &size);
	both = calloc(1, size + 100000);
	assert_non_null(both);
	memcpy(both, data, size);
	continues(path, both, size + 1, 10, "removed a part of a frame, 1 bytes");
	continues(path, both, size + 100000, 10, "removed a part of a frame, 100000 bytes");
	memcpy(both, skippable, skip);
	memcpy(both + skip, data, size);
	continues(path, both, skip + size, 10, "");
	continues(path, both, skip + size - 1, 0, "removed a part of a frame");
	continues(path, "", 0, 0, "");
	free(both);
	free(data);
	unlink(path);
}

/* Somebody else's stays as it is, byte by byte. */
static void refuses(const void *data, size_t len, const char *says)
{
	const char *path = in_folder("refused.zst");
	size_t after;
	char *there;

	write_file(path, data, len);
	if (sink_open(path, false, &notice, &err))
		fail_msg("%zu bytes were taken", len);
	if (!strstr(err.text, says) || !strstr(err.text, path) || !strstr(err.text, "move it away"))
		fail_msg("%s", err.text);
	there = read_file(path, &after);
	assert_int_equal(after, len);
	assert_memory_equal(there, data, len);
	free(there);
	unlink(path);
}

/* A frame as a tool makes it that does not know how much will come. */
static size_t foreign_frame(char *out, size_t room, const char *text, size_t len)
{
	ZSTD_CCtx *context = ZSTD_createCCtx();
	ZSTD_outBuffer to = {.dst = out, .size = room};
	ZSTD_inBuffer from = {.src = text, .size = len};

	assert_false(ZSTD_isError(ZSTD_compressStream2(context, &to, &from, ZSTD_e_continue)));
	assert_int_equal(ZSTD_compressStream2(context, &to, &from, ZSTD_e_end), 0);
	ZSTD_freeCCtx(context);
	return to.pos;
}

static void not_ours(void **state)
{
	static const char text[] = "{\"n\":0}\n{\"n\":1}\n";
	static const char garbage[20] = "\x28\xb5\x2f\xfd\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff";
	const char *path = in_folder("ours.zst");
	char frame[256], *data;
	size_t size, n = foreign_frame(frame, sizeof(frame), text, sizeof(text) - 1);

	(void)state;
	refuses("{\"n\":0}\n", 8, "does not begin with a whole zstd frame");
	refuses("\x1f\x8b\x08\0", 4, "does not begin with a whole zstd frame");
	refuses("\x28\xb5\x2f\xfe", 4, "does not begin with a whole zstd frame");
	refuses("\0\0\x01", 3, "does not begin with a whole zstd frame");
	refuses(garbage, sizeof(garbage), "does not begin with a whole zstd frame");
	refuses(frame, n - 1, "does not begin with a whole zstd frame");
	continues(path, frame, n, 2, ""); /* whole, it is as good as ours */
	make(path, 1, 1);
	data = read_file(path, &size);
	memcpy(data + size, "note\n", 5);
	refuses(data, size + 5, "come 5 that are none");
	free(data);
	unlink(path);
}

static void a_large_frame_of_others(void **state)
{
	size_t len = 4 << 20, room = ZSTD_compressBound(len), n;
	char *text = malloc(len), *frame = malloc(room);

	(void)state;
	assert_true(text && frame);
	for (size_t i = 0; i < len; i++)
		text[i] = (char)((i * i) >> 7);
	n = ZSTD_compress(frame, room, text, len, 1); /* says how much is in it, and it is more than any of ours */
	assert_false(ZSTD_isError(n));
	refuses(frame, n - 1, "does not begin with a whole zstd frame");
	refuses(frame, 100, "does not begin with a whole zstd frame");
	free(text);
	free(frame);
}

/* Frames come after the one that is spoilt: they are not thrown away. */
static void damage_in_the_middle(void **state)
{
	enum {
		BLOCK_HEADER = 9
	}; /* after a frame header with a content size of four bytes */
	const char *path = in_folder("ours.zst");
	struct sink *s = open_sink(path, false);
	static char noise[BLOCK_SIZE];
	struct packed p;
	size_t size;
	char *data;

	(void)state;
	for (int i = 0; i < 3; i++)
		put_noise(s, noise);
	finish(s, 0);
	p = unpack(path);
	data = read_file(path, &size);
	data[p.ends[1] + BLOCK_HEADER] |= 0x06; /* a block type that does not exist */
	refuses(data, size, "of zstd frames come");
	free(data);
	free(p.text);
	unlink(path);
}

static void reopened_after_a_rename(void **state)
{
	const char *path = in_folder("log.zst"), *old = in_folder("log.1");
	struct sink *s = open_sink(path, true);
	struct packed before, after;
	unsigned first;

	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		put(s, i * 100, 100);
		if (i == 25) {
			assert_int_equal(rename(path, old), 0);
			sink_reopen(s);
		}
	}
	assert_int_equal(finish(s, 0).lines, 5000);
	before = unpack(old);
	after = unpack(path);
	first = count_up(before.text, 0);
	assert_int_equal(first + count_up(after.text, first), 5000);
	free(before.text);
	free(after.text);
	unlink(path);
	unlink(old);
}

/* A new place that is not fit is told, and the old one goes on. */
static void reopened_onto_something_else(void **state)
{
	const char *path = in_folder("log.zst"), *old = in_folder("log.1");
	struct sink *s = open_sink(path, true);
	struct packed p;

	(void)state;
	put(s, 0, 100);
	while (!sink_drain(s, WAIT_MS))
		;
	assert_int_equal(rename(path, old), 0);
	write_file(path, "text\n", 5);
	sink_reopen(s);
	for (int ms = 0; ms < WAIT_MS && !sink_trouble(s, &err); ms += PAUSE_MS)
		nap(PAUSE_MS);
	put(s, 100, 100);
	assert_int_equal(finish(s, -EINVAL).lines, 200);
	assert_non_null(strstr(err.text, "does not begin with a whole zstd frame"));
	p = unpack(old);
	assert_int_equal(count_up(p.text, 0), 200);
	free(p.text);
	unlink(path);
	unlink(old);
}

/* Only the sink's thread takes the signal that ends a wait. */
static void interrupt_the_sink(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	for (int i = 0; i < 10; i++) {
		kill(getpid(), SIGUSR2);
		nap(PAUSE_MS);
	}
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

/* All that comes out of a pipe until its other end is closed. */
static size_t read_all(int fd, char *to, size_t room)
{
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, to + len, room - len)) > 0)
		len += (size_t)n;
	assert_int_equal(n, 0);
	return len;
}

struct closing {
	struct sink *s;
	struct sink_counters c;
	int ret;
};

static void *close_later(void *arg)
{
	struct closing *c = arg;

	while (!sink_drain(c->s, WAIT_MS))
		;
	c->ret = sink_close(c->s, WAIT_MS, &c->c, &err);
	return NULL;
}

/*
 * A reader stands still in the middle of a frame, and another file takes the FIFO's name: interrupted and asked to open anew,
 * the frame still goes on where it began, and the next one goes to the new place.
 */
static void a_fifo_in_the_middle_of_a_frame(void **state)
{
	const char *path = in_folder("fifo.zst"), *old = in_folder("fifo.old");
	char *data = malloc(FILE_MAX);
	struct closing closing = {0};
	struct packed first, second;
	pthread_t thread;
	int fd;

	(void)state;
	assert_non_null(data);
	assert_int_equal(mkfifo(path, 0600), 0);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(fd >= 0);
	closing.s = open_sink(path, true);
	assert_int_equal(fcntl(fd, F_SETPIPE_SZ, PIPE_BYTES), PIPE_BYTES);
	assert_int_equal(fcntl(fd, F_SETFL, 0), 0);
	put(closing.s, 0, 20000);
	put(closing.s, 20000, 20000);
	nap(PAUSE_MS);
	assert_int_equal(rename(path, old), 0);
	sink_reopen(closing.s);
	interrupt_the_sink();
	assert_int_equal(pthread_create(&thread, NULL, close_later, &closing), 0);
	first = unpack_bytes(data, read_all(fd, data, FILE_MAX));
	pthread_join(thread, NULL);
	close(fd);
	assert_int_equal(closing.ret, 0);
	assert_int_equal(closing.c.lines, 40000);
	second = unpack(path);
	assert_int_equal(first.n, 1);
	assert_int_equal(count_up(first.text, 0), 20000);
	assert_int_equal(count_up(second.text, 20000), 20000);
	free(first.text);
	free(second.text);
	free(data);
	unlink(path);
	unlink(old);
}

static void a_full_disk_from_files(void **state)
{
	const char *path = in_folder("disk/out.zst");
	struct sink *s = open_sink(path, false);
	struct sink_counters c;
	struct packed p;
	struct stat st;

	(void)state;
	for (unsigned i = 0; i < FRAMES_MAX && sink_state(s) == SINK_OK; i++)
		put(s, i * 20000, 20000);
	c = finish(s, -ENOSPC);
	assert_non_null(strstr(err.text, "the disk is full"));
	p = unpack(path); /* whole frames */
	assert_int_equal(count_up(p.text, 0), c.lines);
	assert_int_equal(p.len, c.bytes);
	assert_true(c.lines >= 20000 && c.dropped >= 20000);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, p.ends[p.n]);
	free(p.text);
	unlink(path);
}

static void a_full_disk_live(void **state)
{
	const char *path = in_folder("disk/out.zst"), *ballast = in_folder("disk/ballast");
	struct sink_counters c;
	unsigned lines = 0;
	struct packed p;
	struct sink *s;
	int fd = open(ballast, O_CREAT | O_WRONLY, 0600);

	(void)state;
	assert_int_equal(posix_fallocate(fd, 0, 960 << 10), 0);
	close(fd);
	s = open_sink(path, true);
	for (unsigned i = 0; i < SINK_BLOCKS; i++, lines += 20000)
		put(s, lines, 20000);
	nap(200); /* full by now, in the middle of a frame */
	sink_counters(s, &c);
	assert_true(c.lines < lines);
	p = unpack(path);
	assert_int_equal(count_up(p.text, 0), c.lines);
	free(p.text);
	unlink(ballast);
	assert_int_equal(finish(s, -ENOSPC).lines, lines); /* it says that there was a time without room */
	p = unpack(path);
	assert_int_equal(count_up(p.text, 0), lines);
	free(p.text);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_frame_for_each_block),
		cmocka_unit_test(a_full_block_of_noise),
		cmocka_unit_test(chosen_by_name_or_ending),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(a_large_frame_cut),
		cmocka_unit_test(what_else_may_be_there),
		cmocka_unit_test(not_ours),
		cmocka_unit_test(a_large_frame_of_others),
		cmocka_unit_test(damage_in_the_middle),
		cmocka_unit_test(reopened_after_a_rename),
		cmocka_unit_test(reopened_onto_something_else),
		cmocka_unit_test(a_fifo_in_the_middle_of_a_frame),
	};
	const struct CMUnitTest disk_tests[] = {
		cmocka_unit_test(a_full_disk_from_files),
		cmocka_unit_test(a_full_disk_live),
	};
	int failed = cmocka_run_group_tests(tests, make_folder, NULL);

	if (small_disk())
		failed += cmocka_run_group_tests(disk_tests, NULL, NULL);
	else
		puts("[  SKIPPED ] 2 test(s): a full disk takes root and a mount namespace of its own");
	return failed + remove_folder(NULL);
}
