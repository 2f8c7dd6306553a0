/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decode.h - frames to records.
 *
 * Reads headers only, through base/cursor.h, and never a byte beyond what was captured. Owns nothing, keeps nothing between
 * packets, allocates nothing, and cannot fail: a packet that cannot be understood is counted by its reason.
 */
#ifndef DECODE_DECODE_H
#define DECODE_DECODE_H

#include "base/drops.h"
#include "batch.h"

#include <stdint.h>

struct decode_counters {
	uint64_t no_ip;                 /* frames without an IP packet */
	uint64_t reasons[DROP_REASONS]; /* undecodable: frames without a record; malformed: records that say so */
	uint64_t undecodable;           /* sum of the undecodable reasons */
	uint64_t link_unknown[1 << 8];  /* by link type, for those below 256 and the rest in [255] */
};

/* One record per frame that carries IPv4 or IPv6, in order: sets b->nrecs and adds to *c. */
void decode_batch(struct batch *b, struct decode_counters *c);

/* The registry's name of a link type ("ETHERNET"), or NULL if we don't know one. */
const char *decode_link_name(uint16_t link);

#endif
