/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encode.h - records to lines.
 *
 * One flat JSON object per record. Its fields, their order and their names are those of a profile, a column of
 * encode/fields.def, or of the user's own choice. Every line is valid UTF-8 JSON whatever the packet held. An encoder is one
 * worker's; it takes its memory in encode_init(), and encode_batch() allocates nothing and cannot fail.
 */
#ifndef ENCODE_ENCODE_H
#define ENCODE_ENCODE_H

#include "base/block.h"
#include "base/err.h"
#include "batch.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum {
	ENCODE_FLAG_SETS = 512,    /* TCP's nine flags */
	ENCODE_CONSTANTS_MAX = 64, /* --set */
};

enum encode_profile {
#define PROFILE(id, name, wazuh, about) PROFILE_##id,
#include "encode/profiles.def"
	PROFILES
};

/* How a time is written: RFC 3339, or seconds, milliseconds, nanoseconds since 1970. */
enum encode_time {
	TIME_ISO,
	TIME_EPOCH,
	TIME_EPOCH_MS,
	TIME_EPOCH_NS,
	TIMES
};

struct encode_options {
	enum encode_profile profile;
	const char *fields;           /* "ours,ours=new,...": these instead of the profile's; NULL: the profile's. Borrowed in
					 encode_init() */
	const char *const *constants; /* "key=value": added to every line; borrowed likewise */
	unsigned nconstants;
	unsigned digits; /* of a second's fraction: 0, 3, 6 or 9 */
	enum encode_time time;
};

struct encode {
	int64_t milli_start;  /* ns since 1970: the millisecond whose text is in milli_text */
	int64_t second_start; /* and its second's */
	char milli_text[32];  /* "2026-01-02T03:04:05.678 with its quote */
	unsigned digits;      /* of a second's fraction: 0, 3, 6 or 9 */
	enum encode_time time;
	bool time_quoted; /* a number would be spoiled by its reader */

	/* A number's three digits, leading zeros included, and a zero byte. */
	uint32_t thousand[1000];

	/* An octet's digits and a point, four bytes; how many digits in bits 32 and up. */
	uint64_t octets[256];

	/* "SA" with its quotes, for each set of flags. */
	struct encode_flags {
		char text[15];
		uint8_t len;
	} flags[ENCODE_FLAG_SETS];

	enum encode_profile profile;
	uint64_t needs;    /* bits that the fields look at */
	uint32_t line_max; /* bytes that a line takes at most, and what is written beyond it for a moment */
	char *tail;        /* what every line ends with: constants, brace, newline */
	uint32_t tail_len;
	struct encode_column *columns; /* the user's choice of fields, or NULL */
	uint32_t ncolumns;
	struct encode_origin *origin; /* names of the last origin as text, or NULL where no field has them */
	struct community *community;  /* or NULL */
	const char *given_id;         /* while a line is converted: its own Community ID, or NULL */
};

/* 0, or -errno with *err filled: an unknown field, a name that is there twice, no memory. On error nothing is kept. */
int encode_init(struct encode *e, const struct encode_options *o, struct err *err);
void encode_fini(struct encode *e); /* accepts one whose memory is all zero */

/* Whether its fields are in struct more. */
bool encode_wants_more(const struct encode *e);

/*
 * Appends a line for each record of the batch from the one at index from on, as long as the block has room for sure. Returns
 * the index of the first that is not written. An empty block takes at least one.
 */
uint32_t encode_batch(struct encode *e, const struct batch *b, uint32_t from, struct block *out);

/* Packets that were lost, and where. */
struct gap {
	int64_t ts;        /* ns since 1970: of the last packet that was seen; or TS_NONE */
	const char *cause; /* kernel, output, capture-file */
	const char *where; /* an interface, an output, a capture: any bytes */
	uint64_t count;    /* packets */
	int64_t first_ts;  /* of a packet before, or TS_NONE */
	int64_t last_ts;   /* of a packet behind, or TS_NONE */
	const char *why;   /* in words, at most 100 */
};

/* Appends a gap's line; false if the block has no room for sure. An empty block has. */
bool encode_gap(struct encode *e, const struct gap *g, struct block *out);

/* The profile of this name, or PROFILES; what is known of one. */
enum encode_profile encode_profile_find(const char *name);
struct encode_profile_info {
	const char *name;
	const char *about; /* one line */
	bool wazuh;        /* Wazuh reads it */
};
extern const struct encode_profile_info encode_profiles[PROFILES];

/* A time's form by its name: iso, epoch, epoch-ms, epoch-ns; or TIMES. */
enum encode_time encode_time_find(const char *name);

/* All fields in their order; NULL after the last. index from 0. */
struct encode_type {
	const char *json;   /* string, integer, boolean */
	const char *index;  /* its type in an OpenSearch index */
	const char *schema; /* what a JSON Schema adds */
	uint32_t room;      /* bytes of a value at most */
	bool is_time;       /* depends on encode_options.time */
};
struct encode_field {
	const char *id;
	const struct encode_type *type;
	uint64_t needs;              /* bits of has */
	const char *about;           /* one line */
	const char *names[PROFILES]; /* "": not in that profile */
};
const struct encode_field *encode_field_at(unsigned index);

/* The same of the record of a gap. */
const struct encode_field *encode_gap_field_at(unsigned index);

/*
 * Lines of one profile to lines of another: what the target can hold is kept, and so is what no profile knows. from: PROFILES
 * if each line's keys shall tell. digits_given: times have the encoder's digits; else as many as they had. NULL: no memory.
 */
struct convert *convert_new(struct encode *to, enum encode_profile from, bool digits_given, FILE *out);
void convert_free(struct convert *c); /* accepts NULL */

/* One line, without or with its newline. 0, or -errno with *err filled: no JSON, or a value that is none; nothing is written
 * then. */
int convert_line(struct convert *c, const char *text, size_t len, struct err *err);

/* Documents made from the table. */
enum schema_format {
	SCHEMA_JSON,     /* JSON Schema, draft 2020-12 */
	SCHEMA_TEMPLATE, /* OpenSearch index template */
	SCHEMA_MARKDOWN,
	SCHEMA_LIST,  /* key, type, our name, meaning, separated by tabs */
	SCHEMA_TABLE, /* key, type, meaning, for people */
	SCHEMAS
};
enum schema_format encode_schema_find(const char *name); /* json-schema, opensearch-template, markdown, list; or SCHEMAS */
void encode_schema(const struct encode *e, enum schema_format format, FILE *out);

#endif
