/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chunk.h - a stretch of a capture and the frames in it, for one of several workers that share a source.
 *
 * Chunks are numbered in the order of their bytes. Each goes through three hands: source_ops.read, which any worker may call at
 * any time; source_ops.frames, which one worker at a time calls, in the order of the chunks; then whatever is made of the
 * frames, in any order.
 */
#ifndef SOURCE_CHUNK_H
#define SOURCE_CHUNK_H

#include "base/err.h"
#include "batch.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CHUNK_BYTES = 512 << 10, /* so much work that taking turns costs little */
	CHUNK_BATCHES = 48,
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

#endif
