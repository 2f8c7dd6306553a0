/* SPDX-License-Identifier: Apache-2.0 */
/* A file that lines are appended to, or a FIFO or device of that name. */
#include "sink/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	MODE = 0640,
	TAIL = 64 << 10, /* how far back the start of a half line is looked for */
};

static const char *advice(int code)
{
	switch (code) {
	case ENOENT:
		return ": its directory does not exist; create it first";
	case EACCES:
	case EPERM:
		return ": choose a place that this user may write to, or run with sudo";
	case EISDIR:
		return ": name a file in it";
	case EINTR:
		return " while waiting for a reader to open it";
	default:
		return "";
	}
}

/*
 * The file's last line has no newline: a crash, or somebody else's file. Takes away what began as a record and did not end as
 * one, which is flat; else ends the line.
 */
static int repair(int fd, const char *path, off_t size, struct err *notice, struct err *err)
{
	static char tail[TAIL];
	off_t from = size > TAIL ? size - TAIL : 0;
	ssize_t n = pread(fd, tail, (size_t)(size - from), from);
	const char *line;
	size_t part;

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

/* Opens for appending: the descriptor, or -errno with *err filled. Reading is for the repair alone. */
static int open_path(const char *path, bool *regular, struct err *notice, struct err *err)
{
	struct stat st;
	bool exists = stat(path, &st) == 0;
	bool fifo_or_device = exists && !S_ISREG(st.st_mode);
	int fd = open(path, (fifo_or_device ? O_WRONLY : O_RDWR) | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, MODE);
	int ret = 0;

	if (fd < 0 && errno == EACCES && !fifo_or_device) /* we may write but not read: no repair then */
		fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, MODE);
	if (fd < 0)
		return err_set(err, errno, "%s: cannot open for writing: %s%s", path, strerror(errno), advice(errno));
	if (fstat(fd, &st))
		ret = err_set(err, errno, "%s: %s", path, strerror(errno));
	*regular = S_ISREG(st.st_mode);
	if (!ret && *regular && st.st_size > 0 && (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR)
		ret = repair(fd, path, st.st_size, notice, err);
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

static int file_close(struct sink_dest *d, struct err *err)
{
	int ret = 0;

	if (d->fd >= 0 && close(d->fd) && errno != EINTR)
		ret = err_set(err, errno, "%s: the last lines may be missing: %s", d->name, strerror(errno));
	free(d->name);
	free(d);
	return ret;
}

static struct sink_dest *file_open(const char *arg, struct err *notice, struct err *err)
{
	struct sink_dest *d = calloc(1, sizeof(*d));

	if (!d || !(d->name = strdup(arg))) {
		free(d);
		err_set(err, ENOMEM, "%s: no memory", arg);
		return NULL;
	}
	d->fd = *arg ? open_path(arg, &d->regular, notice, err)
		     : err_set(err, EINVAL, "file: needs a path, as in -o file:PATH");
	if (d->fd >= 0)
		return d;
	file_close(d, &(struct err){0});
	return NULL;
}

static int file_reopen(struct sink_dest *d, struct err *err)
{
	struct err notice;
	bool regular;
	int fd = open_path(d->name, &regular, &notice, err);
	int old = d->fd;

	if (fd < 0)
		return fd; /* the old one goes on: better there than nowhere */
	d->fd = fd;
	d->regular = regular;
	if (close(old) && errno != EINTR)
		return err_set(err, errno, "%s: the last lines before it was opened anew may be missing: %s", d->name,
			       strerror(errno));
	return 0;
}

static const struct sink_ops file_ops = {
	.name = "file",
	.arg = "PATH",
	.about = "appends to a file, as `-o PATH`; opened anew on SIGHUP",
	.open = file_open,
	.write = fd_write,
	.take_back = fd_take_back,
	.reopen = file_reopen,
	.close = file_close,
};
SINK_REGISTER(file_ops);
