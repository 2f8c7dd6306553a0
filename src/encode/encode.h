/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encode.h - records to lines.
 *
 * One flat JSON object per record, keys and values by encode/fields.def. Every line is valid UTF-8 JSON whatever the packet
 * held, and at most LINE_MAX_BYTES long. Keeps one second's text between calls; allocates nothing; cannot fail.
 */
#ifndef ENCODE_ENCODE_H
#define ENCODE_ENCODE_H

#include "base/block.h"
#include "batch.h"

#include <stdint.h>

struct encode {
	int64_t second;    /* the one whose text is in head */
	unsigned digits;   /* of a second's fraction: 0, 3, 6 or 9 */
	unsigned head_len; /* bytes of head in use */
	char head[64];     /* {"ts":"2026-01-02T03:04:05. */
};

/* digits: 0, 3, 6 or 9 after the second's point. */
void encode_init(struct encode *e, unsigned digits);

/* Bytes that encode_batch() may need at most for n records. */
static inline uint32_t encode_room(uint32_t n)
{
	return n * LINE_MAX_BYTES;
}

/* Appends one line per record to the block, which must have encode_room(b->nrecs) bytes free. */
void encode_batch(struct encode *e, const struct batch *b, struct block *out);

/* The fields of the record in their order: name, type and meaning; NULL after the last. */
struct encode_field {
	const char *name;
	const char *type;
	const char *about;
};
const struct encode_field *encode_field_at(unsigned index);

#endif
