/* SPDX-License-Identifier: Apache-2.0 */
/*
 * order.h - the lines of several workers into one sink, in the order of their chunks.
 *
 * A worker fills blocks for its chunk whenever it likes; they wait here until all chunks before it are done. The last block
 * that is left goes to nobody but the worker whose chunk is next, so that there is always somebody who gets on.
 */
#ifndef APP_ORDER_H
#define APP_ORDER_H

#include "base/block.h"
#include "sink/sink.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	ORDER_AHEAD = 64, /* chunks that may be begun before the next one is done: a power of two */
};

struct order {
	struct sink *sink;
	pthread_mutex_t lock;
	pthread_cond_t moved; /* next is another one */
	uint64_t next;        /* the chunk whose lines go to the sink */
	bool cut;             /* lines of the chunk that is next are missing: none come behind them */
	uint64_t dropped;     /* lines that did not go to the sink for that */
	struct order_slot {
		struct block *blocks[SINK_BLOCKS];
		unsigned n;
		bool done; /* no more will come */
		bool cut;
	} slots[ORDER_AHEAD];
};

void order_init(struct order *o, struct sink *sink);
void order_fini(struct order *o);

/* Waits until the chunk may be begun, at most wait_ms. True if so. */
bool order_begin(struct order *o, uint64_t chunk, int wait_ms);

/* Waits until all chunks before this one are done, at most wait_ms. True if so. */
bool order_is_next(struct order *o, uint64_t chunk, int wait_ms);

/* An empty block for this chunk, or NULL after wait_ms. */
struct block *order_get(struct order *o, uint64_t chunk, int wait_ms);

/* A block of this chunk, behind those that were put before. */
void order_put(struct order *o, uint64_t chunk, struct block *b);

/* The chunk has no more. cut: lines of its end are missing, so that those of the chunks behind it are dropped. */
void order_done(struct order *o, uint64_t chunk, bool cut);

#endif
