/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	POLL_MS = 100
};

static const char *advice(int code)
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
	return err_set(err, errno, "%s: cannot write: %s%s", d->name, strerror(errno), advice(errno));
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
