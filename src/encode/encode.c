/* SPDX-License-Identifier: Apache-2.0 */
#include "encode/encode.h"

#include "encode/column.h"
#include "encode/community.h"
#include "encode/put.h"

#include <errno.h>
#include <stdlib.h>

/* The key is stored whole, in as few stores as its size takes; what they write beyond it the next store overwrites. */
#define KEY_ROOM(len) ((len) <= 8 ? 8 : (len) <= 16 ? 16 : (len) <= PUT_SLACK ? PUT_SLACK : 2 * PUT_SLACK)
#define PUT_KEY(p, text)                                                                                                       \
	do {                                                                                                                   \
		static const char key[KEY_ROOM(sizeof(text) - 1) + 1] = text;                                                  \
                                                                                                                               \
		memcpy(p, key, sizeof(key) - 1);                                                                               \
		(p) += sizeof(text) - 1;                                                                                       \
	} while (0)

/* A field in a profile's column: nothing where the name is empty. Where profile and has are constants, the tests are gone. */
#define PUT(PROFILE, name, needs, value)                                                                                       \
	if (profile == PROFILE_##PROFILE && sizeof(name) > 1 && (has & (needs))) {                                             \
		PUT_KEY(p, ",\"" name "\":");                                                                                  \
		p = value;                                                                                                     \
	}

/* Each field begins with a comma; the first comma becomes the brace. */
static inline __attribute__((always_inline)) char *put_line(struct encode *e, char *p, const struct rec *r,
							    const struct more *m, const struct frame *f, uint64_t has,
							    enum encode_profile profile)
{
	char *line = p;

#define FIELD(id, type, needs, value, about, sniffer, siem, wazuh, ecs, ocsf, eve, full)                                       \
	PUT(SNIFFER, sniffer, needs, value)                                                                                    \
	PUT(SIEM, siem, needs, value)                                                                                          \
	PUT(WAZUH, wazuh, needs, value)                                                                                        \
	PUT(ECS, ecs, needs, value)                                                                                            \
	PUT(OCSF, ocsf, needs, value)                                                                                          \
	PUT(EVE, eve, needs, value)                                                                                            \
	PUT(FULL, full, needs, value)
#include "encode/fields.def"
	/* One of the shapes below has fields; of any other record none may be known. */
	return put_tail(e, line, __builtin_constant_p(has) ? p : p + (p == line));
}

/* The same for fields that were chosen at run time. */
static char *put_columns(struct encode *e, char *p, const struct rec *r, const struct more *m, const struct frame *f,
			 uint64_t has)
{
	char *line = p;

	for (uint32_t i = 0; i < e->ncolumns; i++) {
		const struct encode_column *c = &e->columns[i];

		if (!(has & c->needs))
			continue;
		memcpy(p, c->key, c->key_len);
		p += c->key_len;
		switch (c->field) {
#define FIELD(id, type, needs, value, about, sniffer, siem, wazuh, ecs, ocsf, eve, full)                                       \
	case FIELD_##id:                                                                                                       \
		p = value;                                                                                                     \
		break;
#include "encode/fields.def"
		default:
			break;
		}
	}
	return put_tail(e, line, p + (p == line));
}

/* What decides which fields the sniffer's record has. */
enum {
	HAS_WHOLE = HAS_TS | HAS_SRC | HAS_DST | HAS_PROTO | HAS_PROTO_NAME | HAS_WIRELEN,
	HAS_WRITTEN = HAS_WHOLE | HAS_V6 | HAS_PORTS | HAS_SPORT_ONLY | HAS_TCP_FLAGS | HAS_ICMP_TYPE,
};

/* The default profile: the shapes of most packets, each compiled straight-line; then any other. */
static char *put_sniffer(struct encode *e, char *p, const struct rec *r)
{
	uint32_t has = r->has & HAS_WRITTEN;

#define SHAPE(bits)                                                                                                            \
	case bits:                                                                                                             \
		return put_line(e, p, r, NULL, NULL, bits, PROFILE_SNIFFER);
	switch (has) {
		SHAPE(HAS_WHOLE | HAS_PORTS | HAS_TCP_FLAGS)
		SHAPE(HAS_WHOLE | HAS_PORTS)
		SHAPE(HAS_WHOLE | HAS_V6 | HAS_PORTS | HAS_TCP_FLAGS)
		SHAPE(HAS_WHOLE | HAS_V6 | HAS_PORTS)
	default:
		return put_line(e, p, r, NULL, NULL, has, PROFILE_SNIFFER);
	}
}

