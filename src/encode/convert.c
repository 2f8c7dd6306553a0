/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of one profile to lines of another. */
#include "encode/encode.h"

#include "encode/parse.h"
#include "encode/put.h"

#include <errno.h>
#include <stdlib.h>

struct convert {
	struct encode *to;
	enum encode_profile from; /* PROFILES: each line tells */
	bool digits_given;        /* for the times; else each line's own */
	struct batch batch;       /* of one record */
	struct rec rec;
	struct more more;
	char text[BLOCK_SIZE];
	struct block block;
	FILE *out;
	uint64_t serial;
};

struct convert *convert_new(struct encode *to, enum encode_profile from, bool digits_given, FILE *out)
{
	struct convert *c = aligned_alloc(64, (sizeof(*c) + 63) / 64 * 64);

	if (!c)
		return NULL;
	memset(c, 0, sizeof(*c));
	c->to = to;
	c->from = from;
	c->digits_given = digits_given;
	c->batch.recs = &c->rec;
	c->batch.more = &c->more;
	c->block.text = c->text;
	c->out = out;
	return c;
}

void convert_free(struct convert *c)
{
	free(c);
}

/* The place of a key among a profile's fields, or -1. */
static int place(const struct encode_field *(*at)(unsigned), enum encode_profile profile, const char *key)
{
	const struct encode_field *field;

	for (unsigned i = 0; (field = at(i)); i++)
		if (*field->names[profile] && !strcmp(field->names[profile], key))
			return (int)i;
	return -1;
}

/* The profile that knows most of the line's keys; of equals the first. */
static enum encode_profile detect(const json_t *line, const struct encode_field *(*at)(unsigned))
{
	enum encode_profile best = PROFILE_SNIFFER;
	unsigned most = 0;

	for (enum encode_profile profile = 0; profile < PROFILES; profile++) {
		unsigned known = 0;
		const char *key;
		json_t *value;

		json_object_foreach((json_t *)(uintptr_t)line, key, value) known += place(at, profile, key) >= 0;
		if (known > most) {
			most = known;
			best = profile;
		}
	}
	return best;
}

static bool is_text(const json_t *line, const char *key, const char *text)
{
	const char *value = json_string_value(json_object_get(line, key));

	return value && !strcmp(value, text);
}

static bool is_gap(const json_t *line)
{
	return is_text(line, "event", "gap") || is_text(line, "event_type", "gap") ||
	       is_text(line, "event.dataset", "tapline.gap") ||
	       (json_object_get(line, "class_uid") && json_integer_value(json_object_get(line, "class_uid")) == 0);
}

/* Takes the members apart that the profile has. */
static int take_members(json_t *line, enum encode_profile from, struct parsed *p, struct err *err)
{
	const struct encode_field *(*at)(unsigned) = p->is_gap ? encode_gap_field_at : encode_field_at;
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe(line, next, key, value)
	{
		int i = place(at, from, key);

		if (i < 0)
			continue;
		if (p->is_gap ? !parse_gap_field(p, at((unsigned)i)->id, value) : !parse_field(p, (enum field)i, value))
			return err_set(err, EINVAL, "`%.60s`: this is no value for it in profile %s", key,
				       encode_profiles[from].name);
	}
	parse_done(p);
	return 0;
}

/* What no profile knows, such as constants of --set, goes along as it is. */
static void put_rest(const struct convert *c, const json_t *line, enum encode_profile from, bool is_gap, bool first)
{
	const struct encode_field *(*at)(unsigned) = is_gap ? encode_gap_field_at : encode_field_at;
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)line, key, value)
	{
		size_t room = strlen(key) * 6 + 16;
		char *name, *end, *text;

		if (place(at, from, key) >= 0 || (is_gap && place(at, c->to->profile, key) >= 0))
			continue;
		name = malloc(room);
		text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(16));
		if (name && text) {
			*name = ',';
			end = put_text(name + 1, room - 2, key, strlen(key));
			*end++ = ':';
			if (!column_taken(c->to, name, (size_t)(end - name))) { /* else it means another thing there */
				fprintf(c->out, "%.*s%s", (int)(end - name) - first, name + first, text);
				first = false;
			}
		}
		free(name);
		free(text);
	}
}

static void encode_parsed(struct convert *c, struct parsed *p)
{
	c->block.len = c->block.lines = 0;
	if (!c->digits_given)
		c->to->digits = p->digits;
	c->to->given_id = p->community_id;
	if (p->is_gap)
		encode_gap(c->to, &p->gap, &c->block);
	else
		encode_batch(c->to, &c->batch, 0, &c->block);
}

int convert_line(struct convert *c, const char *text, size_t len, struct err *err)
{
	struct parsed p = {
		.batch = &c->batch,
		.gap = {TS_NONE, "", "", 0, TS_NONE, TS_NONE, ""},
		.origin = {.serial = ++c->serial},
	};
	enum encode_profile from;
	json_error_t error;
	json_t *line = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	int ret = 0;

	if (!json_is_object(line)) {
		json_decref(line);
		return err_set(err, EINVAL, "%s", line ? "this is no JSON object" : error.text);
	}
	c->batch.recs[0] = (struct rec){0};
	c->batch.frames[0] = (struct frame){.origin = &p.origin, .caplen = CAPLEN_UNKNOWN};
	c->more = (struct more){0};
	c->batch.nrecs = 1;
	p.is_gap = is_gap(line);
	from = c->from < PROFILES ? c->from : detect(line, p.is_gap ? encode_gap_field_at : encode_field_at);
	ret = take_members(line, from, &p, err);
	if (!ret) {
		encode_parsed(c, &p);
		/* The line, what goes along with it, and its end. */
		fwrite(c->text, 1, c->block.len - c->to->tail_len, c->out);
		put_rest(c, line, from, p.is_gap, c->block.len - c->to->tail_len == 1);
		fwrite(c->to->tail, 1, c->to->tail_len, c->out);
	}
	json_decref(line);
	return ret;
}
