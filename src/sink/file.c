/* SPDX-License-Identifier: Apache-2.0 */
/* A file that lines are appended to, or a FIFO or device of that name. */
#include "sink/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	TAIL = 64 << 10, /* how far back the start of a half line is looked for */
};

/*
 * The file's last line has no newline: a crash, or somebody else's file. Takes away what began as a record and did not end as
 * one, which is flat; else ends the line.
 */
static int repair(int fd, const char *path, off_t size, struct err *notice, struct err *err)
{
	static char tail[TAIL];
	off_t from = size > TAIL ? size - TAIL : 0;
	const char *line;
	size_t part;
	ssize_t n;

	if ((fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDWR)
		return 0; /* we may write but not read */
	n = pread(fd, tail, (size_t)(size - from), from);
	if (n <= 0 || n != size - from)
		return err_set(err, n < 0 ? errno : EIO, "%s: cannot read its end to look for a half line: %s", path,
			       strerror(n < 0 ? errno : EIO));
	if (tail[n - 1] == '\n')
		return 0;
	line = memrchr(tail, '\n', (size_t)n);
	line = line ? line + 1 : tail;
	part = (size_t)(tail + n - line);
	if (*line == '{' && tail[n - 1] != '}' && (line > tail || from == 0)) {
		if (ftruncate(fd, size - (off_t)part))
			return err_set(err, errno, "%s: cannot remove the half line at its end: %s", path, strerror(errno));
		err_set(notice, 0, "%s: removed half a line of %zu bytes that an earlier run had left at its end", path, part);
		return 0;
	}
	if (write(fd, "\n", 1) != 1)
		return err_set(err, errno, "%s: cannot end the line at its end: %s", path, strerror(errno));
	err_set(notice, 0, "%s: its last line had no newline, which was added", path);
	return 0;
}

static int file_close(struct sink_dest *d, struct err *err)
{
	int ret = fd_close(d, err);

	free(d);
	return ret;
}

static struct sink_dest *file_open(const char *arg, struct err *notice, struct err *err)
{
	struct sink_dest *d = calloc(1, sizeof(*d));

	if (!d) {
		err_set(err, ENOMEM, "%s: no memory", arg);
		return NULL;
	}
	if (!fd_open(d, arg, repair, notice, err))
		return d;
	file_close(d, &(struct err){0});
	return NULL;
}

static const struct sink_ops file_ops = {
	.name = "file",
	.arg = "PATH",
	.about = "appends to a file, as `-o PATH`; opened anew on SIGHUP",
	.open = file_open,
	.write = fd_write,
	.take_back = fd_take_back,
	.reopen = fd_reopen,
	.close = file_close,
};
SINK_REGISTER(file_ops);
