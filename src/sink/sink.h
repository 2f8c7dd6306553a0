/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sink.h - where lines go: standard output, files, nothing.
 *
 * The front half (sink_get, sink_put, ...) belongs to the worker, or to one of several at a time, and never waits unless asked
 * to; the back half is the sink's own thread, which may wait as long as its destination makes it. Between them whole lines
 * travel in blocks through two rings. Memory is taken at the start: SINK_BLOCKS blocks. A sink is a file: it registers itself
 * with SINK_REGISTER.
 *
 * Lines are never torn: a write that failed in the middle of one is completed when the destination takes more, or, in a file of
 * ours, taken back. Only a pipe whose reader is stuck to the very end can end in the middle of a line.
 */
#ifndef SINK_SINK_H
#define SINK_SINK_H

#include "base/block.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	SINK_BLOCKS = 16, /* 8 MiB: what a live source can still hand over while the destination is stuck */
};

struct sink_dest; /* an opened destination: the back half's, private to each sink's file */

struct sink_ops {
	const char *name;   /* as in -o NAME:ARG */
	const char *arg;    /* what ARG is, for help: "FILE", or "" */
	const char *about;  /* one line for --list-sinks */
	const char *ending; /* a path that ends so needs no NAME: in front of it; NULL: none */

	/* Opens the destination: its state, or NULL with *err filled. notice: one line to tell the user, "" if none. */
	struct sink_dest *(*open)(const char *arg, struct err *notice, struct err *err);

	/*
	 * Writes up to len bytes of whole lines; may wait; a signal ends the wait. Returns bytes taken (0 to len), or -errno:
	 * -EAGAIN and -EINTR try again, -EPIPE the reader is gone (not an error), any other: failed, *err says where and why.
	 * After -EAGAIN, -EINTR and failures the next call, if there is one, begins with the same text.
	 */
	ssize_t (*write)(struct sink_dest *d, const char *text, size_t len, struct err *err);

	/*
	 * The text taken so far ends in the middle of a line and no more will come: takes the part of the line back, part
	 * bytes. False if that cannot be done. NULL: never can.
	 */
	bool (*take_back)(struct sink_dest *d, size_t part);

	/*
	 * Opens the same destination anew (SIGHUP, after a rename). 0 or -errno with *err filled, the old one still in use;
	 * -EAGAIN: not now, ask again later. NULL: no need.
	 */
	int (*reopen)(struct sink_dest *d, struct err *err);

	bool immediate; /* write() never waits: the worker calls it, without a thread between */

	int (*close)(struct sink_dest *d, struct err *err); /* 0 or -errno: what was written may not be on disk */
};

#define SINK_REGISTER(ops_name)                                                                                                \
	static const struct sink_ops *const ops_name##_entry __attribute__((section("tapline_sinks"), used)) = &(ops_name)

/* The sinks that are linked, in the order of their names; NULL after the last. */
const struct sink_ops *sink_at(unsigned index);

struct sink;

/* What a sink's thread has done; read at any time from any thread, exact after sink_close(). */
struct sink_counters {
	uint64_t lines;   /* written, whole; of packets */
	uint64_t bytes;   /* of all lines */
	uint64_t dropped; /* lines of packets that were handed over and could not be written */
	uint64_t apart;   /* written, whole; of blocks that are counted by themselves */
};

/* What -o named without the sink's name: the path, where the sink writes to one. Points into word, or at "". */
const char *sink_argument(const char *word);

/*
 * Opens what -o named: "-" for standard output, "SINK:ARG" where SINK is a sink's name, else a path; starts the thread, with
 * all signals blocked. live: after a failure go on trying, dropping lines meanwhile; else a failure ends the sink. NULL and
 * *err if it cannot be opened. notice is one line for the user, or "".
 */
struct sink *sink_open(const char *word, bool live, struct err *notice, struct err *err);

/*
 * An empty block, or NULL when all are on their way. With wait_ms > 0 it waits for one, at most so long, and may come back
 * earlier without (a signal, a wake): the caller looks at what else there is, and calls again.
 */
struct block *sink_get(struct sink *s, int wait_ms);

/* Blocks that sink_get() has at hand; and waits, at most wait_ms, until there may be more. */
unsigned sink_spare(struct sink *s);
void sink_wait(struct sink *s, int wait_ms);

/* Takes a block back: hands its lines to the thread. Never waits. */
void sink_put(struct sink *s, struct block *b);

enum sink_state {
	SINK_OK,
	SINK_CLOSED, /* the reader closed its pipe: not an error, but the end */
	SINK_FAILED, /* writing failed, and no more will be tried; sink_close() says why */
};
enum sink_state sink_state(const struct sink *s);

/* True if anything failed so far: *err is the first failure, also of one that was tried again with success. */
bool sink_trouble(const struct sink *s, struct err *err);

void sink_reopen(struct sink *s); /* asks the thread to; returns at once */
void sink_counters(const struct sink *s, struct sink_counters *out);

/*
 * The worker holds no block: waits for at most wait_ms, as sink_get() does, until nothing is on its way any more. True if so.
 */
bool sink_drain(struct sink *s, int wait_ms);

/*
 * Writes what is still on its way, for at most grace_ms; then drops the rest, ends the thread, closes the destination, fills
 * *out and frees. 0, or -errno with *err filled if anything the sink did ever failed.
 */
int sink_close(struct sink *s, int grace_ms, struct sink_counters *out, struct err *err);

#endif
