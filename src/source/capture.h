/* SPDX-License-Identifier: Apache-2.0 */
/* capture.h - a capture file being read: its bytes, and the format that makes frames of them; private to source. */
#ifndef SOURCE_CAPTURE_H
#define SOURCE_CAPTURE_H

#include "batch.h"
#include "source/origin.h"
#include "source/source.h"
#include "source/window.h"

enum {
	CAPLEN_MAX = 262144, /* the largest packet that writers of captures use; more is a broken file */
	INTERFACES_MAX = 65536,
};

/* How a format's fill ended; the window's p stands behind the last frame. */
enum capture_status {
	CAPTURE_FULL,  /* the batch is full; or it is not, and others may have a word before it goes on */
	CAPTURE_MORE,  /* needs capture.wanted bytes at p to go on */
	CAPTURE_BROKEN /* *err says where and why */
};

/* One interface of a pcapng section; a classic capture has one. */
struct capture_interface {
	uint16_t link;
	uint8_t fcs;           /* bytes */
	bool binary;           /* units are 2^-exponent seconds, else 10^-exponent */
	uint8_t exponent;      /* of the units of a timestamp */
	uint32_t multiply;     /* ns per unit where that is a whole number, else 0 */
	uint32_t snaplen;      /* 0: none */
	int64_t offset;        /* seconds to add */
	uint64_t simple_max;   /* timestamps below this are units times multiply, and that is all */
	uint64_t lost;         /* packets of it that are in capture.lost */
	bool named;            /* its frames come from origin; else from the capture's own */
	struct origin *origin; /* memory for a name, or NULL */
};

struct capture {
	const struct source_args *args; /* while it is being opened */
	struct window window;
	struct origin origin; /* of frames whose interface has no name */
	const struct capture_format *format;
	uint64_t packets; /* so far: the number of the last frame */
	uint64_t lost;    /* packets that the capturing program says it lost */
	size_t wanted;    /* bytes, with CAPTURE_MORE */
	bool in_chunk;    /* the window is over a chunk that has more */
	bool lent;        /* frames given before are still in use: the names that they borrow have to stay */

	bool swapped;            /* not this machine's byte order (pcapng: this section) */
	bool modified;           /* classic: records have 24 bytes of header */
	uint32_t subsecond_ns;   /* classic: ns per unit of the second's fraction */
	uint32_t ninterfaces;    /* in use */
	uint32_t max_interfaces; /* there is memory for */
	struct capture_interface *interfaces;
};

struct capture_format {
	const char *name;

	/* The first bytes are this format's: reads the file's header. 0 or -errno with *err filled. */
	int (*open)(struct capture *c, struct err *err);

	/* Frames from p on into the batch, behind those that are there. *err with CAPTURE_BROKEN. */
	enum capture_status (*fill)(struct capture *c, struct batch *b, struct err *err);
};

extern const struct capture_format capture_classic, capture_pcapng;

/* Whether the first four bytes of a file are this format's. */
bool capture_is_classic(uint32_t magic);
bool capture_is_pcapng(uint32_t magic);

/* Waits for n bytes while a file's header is read. 0, or -errno with *err: too short, a signal, a read error. */
int capture_need(struct capture *c, size_t n, struct err *err);

/* Fills *err with a fault at p: "NAME: WHAT at offset N, after M packets". Returns CAPTURE_BROKEN. */
enum capture_status capture_broken(struct capture *c, struct err *err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* A wire length as it goes into a frame: at most 2^31-1. */
static inline uint32_t capture_wirelen(uint32_t wirelen)
{
	return wirelen > INT32_MAX ? INT32_MAX : wirelen;
}

#endif
