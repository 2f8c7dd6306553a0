/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encode.h - records to lines.
 *
 * One flat JSON object per record, keys and values by encode/fields.def. Every line is valid UTF-8 JSON whatever the packet
 * held, and at most LINE_MAX_BYTES long. An encoder is one worker's: it keeps small tables and one second's text; it allocates
 * nothing and cannot fail.
 */
#ifndef ENCODE_ENCODE_H
#define ENCODE_ENCODE_H

#include "base/block.h"
#include "batch.h"

#include <stdint.h>

enum {
	ENCODE_FLAG_SETS = 512, /* TCP's nine flags */
};

struct encode {
	int64_t second_start; /* ns since 1970: the second whose text is in second_text */
	unsigned digits;      /* of a second's fraction: 0, 3, 6 or 9 */
	char second_text[32]; /* "2026-01-02T03:04:05 with its quote */

	/* An octet's digits and a point, four bytes; how many digits in bits 32 and up. */
	uint64_t octets[256];

	/* "SA" with its quotes, for each set of flags. */
	struct encode_flags {
		char text[15];
		uint8_t len;
	} flags[ENCODE_FLAG_SETS];
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

/* The fields of the record in their order; NULL after the last. index from 0. */
struct encode_field {
	const char *key;
	const char *type;  /* string, integer, boolean */
	const char *about; /* one line */
};
const struct encode_field *encode_field_at(unsigned index);

#endif
