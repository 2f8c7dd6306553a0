/* SPDX-License-Identifier: Apache-2.0 */
/* Lines arrive whole, in order, or are counted, whatever the destination does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lines.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void file_in_order(void **state)
{
	const char *path = in_folder("order");
	struct sink *s = open_sink(path, false);
	struct sink_counters c;
	size_t len;
	char *text;

	(void)state;
	for (unsigned i = 0; i < 200; i++)
		put(s, i * 1000, 1000);
	while (!sink_drain(s, WAIT_MS))
		;
	assert_int_equal(sink_close(s, GRACE_MS, &c, &err), 0);
	text = read_file(path, &len);
	assert_int_equal(count_up(text, 0), 200000);
	assert_int_equal(c.lines, 200000);
	assert_int_equal(c.bytes, len);
	assert_int_equal(c.dropped, 0);
	free(text);
}

static void null_counts(void **state)
{
	struct sink *s = open_sink("null:", true);
	struct sink_counters c;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		put(s, 0, 100);
	assert_int_equal(sink_close(s, WAIT_MS, &c, &err), 0);
	assert_int_equal(c.lines, 10000);
	assert_int_equal(c.dropped, 0);
}

static void nothing_put_nothing_written(void **state)
{
	const char *path = in_folder("nothing");
	struct sink *s = open_sink(path, false);
	struct sink_counters c;
	struct stat st;

	(void)state;
	sink_put(s, sink_get(s, 0)); /* an empty block comes straight back */
	assert_true(sink_drain(s, 0));
	assert_int_equal(sink_close(s, GRACE_MS, &c, &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(st.st_mode & 07777 & ~0640u, 0);
}

static void opening_errors(void **state)
{
	static const struct {
		const char *word, *says;
	} cases[] = {
		{"/nowhere/at/all", "directory does not exist"},
		{"/tmp", "Is a directory"},
		{"file:", "needs a path"},
		{"stdout:x", "no argument"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_null(sink_open(cases[i].word, false, &notice, &err));
		if (!strstr(err.text, cases[i].says))
			fail_msg("%s: %s", cases[i].word, err.text);
	}
}

static void repairs(void **state)
{
	static char long_line[100001];
	struct {
		const char *before, *after, *says;
	} cases[] = {
		{"", "", ""},
		{"{\"n\":0}\n", "{\"n\":0}\n", ""},
		{"{\"n\":0}\n{\"ts", "{\"n\":0}\n", "removed half a line of 4 bytes"},
		{"{\"ts\":\"20", "", "removed half a line of 9 bytes"},
		{"somebody's text", "somebody's text\n", "no newline, which was added"},
		{"a\nsomebody's text", "a\nsomebody's text\n", "no newline, which was added"},
		{long_line, NULL, "no newline, which was added"},
	};

	(void)state;
	memset(long_line, '{', sizeof(long_line) - 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *path = in_folder("repair");
		struct sink_counters c;
		struct sink *s;
		size_t len, kept;
		char *text;

		write_file(path, cases[i].before, strlen(cases[i].before));
		s = open_sink(path, false);
		if (!strstr(notice.text, cases[i].says) || (!*cases[i].says && *notice.text))
			fail_msg("case %zu: %s", i, notice.text);
		put(s, 7, 1);
		while (!sink_drain(s, WAIT_MS))
			;
		assert_int_equal(sink_close(s, GRACE_MS, &c, &err), 0);
		text = read_file(path, &len);
		kept = cases[i].after ? strlen(cases[i].after) : sizeof(long_line);
		if (cases[i].after)
			assert_memory_equal(text, cases[i].after, kept);
		assert_string_equal(text + kept, "{\"n\":7}\n");
		free(text);
		unlink(path);
	}
}

static void reopened_after_a_rename(void **state)
{
	const char *path = in_folder("log"), *old = in_folder("log.1");
	struct sink *s = open_sink(path, true);
	struct sink_counters c;
	unsigned before, after;
	size_t len;
	char *text;

	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		put(s, i * 100, 100);
		if (i == 25) {
			assert_int_equal(rename(path, old), 0);
			sink_reopen(s);
		}
	}
	while (!sink_drain(s, WAIT_MS))
		;
	sink_reopen(s); /* once more, with nothing to write */
	assert_int_equal(sink_close(s, GRACE_MS, &c, &err), 0);
	text = read_file(old, &len);
	before = count_up(text, 0);
	free(text);
	text = read_file(path, &len);
	after = count_up(text, before);
	free(text);
	assert_int_equal(before + after, 5000);
	assert_int_equal(c.lines, 5000);
}

/* A pipe in place of standard output for as long as the test runs. */
static int swap_stdout(int fds[2])
{
	int kept = dup(STDOUT_FILENO);

	fflush(stdout);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	dup2(fds[1], STDOUT_FILENO);
	close(fds[1]);
	return kept;
}

static void restore_stdout(int kept)
{
	dup2(kept, STDOUT_FILENO);
	close(kept);
}

static void a_stuck_reader_live(void **state)
{
	int fds[2], kept = swap_stdout(fds);
	struct sink *s = open_sink("-", true);
	struct sink_counters c;
	unsigned put_lines = 0;
	struct timespec start, end;
	struct block *b;
	int ret;

	(void)state;
	while ((b = sink_get(s, 0))) { /* until there is no block left: never waits */
		fill(b, put_lines, 20000);
		put_lines += 20000;
		sink_put(s, b);
	}
	clock_gettime(CLOCK_MONOTONIC, &start);
	ret = sink_close(s, GRACE_MS, &c, &err);
	clock_gettime(CLOCK_MONOTONIC, &end);
	restore_stdout(kept);
	close(fds[0]);
	assert_int_equal(ret, 0);
	assert_true(end.tv_sec - start.tv_sec <= 2);
	assert_int_equal(c.lines + c.dropped, put_lines);
	assert_true(c.dropped > 0);
}

struct reader {
	int fd;
	unsigned lines;
	bool slow;
};

static void *read_lines(void *arg)
{
	struct reader *r = arg;
	static char buffer[1 << 20];
	ssize_t n;

	while ((n = read(r->fd, buffer, r->slow ? 50000 : sizeof(buffer))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			r->lines += buffer[i] == '\n';
		if (r->slow)
			nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	return NULL;
}

static void a_slow_reader_from_files(void **state)
{
	int fds[2], kept = swap_stdout(fds);
	struct reader reader = {.fd = fds[0], .slow = true};
	struct sink *s = open_sink("-", false);
	struct sink_counters c;
	pthread_t thread;
	int ret;

	(void)state;
	pthread_create(&thread, NULL, read_lines, &reader);
	for (unsigned i = 0; i < 20; i++)
		put(s, 0, 20000);
	while (!sink_drain(s, WAIT_MS))
		;
	ret = sink_close(s, GRACE_MS, &c, &err);
	restore_stdout(kept); /* the writing end's last copy */
	pthread_join(thread, NULL);
	close(fds[0]);
	assert_int_equal(ret, 0);
	assert_int_equal(reader.lines, 400000);
	assert_int_equal(c.lines, 400000);
}

static void a_reader_that_leaves(void **state)
{
	int fds[2], kept = swap_stdout(fds);
	struct sink *s = open_sink("-", false);
	struct sink_counters c;
	unsigned lines = 0;
	int ret;

	(void)state;
	close(fds[0]);
	for (int i = 0; i < 100 && sink_state(s) == SINK_OK; i++) {
		put(s, 0, 10);
		lines += 10;
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	assert_int_equal(sink_state(s), SINK_CLOSED);
	ret = sink_close(s, GRACE_MS, &c, &err);
	restore_stdout(kept);
	assert_int_equal(ret, 0);
	assert_int_equal(c.lines, 0);
	assert_int_equal(c.dropped, lines);
}

static void dev_full(void **state)
{
	(void)state;
	for (int live = 0; live < 2; live++) {
		struct sink *s = open_sink("/dev/full", live);
		struct sink_counters c;

		put(s, 0, 100);
		put(s, 100, 100);
		assert_int_equal(sink_close(s, GRACE_MS, &c, &err), -ENOSPC);
		assert_non_null(strstr(err.text, "the disk is full"));
		assert_int_equal(c.lines, 0);
		assert_int_equal(c.dropped, 200);
	}
}

static void a_full_disk_from_files(void **state)
{
	const char *path = in_folder("disk/out");
	struct sink_counters c;
	struct sink *s;
	size_t len;
	char *text;

	(void)state;
	s = open_sink(path, false);
	for (unsigned i = 0; i < 10 && sink_state(s) == SINK_OK; i++)
		put(s, i * 20000, 20000);
	assert_int_equal(sink_close(s, WAIT_MS, &c, &err), -ENOSPC);
	text = read_file(path, &len);
	assert_int_equal(count_up(text, 0), c.lines); /* whole lines, and no half one at the end */
	assert_int_equal(len, c.bytes);
	assert_true(c.lines > 50000);
	free(text);
	unlink(path);
}

static void a_full_disk_live(void **state)
{
	const char *path = in_folder("disk/out"), *ballast = in_folder("disk/ballast");
	struct sink_counters c;
	unsigned lines = 0;
	struct sink *s;
	size_t len;
	char *text;
	int fd;

	(void)state;
	fd = open(ballast, O_CREAT | O_WRONLY, 0600);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(posix_fallocate(fd, 0, 900 << 10), 0);
	close(fd);
	s = open_sink(path, true);
	for (unsigned i = 0; i < 10; i++, lines += 5000)
		put(s, lines, 5000);
	nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL); /* full by now, in the middle of a line */
	sink_counters(s, &c);
	assert_true(c.lines < lines);
	unlink(ballast);
	assert_int_equal(sink_close(s, WAIT_MS, &c, &err), -ENOSPC); /* it says that there was a time without room */
	text = read_file(path, &len);
	assert_int_equal(count_up(text, 0), lines);
	assert_int_equal(c.lines, lines);
	assert_int_equal(c.dropped, 0);
	free(text);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(file_in_order),
		cmocka_unit_test(null_counts),
		cmocka_unit_test(nothing_put_nothing_written),
		cmocka_unit_test(opening_errors),
		cmocka_unit_test(repairs),
		cmocka_unit_test(reopened_after_a_rename),
		cmocka_unit_test(a_stuck_reader_live),
		cmocka_unit_test(a_slow_reader_from_files),
		cmocka_unit_test(a_reader_that_leaves),
		cmocka_unit_test(dev_full),
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
