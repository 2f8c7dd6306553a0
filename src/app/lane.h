/* SPDX-License-Identifier: Apache-2.0 */
/* lane.h - what one worker does with a batch of frames: filter, decode, encode, and the account of it. */
#ifndef APP_LANE_H
#define APP_LANE_H

#include "app/output.h"
#include "base/err.h"
#include "batch.h"
#include "conf/conf.h"
#include "decode/decode.h"

#include <stdbool.h>
#include <stdint.h>

struct filter;

struct lane {
	struct filter *filter; /* NULL: all packets */
	bool filter_wrong;     /* it is the filter that lane_init() failed for */
	unsigned mode;         /* enum decode_mode */
	struct output output;
	uint64_t left; /* packets still wanted by -c */
	uint64_t received;
	uint64_t filtered;
	struct decode_counters decode;
	bool wants_more;
	_Alignas(64) struct rec recs[BATCH_MAX]; /* the batch's */
	struct more more[BATCH_MAX];             /* where a field needs it */
};

/* Does not touch the records. 0, or -errno with *err filled; lane_fini() is wanted in any case. */
int lane_init(struct lane *l, const struct conf *conf, struct err *err);
void lane_fini(struct lane *l);

/* One batch from frames to lines. False if -c wants no more. */
bool lane_process(struct lane *l, struct batch *b);

#endif
