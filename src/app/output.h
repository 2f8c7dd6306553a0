/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output.h - from records to the sink: an encoder, the block that it fills, and the account of what was not taken.
 *
 * One worker's. Several share a sink through an order. From files it waits for a slow reader; live it drops and counts.
 */
#ifndef APP_OUTPUT_H
#define APP_OUTPUT_H

#include "app/order.h"
#include "base/err.h"
#include "batch.h"
#include "conf/conf.h"
#include "encode/encode.h"
#include "sink/sink.h"

#include <stdbool.h>
#include <stdint.h>

enum record_kind { /* bits of output.kinds */
	RECORD_PACKET = 1 << 0,
	RECORD_GAP = 1 << 1,
};

struct output {
	struct encode encode;
	unsigned kinds;
	const char *name;    /* as -o named it */
	struct sink *sink;   /* NULL: not open */
	struct block *block; /* being filled; NULL: none at hand */
	struct order *order; /* shared with other workers; or NULL */
	uint64_t chunk;      /* then: whose lines these are */
	bool quiet;
	bool live;                             /* the source never waits */
	bool (*given_up)(const void *context); /* nobody waits for the output any more */
	const void *context;
	bool cut;              /* not live, and records were refused: none are written behind them */
	uint64_t refused;      /* records for which there was no block */
	uint64_t not_selected; /* records of a kind that is not written here */
};

/* Makes the encoder. 0, or -errno with *err filled; output_fini() then has nothing to do, but may be called. */
int output_init(struct output *o, const struct conf *conf, struct err *err);
void output_fini(struct output *o);

/* Opens -o. *notice: one line for the user, or "". 0, or -errno with *err filled. */
int output_open(struct output *o, bool live, struct err *notice, struct err *err);

/* The batch's records to lines. */
void output_write(struct output *o, const struct batch *b);

/* A gap, if such are written here, behind the records so far. False if there was no block for it: try again later. */
bool output_gap(struct output *o, const struct gap *g);

/* Gives what is there to the sink. */
void output_flush(struct output *o);

/* The same, and gives back the block if nothing is in it: the worker has no more for this chunk. */
void output_hand_in(struct output *o);

/* Waits for the reader as long as somebody waits for us, and a grace; ends the sink. 0, or -errno with *err filled. */
int output_close(struct output *o, struct sink_counters *out, struct err *err);

#endif
