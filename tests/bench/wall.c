/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's limits, for the bench to stand beside them: how long moving bytes takes when nothing is made of them.
 *
 *   wall read FILE           read() of 256 KiB until its end
 *   wall gunzip FILE         zlib's inflate() of a gzip file, its bytes thrown away
 *   wall copy FILE TO        the same, and write() to a file, which begins empty
 *   wall write FILE TO       write() of 256 KiB out of the cache, as many bytes as FILE has
 *   wall memcpy FILE         as many bytes as FILE has from one place to another, both larger than the caches
 *   wall drain               reads standard input, a pipe, to its end, 1 MiB at most in it at a time
 *   wall pipe FILE           read() and write() into a pipe that such a reader drains
 *   wall spawn N COMMAND ... from fork to exit, N times one after the other; prints the median and the longest, in milliseconds
 *
 * Those with a FILE print the seconds that it took, without making ready, and the bytes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

enum {
	STEP = 256 << 10,
	PIPE = 1 << 20,
	LARGE = 256 << 20, /* beyond all caches */
};

static char buffer[STEP];
static size_t moved; /* bytes */
static double start; /* of the moving, seconds */

static double clock_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int failed(const char *what)
{
	fprintf(stderr, "wall: %s: %s\n", what, strerror(errno));
	return 1;
}

/* Its bytes count as read and written here, so that the compiler leaves none of the work before out. */
static void touch(char *bytes)
{
	__asm__ volatile("" : : "r"(bytes) : "memory");
}

/* From in to out (-1: nowhere) until its end. */
static int move(int in, int out)
{
	ssize_t n;

	while ((n = read(in, buffer, sizeof(buffer))) > 0) {
		for (ssize_t done = 0, put; out >= 0 && done < n; done += put)
			if ((put = write(out, buffer + done, (size_t)(n - done))) < 0)
				return failed("write");
		moved += (size_t)n;
	}
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
	for (ssize_t put; moved < bytes; moved += (size_t)put) {
		size_t n = bytes - moved < sizeof(buffer) ? bytes - moved : sizeof(buffer);

		if ((put = write(out, buffer, n)) < 0)
			return failed("write");
	}
	return 0;
}

static int copy_memory(size_t bytes)
{
	char *from = malloc(LARGE), *to = malloc(LARGE); /* the end of the program frees them, which takes long */

	if (!from || !to)
		return failed("malloc");
	memset(from, 1, LARGE);
	memset(to, 2, LARGE);
	touch(from);
	touch(to);
	start = clock_seconds();
	for (size_t n; moved < bytes; moved += n) {
		n = bytes - moved < LARGE ? bytes - moved : LARGE;
		memcpy(to, from, n);
		touch(to);
	}
	return 0;
}

static int gunzip(int in)
{
	static char out[STEP];
	z_stream z = {0};
	ssize_t n;
	int ret = inflateInit2(&z, 15 + 16); /* the largest window, gzip's header */

	while (ret == Z_OK && (n = read(in, buffer, sizeof(buffer))) > 0) {
		z.next_in = (Bytef *)buffer;
		z.avail_in = (unsigned)n;
		while (ret == Z_OK && z.avail_in) {
			z.next_out = (Bytef *)out;
			z.avail_out = sizeof(out);
			ret = inflate(&z, Z_NO_FLUSH);
			moved += sizeof(out) - z.avail_out;
		}
	}
	inflateEnd(&z);
	return ret == Z_STREAM_END ? 0 : failed("inflate");
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
		pid_t child;
		int status;

		start = clock_seconds();
		child = fork();

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

static int work(const char *what, int in, int out, size_t bytes)
{
	if (!strcmp(what, "read"))
		return move(in, -1);
	if (!strcmp(what, "copy"))
		return move(in, out);
	if (!strcmp(what, "write"))
		return write_bytes(bytes, out);
	if (!strcmp(what, "memcpy"))
		return copy_memory(bytes);
	if (!strcmp(what, "gunzip"))
		return gunzip(in);
	return through_pipe(in);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	bool one = !strcmp(what, "read") || !strcmp(what, "memcpy") || !strcmp(what, "pipe") || !strcmp(what, "gunzip");
	bool two = !strcmp(what, "copy") || !strcmp(what, "write");
	int in = -1, out = -1, ret;
	struct stat st;

	if (!strcmp(what, "spawn") && argc > 3)
		return spawn(atoi(argv[2]), argv + 3);
	if (!strcmp(what, "drain") && argc == 2)
		return drain();
	if (argc != (two ? 4 : 3) || !(one || two)) {
		fputs("usage: wall read|memcpy|pipe|gunzip FILE | copy|write FILE TO | drain | spawn N COMMAND ...\n", stderr);
		return 1;
	}
	if ((in = open(argv[2], O_RDONLY)) < 0 || fstat(in, &st))
		return failed(argv[2]);
	if (two && (out = open(argv[3], O_WRONLY | O_CREAT | O_TRUNC, 0600)) < 0)
		return failed(argv[3]);
	start = clock_seconds();
	ret = work(what, in, out, (size_t)st.st_size);
	if (!ret)
		printf("%.6f %zu\n", clock_seconds() - start, moved);
	return ret;
}
