/* SPDX-License-Identifier: Apache-2.0 */
/* What cannot be mapped: read into one buffer, the unread rest moved to its front before more is read. */
#include "source/window.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	READ_BYTES = 256 << 10,
	FOLLOW_MS = 50, /* between two looks at a file that may have grown */
};

static void move_to_front(struct window *w)
{
	size_t left = window_left(w);

	w->base_offset = window_offset(w);
	memmove(w->memory, w->p, left);
	w->p = w->base = w->memory;
	w->end = w->p + left;
}

/* A followed file has no more for now. Waits a little; -EAGAIN, 0 if another file stands in its place, or -errno with *err. */
static ssize_t at_growing_end(struct window *w, void *out, size_t room, int timeout_ms, struct err *err)
{
	off_t at = lseek(w->fd, 0, SEEK_CUR);
	struct stat ours = {0}, there;
	ssize_t got;

	if (fstat(w->fd, &ours) == 0 && ours.st_size < at)
		return err_set(err, EBADMSG, "%s: was cut to %lld bytes while it was followed, after %lld were read", w->name,
			       (long long)ours.st_size, (long long)at);
	w->replaced = stat(w->path, &there) == 0 && (there.st_ino != ours.st_ino || there.st_dev != ours.st_dev);
	if (w->replaced) { /* what was written since we looked, and before it was moved away, is still there */
		got = read(w->fd, out, room);
		return got < 0 ? err_set(err, errno, "%s: cannot read its end: %s", w->name, strerror(errno)) : got;
	}
	poll(NULL, 0, timeout_ms < 0 || timeout_ms > FOLLOW_MS ? FOLLOW_MS : timeout_ms);
	return -EAGAIN;
}

ssize_t window_read(struct window *w, void *out, size_t room, int timeout_ms, struct err *err)
{
	ssize_t got;

	if (poll(&(struct pollfd){.fd = w->fd, .events = POLLIN}, 1, timeout_ms) <= 0)
		return -EAGAIN; /* nothing yet, or a signal */
	got = read(w->fd, out, room);
	if (got == 0 && w->follow)
		return at_growing_end(w, out, room, timeout_ms, err);
	if (got > 0 && w->digest)
		digest_add(w->digest, out, (size_t)got);
	if (got >= 0)
		return got;
	if (errno == EINTR || errno == EAGAIN)
		return -EAGAIN;
	return err_set(err, errno, "%s: cannot read after offset %llu: %s", w->name, (unsigned long long)window_offset(w),
		       strerror(errno));
}

static enum window_status stream_need(struct window *w, size_t n, int timeout_ms, struct err *err)
{
	if (w->p != w->memory)
		move_to_front(w);
	while (window_left(w) < n) {
		size_t have = window_left(w), room = w->size - have;
		uint8_t *at = (uint8_t *)w->memory + have;
		ssize_t got;

		if (w->at_end)
			return WINDOW_END;
		/* No more than is needed beyond a fixed step: what is never touched is never resident. */
		if (room > READ_BYTES && n - have < READ_BYTES)
			room = READ_BYTES;
		got = w->unpack ? unpack_read(w, at, room, timeout_ms, err) : window_read(w, at, room, timeout_ms, err);
		if (got == -EAGAIN)
			return WINDOW_WAIT;
		if (got < 0)
			return WINDOW_FAILED;
		w->at_end = got == 0;
		w->end += got;
	}
	return WINDOW_OK;
}

static void stream_close(struct window *w)
{
	unpack_free(w->unpack);
	munmap(w->memory, w->size);
}

static const struct window_ops stream_ops = {
	.need = stream_need,
	.close = stream_close,
};

int window_stream(struct window *w, struct err *err)
{
	void *memory = mmap(NULL, WINDOW_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return err_set(err, ENOMEM, "%s: no memory for a buffer of %d bytes", w->name, WINDOW_MAX);
	w->memory = memory;
	w->size = WINDOW_MAX;
	w->p = w->end = w->base = memory;
	w->ops = &stream_ops;
	return 0;
}
