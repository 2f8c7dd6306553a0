/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	MODE = 0640,
	POLL_MS = 100,
};

static const char *open_advice(int code)
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

static const char *write_advice(int code)
{
	switch (code) {
	case ENOSPC:
	case EDQUOT:
		return ": the disk is full; make room, or choose another file with -o";
	case EFBIG:
		return ": the file has reached the size limit (ulimit -f, or the file system's)";
	case EIO:
		return ": the disk or the reader failed";
	default:
		return "";
	}
}

ssize_t fd_write(struct sink_dest *d, const char *text, size_t len, struct err *err)
{
	ssize_t n = write(d->fd, text, len);

	if (n >= 0)
		return n;
	if (errno == EAGAIN) {
		/* Somebody made a descriptor that we share non-blocking. */
		poll(&(struct pollfd){.fd = d->fd, .events = POLLOUT}, 1, POLL_MS);
		return -EAGAIN;
	}
	return err_set(err, errno, "%s: cannot write: %s%s", d->name, strerror(errno), write_advice(errno));
}

bool fd_take_back(struct sink_dest *d, size_t part)
{
	off_t end = lseek(d->fd, 0, SEEK_CUR);
	struct stat st;

	/* Only if nobody else has written behind us. */
	if (!d->regular || end < (off_t)part || fstat(d->fd, &st) || st.st_size != end)
		return false;
	if (ftruncate(d->fd, end - (off_t)part))
		return false;
	return lseek(d->fd, end - (off_t)part, SEEK_SET) >= 0;
}

/* Opens d->name for appending. Reading is for the repair alone. */
static int open_path(struct sink_dest *d, struct err *notice, struct err *err)
{
	struct stat st;
	bool exists = stat(d->name, &st) == 0;
	bool fifo_or_device = exists && !S_ISREG(st.st_mode);
	int fd = open(d->name, (fifo_or_device ? O_WRONLY : O_RDWR) | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, MODE);
	int ret = 0;

	if (fd < 0 && errno == EACCES && !fifo_or_device) /* we may write but not read */
		fd = open(d->name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, MODE);
	if (fd < 0)
		return err_set(err, errno, "%s: cannot open for writing: %s%s", d->name, strerror(errno), open_advice(errno));
	if (fstat(fd, &st))
		ret = err_set(err, errno, "%s: %s", d->name, strerror(errno));
	else if (S_ISREG(st.st_mode) && st.st_size > 0)
		ret = d->repair(fd, d->name, st.st_size, notice, err);
	if (ret) {
		close(fd);
		return ret;
	}
	d->fd = fd;
	d->regular = S_ISREG(st.st_mode);
	return 0;
}

int fd_open(struct sink_dest *d, const char *path, fd_repair *repair, struct err *notice, struct err *err)
{
	d->fd = -1;
	d->repair = repair;
	if (!*path)
		return err_set(err, EINVAL, "an empty name: -o needs a path, as in -o file:PATH");
	d->name = strdup(path);
	if (!d->name)
		return err_set(err, ENOMEM, "%s: no memory", path);
	return open_path(d, notice, err);
}

int fd_reopen(struct sink_dest *d, struct err *err)
{
	struct err notice;
	int old = d->fd;
	int ret = open_path(d, &notice, err);

	if (ret)
		return ret; /* the old one goes on: better there than nowhere */
	if (close(old) && errno != EINTR)
		return err_set(err, errno, "%s: the last lines before it was opened anew may be missing: %s", d->name,
			       strerror(errno));
	return 0;
}

int fd_close(struct sink_dest *d, struct err *err)
{
	int ret = 0;

	if (d->fd >= 0 && close(d->fd) && errno != EINTR)
		ret = err_set(err, errno, "%s: the last lines may be missing: %s", d->name, strerror(errno));
	free(d->name);
	return ret;
}
