/* SPDX-License-Identifier: Apache-2.0 */
/* column.h - fields that are chosen at run time, and constants; private to encode. */
#ifndef ENCODE_COLUMN_H
#define ENCODE_COLUMN_H

#include "encode/encode.h"

enum field {
#define FIELD(id, type, needs, value, about, sniffer, siem, wazuh, ecs, ocsf, eve, full) FIELD_##id,
#include "encode/fields.def"
	FIELDS
};

/* One field of a line: its key as it is written, with comma and colon. */
struct encode_column {
	enum field field;
	uint64_t needs;
	uint32_t key_len;
	char *key;
};

/* Makes e->columns of "ours,ours=new,...". 0, or -errno with *err filled. */
int column_parse(struct encode *e, const char *list, struct err *err);
void column_free(struct encode *e);

/* Makes e->tail of the constants. 0, or -errno with *err filled: no `=`, a name that is taken. */
int tail_make(struct encode *e, const char *const *constants, unsigned n, struct err *err);

/* The key that this field (an index of encode_field_at()) has in the encoder's lines, as it stands there; "" if it is not
 * there. */
void column_name(const struct encode *e, unsigned field, char *out, size_t size);

/* Whether this encoder's lines have the key, which is given as it is written: ,"key": */
bool column_taken(const struct encode *e, const char *key, size_t len);

#endif
