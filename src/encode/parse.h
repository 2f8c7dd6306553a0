/* SPDX-License-Identifier: Apache-2.0 */
/* parse.h - one line of ours, taken apart again; private to encode. */
#ifndef ENCODE_PARSE_H
#define ENCODE_PARSE_H

#include "base/err.h"
#include "batch.h"
#include "encode/column.h"
#include "encode/encode.h"

#include <jansson.h>

/* A record, and all that an encoder wants beside it. */
struct parsed {
	struct batch *batch; /* with one record, its frame and more */
	struct origin origin;
	struct gap gap;
	const char *community_id; /* or NULL */
	bool is_gap;
	unsigned digits; /* of the finest time: 0, 3, 6 or 9 */
};

/* Puts one member's value where it belongs. False if it is none for this field. */
bool parse_field(struct parsed *p, enum field field, const json_t *value);
bool parse_gap_field(struct parsed *p, const char *id, const json_t *value);

/* After all members: what follows from several of them. */
void parse_done(struct parsed *p);

#endif
