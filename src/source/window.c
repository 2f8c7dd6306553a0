/* SPDX-License-Identifier: Apache-2.0 */
#include "source/window.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	STEP_MAX = 256 << 10, /* bytes read at a time: half of a small second-level cache */
	STEP_MIN = 16 << 10,
	STEPS_MAX = 8 << 20, /* of all captures that are open at the same time */
	ALIGN = 4096,        /* what is read begins here: the kernel copies faster to such a place */
	MEMORY = WINDOW_MAX + STEP_MAX + ALIGN,
	FOLLOW_MS = 50, /* between two looks at a file that may have grown */
};

static int open_fd(const char *path, struct err *err)
{
	/* Without waiting: a FIFO that nobody writes to yet is waited for where a signal ends it. */
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY) : dup(STDIN_FILENO);

	if (fd >= 0)
		return fd;
	return err_set(err, errno, "%s: cannot open: %s%s", path, strerror(errno),
		       errno == EACCES ? " (this user may not read it)" : "");
}

/* What kind of file it is, and so what can be done with it. */
static int look_at(struct window *w, bool standard_input, struct err *err)
{
	struct stat st;
	off_t at;

	if (fstat(w->fd, &st))
		return err_set(err, errno, "%s: %s", w->name, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return err_set(err, EISDIR, "%s: is a directory without a file in it", w->name);
	if (standard_input && isatty(w->fd))
		return err_set(err, EINVAL,
			       "standard input is a terminal: pipe a capture into it, as in `tcpdump -U -w - | tapline -r -`");
	if (!S_ISREG(st.st_mode)) {
		w->follow = false;
		return 0;
	}
	w->file_size = (uint64_t)st.st_size;
	at = lseek(w->fd, 0, SEEK_CUR);
	w->from = at > 0 ? (uint64_t)at : 0;
	digest_free(w->digest); /* its own bytes can be read again */
	w->digest = NULL;
	posix_fadvise(w->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return 0;
}

static int take_memory(struct window *w, unsigned captures, struct err *err)
{
	void *memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return err_set(err, ENOMEM, "%s: no memory for a buffer of %d bytes", w->name, WINDOW_MAX);
	w->memory = memory;
	w->p = w->end = w->base = memory;
	w->step = captures > STEPS_MAX / STEP_MAX ? STEPS_MAX / captures : STEP_MAX;
	if (w->step < STEP_MIN)
		w->step = STEP_MIN;
	return 0;
}

int window_open(struct window *w, const struct source_args *args, struct err *err)
{
	bool standard_input = !strcmp(args->arg, "-");
	int ret;

	*w = (struct window){.fd = open_fd(args->arg, err), .follow = args->follow};
	if (w->fd < 0)
		return w->fd;
	w->name = strdup(standard_input ? "standard input" : args->arg);
	w->path = strdup(args->arg);
	w->digest = args->hash ? digest_new() : NULL;
	if (!w->name || !w->path || (args->hash && !w->digest))
		ret = err_set(err, ENOMEM, "%s: no memory", args->arg);
	else
		ret = look_at(w, standard_input, err);
	if (!ret)
		ret = take_memory(w, args->captures, err);
	if (ret)
		window_close(w);
	return ret;
}

void window_close(struct window *w)
{
	if (!w->name && !w->memory)
		return;
	ahead_stop(w);
	unpack_free(w->unpack);
	if (w->memory)
		munmap(w->memory, MEMORY);
	close(w->fd);
	digest_free(w->digest);
	free(w->name);
	free(w->path);
	*w = (struct window){.fd = -1};
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

void window_note_end(struct window *w)
{
	struct stat st;

	if (w->from + w->taken < w->file_size && fstat(w->fd, &st) == 0) {
		w->file_size = (uint64_t)st.st_size;
		w->shrunk = true;
	}
}

ssize_t window_read(struct window *w, void *out, size_t room, int timeout_ms, struct err *err)
{
	ssize_t got;

	if (poll(&(struct pollfd){.fd = w->fd, .events = POLLIN}, 1, timeout_ms) <= 0)
		return -EAGAIN; /* nothing yet, or a signal */
	got = read(w->fd, out, room);
	if (got == 0 && w->follow)
		return at_growing_end(w, out, room, timeout_ms, err);
	if (got == 0)
		window_note_end(w);
	if (got > 0 && w->digest)
		digest_add(w->digest, out, (size_t)got);
	if (got >= 0) {
		w->taken += (uint64_t)got;
		return got;
	}
	if (errno == EINTR || errno == EAGAIN)
		return -EAGAIN;
	return err_set(err, errno, "%s: cannot read after offset %llu: %s", w->name, (unsigned long long)w->taken,
		       strerror(errno));
}

/* Makes room behind what is left, so that what comes next begins where it is best read to. */
static void move_to_front(struct window *w)
{
	size_t left = window_left(w), before = -left % ALIGN;

	w->base_offset = window_offset(w);
	memmove(w->memory + before, w->p, left);
	w->p = w->base = w->memory + before;
	w->end = w->p + left;
}

ssize_t window_read_on(struct window *w, void *out, size_t room, int timeout_ms, struct err *err)
{
	if (w->ahead)
		return ahead_read(w, out, room, timeout_ms, err);
	return w->unpack ? unpack_read(w, out, room, timeout_ms, err) : window_read(w, out, room, timeout_ms, err);
}

enum window_status window_more(struct window *w, size_t n, int timeout_ms, struct err *err)
{
	if (w->shared)
		return w->at_end ? WINDOW_END : WINDOW_WAIT;
	if (w->p != w->base)
		move_to_front(w);
	while (window_left(w) < n) {
		uint8_t *at = w->memory + (w->end - w->memory);
		size_t room = n - window_left(w);
		ssize_t got;

		if (w->at_end)
			return WINDOW_END;
		/* No more than is needed beyond a fixed step: what is never touched is never resident. */
		if (room < w->step)
			room = w->step;
		got = window_read_on(w, at, room, timeout_ms, err);
		if (got == -EAGAIN)
			return WINDOW_WAIT;
		if (got < 0)
			return WINDOW_FAILED;
		w->at_end = got == 0;
		w->end += got;
	}
	return WINDOW_OK;
}

void window_progress(const struct window *w, uint64_t *done, uint64_t *total)
{
	struct stat st;
	off_t at;

	*done = *total = 0;
	if (fstat(w->fd, &st) || !S_ISREG(st.st_mode))
		return;
	at = w->apart ? (off_t)(w->from + w->taken) : lseek(w->fd, 0, SEEK_CUR);
	*done = at > 0 ? (uint64_t)at : 0;
	*total = (uint64_t)st.st_size;
}

bool window_digest(struct window *w, char hex[DIGEST_HEX])
{
	ahead_stop(w);
	return w->digest ? digest_hex(w->digest, hex) : digest_of_file(w->fd, hex);
}
