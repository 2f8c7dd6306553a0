/* SPDX-License-Identifier: Apache-2.0 */
#include "encode/column.h"

#include "encode/put.h"

#include <errno.h>
#include <stdlib.h>

enum {
	NAME_MAX_BYTES = 128, /* of a key that somebody chooses */
	VALUE_MAX_BYTES = 1024,
	TAIL_MAX_BYTES = 32 << 10, /* of all constants: Wazuh loses lines of 64 KiB, and a block has to hold some */
};

/* The field whose id is the first len bytes of name, or FIELDS. */
static enum field find(const char *name, size_t len)
{
	const struct encode_field *field;
	unsigned i = 0;

	for (; (field = encode_field_at(i)); i++)
		if (strlen(field->id) == len && !memcmp(field->id, name, len))
			break;
	return (enum field)i;
}

void column_name(const struct encode *e, unsigned field, char *out, size_t size)
{
	*out = '\0';
	if (!e->columns)
		snprintf(out, size, "%s", encode_field_at(field)->names[e->profile]);
	for (uint32_t i = 0; i < e->ncolumns; i++)
		if (e->columns[i].field == field) /* ,"key": without what is around it */
			snprintf(out, size, "%.*s", (int)e->columns[i].key_len - 4, e->columns[i].key + 2);
}

bool column_taken(const struct encode *e, const char *key, size_t len)
{
	char name[NAME_MAX_BYTES * 6];

	for (unsigned i = 0; i < FIELDS; i++) {
		column_name(e, i, name, sizeof(name));
		if (*name && strlen(name) == len - 4 && !memcmp(name, key + 2, len - 4))
			return true;
	}
	return e->tail && memmem(e->tail, e->tail_len, key, len);
}

/* ,"name": allocated; its length, or -errno with *err filled. */
static ssize_t make_key(const char *name, size_t len, char **key, struct err *err)
{
	char *p;

	if (!len || len > NAME_MAX_BYTES)
		return err_set(err, EINVAL, "a key has 1 to %d bytes, and not as many as `%.*s`", NAME_MAX_BYTES, (int)len,
			       name);
	*key = p = malloc(len * 6 + PUT_SLACK);
	if (!p)
		return err_set(err, ENOMEM, "no memory for the key `%.*s`", (int)len, name);
	*p++ = ',';
	p = put_text(p, len * 6 + PUT_SLACK / 2, name, len);
	*p++ = ':';
	return p - *key;
}

/* "ours" or "ours=new" of len bytes. */
static int add_column(struct encode *e, const char *word, size_t len, struct err *err)
{
	const char *equals = memchr(word, '=', len);
	size_t ours_len = equals ? (size_t)(equals - word) : len;
	const char *name = equals ? equals + 1 : word;
	enum field field = find(word, ours_len);
	struct encode_column *c = &e->columns[e->ncolumns];
	ssize_t key_len;

	if (field == FIELDS)
		return err_set(err, EINVAL,
			       "--fields: there is no field `%.*s` (tapline --profile full --list-fields lists them)",
			       (int)ours_len, word);
	if (e->ncolumns == FIELDS)
		return err_set(err, E2BIG, "--fields: more fields than there are");
	for (uint32_t i = 0; i < e->ncolumns; i++)
		if (e->columns[i].field == field)
			return err_set(err, EINVAL, "--fields: `%.*s` is there twice", (int)ours_len, word);
	key_len = make_key(name, len - (size_t)(name - word), &c->key, err);
	if (key_len < 0)
		return (int)key_len;
	*c = (struct encode_column){field, encode_field_at(field)->needs, (uint32_t)key_len, c->key};
	if (column_taken(e, c->key, c->key_len)) {
		free(c->key);
		return err_set(err, EINVAL, "--fields: two fields are called `%.*s`", (int)(len - (size_t)(name - word)), name);
	}
	e->ncolumns++;
	return 0;
}

int column_parse(struct encode *e, const char *list, struct err *err)
{
	int ret = 0;

	e->columns = calloc(FIELDS + 1, sizeof(*e->columns));
	if (!e->columns)
		return err_set(err, ENOMEM, "no memory for the fields");
	do {
		size_t len = strcspn(list, ",");

		if (!len)
			return err_set(err, EINVAL, "--fields: an empty name; as in `ts,src_ip=source,dport`");
		ret = add_column(e, list, len, err);
		list += len;
	} while (!ret && *list++ == ',');
	return ret;
}

void column_free(struct encode *e)
{
	for (uint32_t i = 0; i < e->ncolumns; i++)
		free(e->columns[i].key);
	free(e->columns);
	e->columns = NULL;
	e->ncolumns = 0;
}

/* Whether the record of a gap has this key. */
static bool gap_has(const struct encode *e, const char *name, size_t len)
{
	const struct encode_field *field;

	for (unsigned i = 0; (field = encode_gap_field_at(i)); i++)
		if (strlen(field->names[e->profile]) == len && !memcmp(field->names[e->profile], name, len))
			return true;
	return false;
}

/* Appends ,"key":"value" to the tail, which has room for it. */
static int add_constant(struct encode *e, const char *word, struct err *err)
{
	const char *equals = strchr(word, '=');
	size_t value_len = equals ? strlen(equals + 1) : 0;
	char *key = NULL;
	ssize_t key_len;

	if (!equals || equals == word)
		return err_set(err, EINVAL, "--set: `%s` is not KEY=VALUE", word);
	if (value_len > VALUE_MAX_BYTES)
		return err_set(err, E2BIG, "--set: the value of `%.*s` has %zu bytes, at most %d are taken",
			       (int)(equals - word), word, value_len, VALUE_MAX_BYTES);
	key_len = make_key(word, (size_t)(equals - word), &key, err);
	if (key_len < 0)
		return (int)key_len;
	if (column_taken(e, key, (size_t)key_len) || gap_has(e, word, (size_t)(equals - word))) {
		free(key);
		return err_set(err, EINVAL, "--set: a record has `%.*s` already", (int)(equals - word), word);
	}
	memcpy(e->tail + e->tail_len, key, (size_t)key_len);
	e->tail_len += (uint32_t)key_len;
	free(key);
	e->tail_len =
		(uint32_t)(put_text(e->tail + e->tail_len, value_len * 6 + PUT_SLACK / 2, equals + 1, value_len) - e->tail);
	return 0;
}

int tail_make(struct encode *e, const char *const *constants, unsigned n, struct err *err)
{
	size_t room = 2 * PUT_SLACK;
	int ret = 0;

	for (unsigned i = 0; i < n; i++)
		room += strlen(constants[i]) * 6 + 2 * PUT_SLACK;
	e->tail = calloc(1, room);
	if (!e->tail)
		return err_set(err, ENOMEM, "no memory for the constants of --set");
	for (unsigned i = 0; i < n && !ret; i++)
		ret = add_constant(e, constants[i], err);
	e->tail[e->tail_len++] = '}';
	e->tail[e->tail_len++] = '\n';
	if (!ret && e->tail_len > TAIL_MAX_BYTES)
		ret = err_set(err, E2BIG, "--set: these constants make %u bytes of every record; at most %d are taken",
			      e->tail_len, TAIL_MAX_BYTES);
	return ret;
}
