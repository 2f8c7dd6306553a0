/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window.h - the bytes of a capture file, contiguous from the current position on; private to source.
 *
 * Two suppliers: a regular file is mapped; anything else (pipe, FIFO, device) is read as a stream into one buffer, and so is
 * what has to be unpacked. The bytes in [p, end) may be lent out; only window_need() may move them, so it is called when none
 * are lent.
 */
#ifndef SOURCE_WINDOW_H
#define SOURCE_WINDOW_H

#include "base/err.h"
#include "source/digest.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	WINDOW_MAX = 17 << 20, /* bytes that can be asked for at a time: a pcapng block of 16 MiB and more */
};

enum window_status {
	WINDOW_OK,    /* they are there */
	WINDOW_WAIT,  /* not within the time given */
	WINDOW_END,   /* fewer are left, and no more will come */
	WINDOW_FAILED /* reading failed: *err */
};

struct window {
	const uint8_t *p;     /* the current position, moved by the reader */
	const uint8_t *end;   /* of what is there */
	const uint8_t *base;  /* where p stood when offset was right */
	uint64_t base_offset; /* of base in the file */
	char *name;           /* for messages */
	int fd;
	const struct window_ops *ops;
	void *memory;          /* the map or the buffer */
	size_t size;           /* of memory */
	uint64_t file_size;    /* map: when it was mapped, or what is left of it */
	bool shrunk;           /* map: the file is shorter than it was */
	bool at_end;           /* stream: read() said so */
	struct unpack *unpack; /* stream: what unpacks it, or NULL */
	struct guarded *guard; /* map: what the fault handler knows of it */
	bool follow;           /* stream of a file that grows: its end is not the end */
	char *path;            /* with follow: to see whether another file has taken its place */
	bool replaced;         /* and it has */
	struct digest *digest; /* stream that is no regular file: of all that was read, or NULL */
};

struct window_ops {
	enum window_status (*need)(struct window *w, size_t n, int timeout_ms, struct err *err);
	bool (*intact)(struct window *w);
	void (*close)(struct window *w);
};

/*
 * Opens path, "-" for standard input: maps or reads, as the file is. follow: it may grow, so that it is read. hash: its digest
 * will be asked for. 0 or -errno with *err filled; nothing stays open then.
 */
int window_open(struct window *w, const char *path, bool follow, bool hash, struct err *err);
void window_close(struct window *w); /* accepts one that is not open */

/* The position's offset in the file. */
static inline uint64_t window_offset(const struct window *w)
{
	return w->base_offset + (uint64_t)(w->p - w->base);
}

/* Bytes of the file as it lies on disk: how far reading has come, and in all; 0 where that is not known. */
void window_progress(const struct window *w, uint64_t *done, uint64_t *total);

/* SHA-256 of the file as it lies on disk, in hexadecimal; of a pipe, of what was read. */
bool window_digest(const struct window *w, char hex[DIGEST_HEX]);

static inline size_t window_left(const struct window *w)
{
	return (size_t)(w->end - w->p);
}

/* Sees that n bytes, at most WINDOW_MAX, are at p. Waits at most timeout_ms; negative: as long as it takes, but for signals. */
static inline enum window_status window_need(struct window *w, size_t n, int timeout_ms, struct err *err)
{
	return window_left(w) >= n ? WINDOW_OK : w->ops->need(w, n, timeout_ms, err);
}

/* False if bytes before p were not the file's when they were read, since it shrank; end is then where it ends now. */
static inline bool window_intact(struct window *w)
{
	return !w->ops->intact || w->ops->intact(w);
}

/* The suppliers, for window_open(): 0 or -errno with *err filled. */
int window_map(struct window *w, uint64_t size, struct err *err);
int window_stream(struct window *w, struct err *err);

/*
 * At least four bytes are at p, and p is at the start: if they begin a compressed file (gzip, zstd, lz4, told by content), the
 * window gives what is in it from then on. 0, also where nothing is compressed, or -errno with *err filled.
 */
int window_unpack(struct window *w, struct err *err);

/*
 * Reads what comes next of the file as it is, at most room bytes, waiting at most timeout_ms (negative: until there is some, or
 * a signal). Bytes, 0 at the end, -EAGAIN if there are none yet, or -errno with *err filled.
 */
ssize_t window_read(struct window *w, void *out, size_t room, int timeout_ms, struct err *err);

/* The same of what is in it. */
ssize_t unpack_read(struct window *w, void *out, size_t room, int timeout_ms, struct err *err);
void unpack_free(struct unpack *u); /* accepts NULL */

#endif
