/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source.h - where packets come from: capture files, live interfaces, memory.
 *
 * A source fills a batch with frames that it lends until source_drop(). It owns its buffers, rings and descriptors, takes its
 * memory when it is opened, and is used by one worker only; source_stop() alone may be called from the same thread's signal
 * path, that is between two calls. A source is a file: it registers itself with SOURCE_REGISTER, so that it is there when it is
 * linked.
 */
#ifndef SOURCE_SOURCE_H
#define SOURCE_SOURCE_H

#include "base/err.h"
#include "batch.h"

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What fill() returns when it did not fill a frame in. */
enum source_status {
	SOURCE_FRAMES = 1,  /* batch->nframes is at least 1 */
	SOURCE_IDLE = 0,    /* none within the time given, or a signal came: call again */
	SOURCE_END = -1,    /* no more will come */
	SOURCE_BROKEN = -2, /* no more can come; *err says why, with the offset where it is a file */
	SOURCE_DAMAGED = -3 /* one of several inputs is broken, *err says why; the others go on: call again */
};

struct source_args {
	const char *arg;                  /* a path, an interface, whatever the source reads after its name; "" if none */
	uint32_t snaplen;                 /* capture at most so many bytes of a packet (live) */
	bool promiscuous;                 /* live */
	uint32_t ring_bytes;              /* live: memory for frames that wait for us; 0: the source's default */
	bool follow;                      /* the file grows: its end is not the end */
	bool hash;                        /* digest() will be called */
	unsigned captures;                /* so many are open at the same time, each with memory of its own */
	const struct sock_filter *filter; /* live: classic BPF to attach in the kernel, for link type Ethernet; or NULL */
	uint16_t filter_len;              /* instructions */

	/* Whether nobody waits for the source any more: asked now and then while it is being opened. NULL: somebody does. */
	bool (*given_up)(const void *pipeline);
	const void *pipeline;
};

struct source_counters {
	uint64_t kernel_drops; /* packets that the kernel, or the program that wrote the capture file, says it lost */
	uint64_t freezes;      /* times the kernel found no room in the ring */
	uint64_t total;        /* packets that the source says passed by it: received + kernel_drops; 0 where it cannot know */
};

struct source_digest {
	char hex[65];     /* "": it could not be computed */
	const char *name; /* borrowed from the source */
};

/*
 * A stretch of a capture and the frames in it, for one of several workers that share a source. Chunks are numbered in the order
 * of their bytes. Each goes through three hands: source_ops.read, which any worker may call at any time; source_ops.frames,
 * which one worker at a time calls, in the order of the chunks; then whatever is made of the frames, in any order.
 */
enum {
	CHUNK_BYTES = 256 << 10, /* so much work that taking turns costs little */
	CHUNK_BATCHES = 32,
};

struct chunk {
	uint64_t number;       /* from 0 */
	uint8_t *bytes;        /* CHUNK_BYTES; in front of them is room for what the chunk before left */
	size_t len;            /* read */
	int error;             /* errno of reading, or 0 */
	struct batch *batches; /* CHUNK_BATCHES, of which n have frames */
	unsigned n;
	struct err err; /* with SOURCE_BROKEN */
	void *memory;
};

/* batch_max: frames in a batch. False: no memory. */
bool chunk_init(struct chunk *c, uint32_t batch_max);
void chunk_fini(struct chunk *c); /* accepts one that is all zero */

struct source;

struct source_ops {
	const char *name;  /* as in -i NAME:ARG or -r NAME:ARG; short, lower case */
	const char *arg;   /* what ARG is, for help: "FILE" */
	const char *about; /* one line for --list-sources */
	bool live;         /* packets come whether we read or not: never wait for the output */
	bool either;       /* may be named with -i and with -r: it makes packets as fast as they are wanted */

	/* Opens: fills s->state. 0 or -errno with *err filled. On error nothing stays open. */
	int (*open)(struct source *s, const struct source_args *args, struct err *err);

	/*
	 * Fills frames in from batch->frames[0] and sets nframes, at most batch->max. With none ready it waits at most
	 * timeout_ms (0: not at all); EINTR ends the wait. Frames of the batch before must have been dropped. *err is filled
	 * only with SOURCE_BROKEN. Where a batch ends in the fault, the good frames come first and the fault with the next
	 * call.
	 */
	enum source_status (*fill)(struct source *s, struct batch *batch, int timeout_ms, struct err *err);

	void (*drop)(struct source *s, struct batch *batch); /* frames go home; NULL: nothing to do */

	/* Let no more in: fill() gives what is already here and then SOURCE_END. NULL: fill() need not be called again. */
	void (*stop)(struct source *s);

	/*
	 * For several workers, each with a chunk of its own; NULL: this source has one. share() says whether that can be done
	 * with what was opened; from then on fill() is not called. read() gets the bytes of the next chunk, and may be called
	 * by all workers at the same time. frames() finds the frames in a chunk, the chunks one by one and in their order, and
	 * sets n. It returns what comes behind them: SOURCE_IDLE, the next chunk; SOURCE_FRAMES, more of this one, when nothing
	 * of it and of those before is lent any more: then it is called again, with alone; or an end, as fill() does.
	 */
	bool (*share)(struct source *s);
	void (*read)(struct source *s, struct chunk *c);
	enum source_status (*frames)(struct source *s, struct chunk *c, bool alone, int timeout_ms);

	void (*counters)(struct source *s, struct source_counters *out); /* NULL: all zero */

	/* Bytes of the input as it lies on disk: read so far, and in all; 0 where that is not known. NULL: never. */
	void (*progress)(struct source *s, uint64_t *done, uint64_t *total);

	/* SHA-256 of the index-th input, in hexadecimal, and its name; false after the last. NULL: there is none. */
	bool (*digest)(struct source *s, unsigned index, struct source_digest *out);

	/* It was followed, and at its end another file stood in its place. NULL: never. */
	bool (*replaced)(struct source *s);
	void (*close)(struct source *s); /* accepts a half-opened source */
};

struct source {
	const struct source_ops *ops;
	void *state;
};

/* Puts an ops into the table of sources. */
#define SOURCE_REGISTER(ops_name)                                                                                              \
	static const struct source_ops *const ops_name##_entry __attribute__((section("tapline_sources"), used)) = &(ops_name)

/* The sources that are linked, in the order of their names; NULL after the last. index from 0. */
const struct source_ops *source_at(unsigned index);

/* The source of this name (length len), or NULL. */
const struct source_ops *source_find(const char *name, size_t len);

/*
 * Opens what -r or -i named: "NAME:ARG" where NAME is a source of the right kind (live or not; synth counts as both), else the
 * whole word is the ARG of the default one (pcap, afpacket). 0 or -errno with *err filled.
 */
int source_open(struct source *s, const char *word, bool live, struct source_args *args, struct err *err);

/*
 * Several capture files as one source, in time order (--merge). Each keeps its own order; of equal times the one named first
 * comes first; a packet without a time follows its predecessor. An input that cannot be opened or breaks is reported by fill()
 * as SOURCE_DAMAGED. -errno with *err filled only if none can be opened. The paths are borrowed until it is closed.
 */
int source_open_merged(struct source *s, const char *const *paths, unsigned n, const struct source_args *args, struct err *err);

void source_close(struct source *s);

/* Names and states of this machine's interfaces, one per line: for --list-interfaces and for messages. Returns bytes written.
 */
size_t source_list_interfaces(char *out, size_t size);

#endif
