/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window.h - the bytes of a capture file, contiguous from the current position on; private to source.
 *
 * They are read into one buffer, which stays in the processor's cache: that is faster than a map, whose pages have to be mapped
 * one by one and whose bytes come from memory as they are looked at. The bytes in [p, end) may be lent out; only window_need()
 * may move them, so it is called when none are lent.
 */
#ifndef SOURCE_WINDOW_H
#define SOURCE_WINDOW_H

#include "base/err.h"
#include "source/digest.h"
#include "source/source.h"

#include <stdatomic.h>
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
	uint8_t *memory;       /* the buffer: WINDOW_MAX bytes and more, of which only what was needed so far is resident */
	size_t step;           /* bytes read at a time */
	uint64_t from;         /* where in a regular file reading began */
	uint64_t file_size;    /* of a regular file: when it was opened, or what is left of it */
	bool shrunk;           /* it is shorter than it was */
	bool at_end;           /* read() said so */
	uint64_t taken;        /* bytes read of the file as it lies on disk */
	struct unpack *unpack; /* what unpacks it, or NULL */
	struct ahead
		*ahead; /* does that on a thread of its own, to which all of the above then belongs but p to at_end; or NULL */
	bool follow;    /* it grows: its end is not the end */
	char *path;     /* with follow: to see whether another file has taken its place */
	bool replaced;  /* and it has */
	bool shared;    /* by several workers: p to end are in a chunk of one of them */
	bool apart;     /* and all of them read, each its own chunk */
	uint64_t chunks_from;  /* where in the file the first chunk begins */
	atomic_ullong chunks;  /* given out so far */
	struct digest *digest; /* of all that was read, where it cannot be read again; or NULL */
};

/* Opens args->arg, "-" for standard input. 0 or -errno with *err filled; nothing stays open then. */
int window_open(struct window *w, const struct source_args *args, struct err *err);
void window_close(struct window *w); /* accepts one that is not open */

/* The position's offset in the file. */
static inline uint64_t window_offset(const struct window *w)
{
	return w->base_offset + (uint64_t)(w->p - w->base);
}

/* Bytes of the file as it lies on disk: how far reading has come, and in all; 0 where that is not known. */
void window_progress(const struct window *w, uint64_t *done, uint64_t *total);

/* SHA-256 of the file as it lies on disk, in hexadecimal; of a pipe, of what was read. Nothing more is read then. */
bool window_digest(struct window *w, char hex[DIGEST_HEX]);

static inline size_t window_left(const struct window *w)
{
	return (size_t)(w->end - w->p);
}

enum window_status window_more(struct window *w, size_t n, int timeout_ms, struct err *err); /* window_need()'s slow half */

/* Sees that n bytes, at most WINDOW_MAX, are at p. Waits at most timeout_ms; negative: as long as it takes, but for signals. */
static inline enum window_status window_need(struct window *w, size_t n, int timeout_ms, struct err *err)
{
	return window_left(w) >= n ? WINDOW_OK : window_more(w, n, timeout_ms, err);
}

/* What comes next, whoever reads it: like window_read(). */
ssize_t window_read_on(struct window *w, void *out, size_t room, int timeout_ms, struct err *err);

/* Nothing more comes: notes if there were more bytes when the file was opened. */
void window_note_end(struct window *w);

/*
 * For several workers. From window_share() on window_need() finds what is in the chunk alone. window_read_chunk() may be called
 * by all at the same time; window_take_chunk() and window_give_chunk() by one, for one chunk after the other: the window then
 * has what was left of the last chunk, and this one. WINDOW_WAIT: not enough yet for the wanted bytes; the chunk is not needed.
 */
void window_share(struct window *w);
void window_read_chunk(struct window *w, struct chunk *c);
enum window_status window_take_chunk(struct window *w, struct chunk *c, size_t wanted, int timeout_ms, struct err *err);
void window_give_chunk(struct window *w);

/*
 * At least four bytes are at p, and p is at the start: if they begin a compressed file (gzip, zstd, lz4, told by content), the
 * window gives what is in it from then on. 0, also where nothing is compressed, or -errno with *err filled.
 */
int window_unpack(struct window *w, const struct source_args *args, struct err *err);

/*
 * Reads what comes next of the file as it is, at most room bytes, waiting at most timeout_ms (negative: until there is some, or
 * a signal). Bytes, 0 at the end, -EAGAIN if there are none yet, or -errno with *err filled.
 */
ssize_t window_read(struct window *w, void *out, size_t room, int timeout_ms, struct err *err);

/* The same of what is in it. */
ssize_t unpack_read(struct window *w, void *out, size_t room, int timeout_ms, struct err *err);
void unpack_free(struct unpack *u); /* accepts NULL */

/* The same from a thread that unpacks ahead. 0 or -errno with *err filled; from then on only ahead_read() reads. */
int ahead_start(struct window *w, struct err *err);
ssize_t ahead_read(struct window *w, void *out, size_t room, int timeout_ms, struct err *err);
void ahead_stop(struct window *w); /* what it read ahead is lost; accepts a window without one */

#endif
