/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's limits, for the bench to stand beside them: how long moving bytes takes when nothing is made of them.
 *
 *   wall read FILE           read() of 256 KiB until its end
 *   wall copy FILE TO        the same, and write() to a file, which begins empty
 *   wall write BYTES TO      write() of 256 KiB out of the cache
 *   wall memcpy              from one place to another, both larger than the caches; prints bytes per second
 *   wall drain               reads standard input, a pipe, to its end, 1 MiB at most in it at a time
 *   wall spawn N COMMAND ... from fork to exit, N times one after the other; prints the median and the longest, in milliseconds
 *   wall pipe FILE           read() and write() into a pipe that such a reader drains
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	STEP = 256 << 10,
	PIPE = 1 << 20,
	LARGE = 256 << 20, /* beyond all caches */
	COPIES = 4,
};

static char buffer[STEP];

static int failed(const char *what)
{
	fprintf(stderr, "wall: %s: %s\n", what, strerror(errno));
	return 1;
}

/* From in to out (-1: nowhere) until its end. */
static int move(int in, int out)
{
	ssize_t n;

	while ((n = read(in, buffer, sizeof(buffer))) > 0)
		for (ssize_t done = 0, put; out >= 0 && done < n; done += put)
			if ((put = write(out, buffer + done, (size_t)(n - done))) < 0)
				return failed("write");
	return n < 0 ? failed("read") : 0;
}

static int drain(void)
{
	if (fcntl(STDIN_FILENO, F_SETPIPE_SZ, PIPE) < 0)
		return failed("standard input is no pipe that can be made larger");
	return move(STDIN_FILENO, -1);
}

static int through_pipe(int in)
{
	int ends[2], status, ret;
	pid_t reader;

	if (pipe(ends))
		return failed("pipe");
	reader = fork();
	if (reader < 0)
		return failed("fork");
	if (reader == 0) {
		close(ends[1]);
		dup2(ends[0], STDIN_FILENO);
		_exit(drain());
	}
	close(ends[0]);
	ret = move(in, ends[1]);
	close(ends[1]);
	waitpid(reader, &status, 0);
	return ret || status;
}

static int write_bytes(size_t bytes, int out)
{
	memset(buffer, 'x', sizeof(buffer));
	for (size_t done = 0; done < bytes; done += sizeof(buffer))
		if (write(out, buffer, sizeof(buffer)) != sizeof(buffer))
			return failed("write");
	return 0;
}

static double clock_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int copy_memory(void)
{
	char *from = malloc(LARGE), *to = malloc(LARGE);
	double start;

	if (!from || !to)
		return failed("malloc");
	memset(from, 1, LARGE);
	memset(to, 2, LARGE);
	start = clock_seconds();
	for (int i = 0; i < COPIES; i++) {
		memcpy(to, from, LARGE);
		from[i] ^= to[LARGE - 1 - i]; /* so that it has to be done */
	}
	printf("%.0f\n", (double)LARGE * COPIES / (clock_seconds() - start));
	free(from);
	free(to);
	return 0;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static int spawn(int n, char **command)
{
	double *ms = calloc((size_t)n, sizeof(*ms));

	if (n < 1 || !ms || !*command)
		return failed("spawn");
	for (int i = 0; i < n; i++) {
		double start = clock_seconds();
		pid_t child = fork();
		int status;

		if (child == 0) {
			execv(*command, command);
			_exit(127);
		}
		if (child < 0 || waitpid(child, &status, 0) < 0 || status)
			return failed(*command);
		ms[i] = 1e3 * (clock_seconds() - start);
	}
	qsort(ms, (size_t)n, sizeof(*ms), ascending);
	printf("%.3f %.3f\n", ms[n / 2], ms[n - 1]);
	free(ms);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "", *first = argc > 2 ? argv[2] : "", *second = argc > 3 ? argv[3] : "";
	bool file = !strcmp(what, "read") || !strcmp(what, "copy") || !strcmp(what, "pipe");
	int in = file ? open(first, O_RDONLY) : -1;
	int out = *second && strcmp(what, "spawn") ? open(second, O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;

	if (!strcmp(what, "spawn") && argc > 3)
		return spawn(atoi(first), argv + 3);
	if ((file && in < 0) || (*second && out < 0))
		return failed(in < 0 && file ? first : second);
	if (!strcmp(what, "read"))
		return move(in, -1);
	if (!strcmp(what, "copy") && out >= 0)
		return move(in, out);
	if (!strcmp(what, "write") && out >= 0)
		return write_bytes(strtoull(first, NULL, 10), out);
	if (!strcmp(what, "memcpy"))
		return copy_memory();
	if (!strcmp(what, "drain"))
		return drain();
	if (!strcmp(what, "pipe"))
		return through_pipe(in);
	fputs("usage: wall read FILE | copy FILE TO | write BYTES TO | memcpy | drain | spawn N COMMAND ... | pipe FILE\n",
	      stderr);
	return 1;
}