/* All that is known of a packet: of its record, beside it, and of its frame. */
static inline uint64_t known(struct encode *e, const struct rec *r, const struct more *m, const struct frame *f)
{
	uint64_t has = r->has | m->has | HAS_ALWAYS;

	if (e->community && (e->given_id || community_defined(r)))
		has |= HAS_COMMUNITY_ID;
	if (r->has & HAS_PROTO && put_keywords[r->proto])
		has |= HAS_PROTO_KEYWORD;
	if (e->origin)
		has |= put_origin(e, f->origin);
	if (f->number)
		has |= HAS_FRAME;
	if (f->caplen != CAPLEN_UNKNOWN)
		has |= HAS_CAP_LEN;
	return has;
}

static char *put_any(struct encode *e, char *p, const struct rec *r, const struct more *m, const struct frame *f)
{
	uint64_t has = known(e, r, m, f);

	if (e->columns)
		return put_columns(e, p, r, m, f, has);
#define PROFILE(id, name, wazuh, about)                                                                                        \
	case PROFILE_##id:                                                                                                     \
		return put_line(e, p, r, m, f, has, PROFILE_##id);
	switch (e->profile) {
#include "encode/profiles.def"
	default:
		return p;
	}
}

uint32_t encode_batch(struct encode *e, const struct batch *b, uint32_t from, struct block *out)
{
	static const struct more none;
	uint32_t fit = (BLOCK_SIZE - out->len) / e->line_max;
	uint32_t end = b->nrecs - from < fit ? b->nrecs : from + fit;
	char *p = out->text + out->len;

	if (e->profile == PROFILE_SNIFFER && !e->columns)
		for (uint32_t i = from; i < end; i++)
			p = put_sniffer(e, p, &b->recs[i]);
	else
		for (uint32_t i = from; i < end; i++)
			p = put_any(e, p, &b->recs[i], b->more ? &b->more[i] : &none, &b->frames[b->recs[i].frame]);
	out->len = (uint32_t)(p - out->text);
	out->lines += end - from;
	return end;
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

static void fill_thousand(struct encode *e)
{
	for (uint32_t v = 0; v < 1000; v++)
		e->thousand[v] = 0x303030 + (v / 100 | v / 10 % 10 << 8 | v % 10 << 16);
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

/* What the fields look at, and how long a line can be. */
static void measure(struct encode *e)
{
	const struct encode_field *field;
	char name[1024];

	e->needs = 0;
	e->line_max = e->tail_len + 2 * PUT_SLACK;
	for (unsigned i = 0; (field = encode_field_at(i)); i++) {
		column_name(e, i, name, sizeof(name));
		if (!*name)
			continue;
		e->needs |= field->needs;
		e->line_max += (uint32_t)strlen(name) * 6 + 4 + field->type->room;
	}
}

/* A number that its reader would spoil is a string: Wazuh has 32 bits, JSON's common readers have doubles. */
static bool quote_times(const struct encode_options *o)
{
	bool wazuh = encode_profiles[o->profile].wazuh;

	switch (o->time) {
	case TIME_EPOCH:
		return wazuh || o->digits == 9;
	case TIME_EPOCH_MS:
		return wazuh;
	default:
		return true;
	}
}

int encode_init(struct encode *e, const struct encode_options *o, struct err *err)
{
	int ret;

	*e = (struct encode){.digits = o->digits, .time = o->time, .time_quoted = quote_times(o), .profile = o->profile};
	fill_octets(e);
	fill_thousand(e);
	fill_flags(e);
	put_new_milli(e, 0);
	ret = o->fields ? column_parse(e, o->fields, err) : 0;
	if (!ret)
		ret = tail_make(e, o->constants, o->nconstants, err);
	if (ret)
		goto fail;
	measure(e);
	ret = -ENOMEM;
	if (e->needs & HAS_COMMUNITY_ID && !(e->community = community_new()))
		goto memory;
	if (e->needs & (HAS_IFACE | HAS_CAPTURE) && !(e->origin = calloc(1, sizeof(*e->origin))))
		goto memory;
	return 0;
memory:
	err_set(err, ENOMEM, "no memory for the encoder");
fail:
	encode_fini(e);
	return ret;
}

void encode_fini(struct encode *e)
{
	column_free(e);
	community_free(e->community);
	free(e->origin);
	free(e->tail);
	e->community = NULL;
	e->origin = NULL;
	e->tail = NULL;
}

bool encode_wants_more(const struct encode *e)
{
	return e->needs >> 32 &
	       ~(HAS_ALWAYS | HAS_COMMUNITY_ID | HAS_PROTO_KEYWORD | HAS_IFACE | HAS_CAPTURE | HAS_FRAME | HAS_CAP_LEN) >> 32;
}
