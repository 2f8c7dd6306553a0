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

enum {
	DECODE_UNKNOWN_LINKS = 8, /* link types that are told apart; further ones only add to the sum */
};

struct decode_counters {
	uint64_t no_ip;                 /* frames without an IP packet */
	uint64_t undecodable;           /* frames without a record: sum of the undecodable reasons */
	uint64_t reasons[DROP_REASONS]; /* undecodable: frames without a record; malformed: records that say so */
	struct {
		uint64_t frames;
		uint16_t link;
	} unknown_links[DECODE_UNKNOWN_LINKS]; /* where reason DROP_LINK_UNKNOWN comes from; frames 0: free */
};

enum decode_mode {
	DECODE_INNER = 1 << 0,  /* the record is the innermost IP layer's; else the outermost's */
	DECODE_NON_IP = 1 << 1, /* frames without IP give a record too */
};

/*
 * One record per frame that carries IPv4 or IPv6, in order, and one of b->more beside it where that is wanted: sets b->nrecs
 * and adds to *c. mode: bits of enum decode_mode.
 */
void decode_batch(struct batch *b, unsigned mode, struct decode_counters *c);

/* Adds what another worker has counted. */
void decode_counters_add(struct decode_counters *sum, const struct decode_counters *c);

#endif
