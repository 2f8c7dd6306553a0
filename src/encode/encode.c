/* SPDX-License-Identifier: Apache-2.0 */
#include "encode/encode.h"

#include "encode/put.h"

/* What decides which fields of this record are written. */
enum {
	HAS_WRITTEN =
		HAS_TS | HAS_SRC | HAS_DST | HAS_V6 | HAS_PROTO | HAS_PORTS | HAS_SPORT_ONLY | HAS_TCP_FLAGS | HAS_ICMP_TYPE,
	HAS_WHOLE = HAS_TS | HAS_SRC | HAS_DST | HAS_PROTO,
};

_Static_assert(BLOCK_SIZE >= BATCH_MAX * LINE_MAX_BYTES, "a block holds a whole batch of the longest lines");

/* The key is stored whole, as 32 bytes of which the next store overwrites the rest. */
#define PUT_KEY(p, text)                                                                                                       \
	do {                                                                                                                   \
		static const char key[PUT_SLACK] = text;                                                                       \
                                                                                                                               \
		_Static_assert(sizeof(text) <= PUT_SLACK, "a key fits one store");                                             \
		memcpy(p, key, PUT_SLACK);                                                                                     \
		(p) += sizeof(text) - 1;                                                                                       \
	} while (0)

/* One line. Each field begins with a comma; the first comma becomes the brace. Where has is a constant, its tests are gone. */
static inline __attribute__((always_inline)) char *put_line(struct encode *e, char *p, const struct rec *r, uint32_t has)
{
	char *line = p;

#define FIELD(key, type, needs, value, meaning)                                                                                \
	if (has & (needs)) {                                                                                                   \
		PUT_KEY(p, ",\"" #key "\":");                                                                                  \
		p = value;                                                                                                     \
	}
#include "encode/fields.def"
	*line = '{';
	*p++ = '}';
	*p++ = '\n';
	return p;
}

void encode_batch(struct encode *e, const struct batch *b, struct block *out)
{
	char *p = out->text + out->len;

	for (uint32_t i = 0; i < b->nrecs; i++) {
		const struct rec *r = &b->recs[i];
		uint32_t has = r->has & HAS_WRITTEN;

		/* The shapes of most packets, each compiled straight-line; then any other. */
		switch (has) {
		case HAS_WHOLE | HAS_PORTS | HAS_TCP_FLAGS:
			p = put_line(e, p, r, HAS_WHOLE | HAS_PORTS | HAS_TCP_FLAGS);
			break;
		case HAS_WHOLE | HAS_PORTS:
			p = put_line(e, p, r, HAS_WHOLE | HAS_PORTS);
			break;
		case HAS_WHOLE | HAS_V6 | HAS_PORTS | HAS_TCP_FLAGS:
			p = put_line(e, p, r, HAS_WHOLE | HAS_V6 | HAS_PORTS | HAS_TCP_FLAGS);
			break;
		case HAS_WHOLE | HAS_V6 | HAS_PORTS:
			p = put_line(e, p, r, HAS_WHOLE | HAS_V6 | HAS_PORTS);
			break;
		default:
			p = put_line(e, p, r, has);
		}
	}
	out->len = (uint32_t)(p - out->text);
	out->lines += b->nrecs;
}

static void fill_octets(struct encode *e)
{
	for (unsigned v = 0; v < 256; v++) {
		char text[4] = {0};
		unsigned digits = v >= 100 ? 3 : v >= 10 ? 2 : 1;
		uint32_t word;

		for (unsigned i = digits, rest = v; i-- > 0; rest /= 10)
			text[i] = (char)('0' + rest % 10);
		text[digits] = '.';
		memcpy(&word, text, sizeof(word));
		e->octets[v] = (uint64_t)digits << 32 | word;
	}
}

static void fill_flags(struct encode *e)
{
	static const char letters[] = "FSRPAUECN";

	for (unsigned set = 0; set < ENCODE_FLAG_SETS; set++) {
		char *p = e->flags[set].text;

		*p++ = '"';
		for (unsigned bit = 0; letters[bit]; bit++)
			if (set & 1u << bit)
				*p++ = letters[bit];
		*p++ = '"';
		e->flags[set].len = (uint8_t)(p - e->flags[set].text);
	}
}

void encode_init(struct encode *e, unsigned digits)
{
	*e = (struct encode){.digits = digits};
	fill_octets(e);
	fill_flags(e);
	put_new_second(e, 0);
}

const struct encode_field *encode_field_at(unsigned index)
{
	static const struct encode_field fields[] = {
#define FIELD(key, type, needs, value, meaning) {#key, #type, meaning},
#include "encode/fields.def"
	};

	return index < sizeof(fields) / sizeof(fields[0]) ? &fields[index] : NULL;
}
