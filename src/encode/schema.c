/* SPDX-License-Identifier: Apache-2.0 */
/* Documents about the records, made from the same table as the records. */
#include "encode/encode.h"

#include "encode/column.h"

#include <string.h>

enum schema_format encode_schema_find(const char *name)
{
	static const char *const names[SCHEMAS] = {
		[SCHEMA_JSON] = "json-schema",
		[SCHEMA_TEMPLATE] = "opensearch-template",
		[SCHEMA_MARKDOWN] = "markdown",
		[SCHEMA_LIST] = "list",
	};
	enum schema_format i = 0;

	while (i < SCHEMAS && (!names[i] || strcmp(names[i], name)))
		i++;
	return i;
}

/* A key of the encoder's records. */
struct key {
	char name[1024];
	const struct encode_field *field;
	struct encode_type type;
};

/* A time has the type that was chosen for it. */
static struct encode_type time_type(const struct encode *e, const struct encode_type *type)
{
	static const struct encode_type forms[TIMES] = {
		[TIME_EPOCH] = {"number", "date", "", 24, true},
		[TIME_EPOCH_MS] = {"integer", "date", "", 24, true},
	};

	if (e->time == TIME_ISO)
		return *type;
	if (e->time_quoted)
		return (struct encode_type){"string", "keyword", ",\"pattern\":\"^-?[0-9]+([.][0-9]+)?$\"", 24, true};
	return forms[e->time];
}

static void describe(const struct encode *e, const struct encode_field *field, struct key *key)
{
	key->field = field;
	key->type = field->type->is_time ? time_type(e, field->type) : *field->type;
}

/* The i-th key of a packet's record; false after the last. */
static bool packet_key(const struct encode *e, unsigned i, struct key *key)
{
	unsigned end = e->columns ? e->ncolumns : FIELDS, n = 0;

	for (unsigned f = 0; f < end; f++) {
		unsigned field = e->columns ? e->columns[f].field : f;

		column_name(e, field, key->name, sizeof(key->name));
		if (!*key->name || n++ != i)
			continue;
		describe(e, encode_field_at(field), key);
		return true;
	}
	return false;
}

/* The i-th key of a gap's record. */
static bool gap_key(const struct encode *e, unsigned i, struct key *key)
{
	const struct encode_field *field;

	for (unsigned f = 0, n = 0; (field = encode_gap_field_at(f)); f++) {
		if (!*field->names[e->profile] || n++ != i)
			continue;
		snprintf(key->name, sizeof(key->name), "%s", field->names[e->profile]);
		describe(e, field, key);
		return true;
	}
	return false;
}

typedef bool key_at(const struct encode *e, unsigned i, struct key *key);

static bool has_key(const struct encode *e, key_at *key_at_of, const char *name)
{
	struct key key;

	for (unsigned i = 0; key_at_of(e, i, &key); i++)
		if (!strcmp(key.name, name))
			return true;
	return false;
}

static const char *profile_name(const struct encode *e)
{
	return e->columns ? "of --fields" : encode_profiles[e->profile].name;
}

/* The constants, as a text of `,"key":"value"` that the tail begins with. */
static void each_constant(const struct encode *e, void (*emit)(const char *key, size_t len, FILE *out), FILE *out)
{
	const char *p = e->tail, *end = e->tail + e->tail_len - 2;

	while (p < end) {
		const char *key = ++p, *key_end = key;

		for (int strings = 0; strings < 2; strings++) {
			while (*++p != '"')
				p += *p == '\\';
			if (strings == 0)
				key_end = p + 1;
			p += strings ? 1 : 2;
		}
		emit(key, (size_t)(key_end - key), out);
	}
}

static void constant_property(const char *key, size_t len, FILE *out)
{
	fprintf(out, ",\n        %.*s: {\"type\":\"string\",\"description\":\"constant of --set\"}", (int)len, key);
}

/* What is in every record is required. */
static bool is_required(const struct key *key)
{
	uint64_t needs = key->field->needs;

	return needs ? needs == HAS_ALWAYS || needs == HAS_WIRELEN
		     : !key->type.is_time && strcmp(key->type.json, "integer") != 0;
}

static void kind_schema(const struct encode *e, const char *title, key_at *key_at_of, FILE *out)
{
	struct key key;

	fprintf(out, "    {\n      \"title\": \"%s\",\n      \"properties\": {\n", title);
	for (unsigned i = 0; key_at_of(e, i, &key); i++)
		fprintf(out, "%s        \"%s\": {\"type\":\"%s\"%s,\"description\":\"%s\"}", i ? ",\n" : "", key.name,
			key.type.json, key.type.schema, key.field->about);
	each_constant(e, constant_property, out);
	fputs("\n      },\n      \"required\": [", out);
	for (unsigned i = 0, n = 0; key_at_of(e, i, &key); i++)
		if (is_required(&key))
			fprintf(out, "%s\"%s\"", n++ ? ", " : "", key.name);
	fputs("],\n      \"additionalProperties\": false\n    }", out);
}

static void json_schema(const struct encode *e, FILE *out)
{
	fprintf(out,
		"{\n"
		"  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
		"  \"title\": \"tapline record, profile %s\",\n"
		"  \"type\": \"object\",\n"
		"  \"anyOf\": [\n",
		profile_name(e));
	kind_schema(e, "packet", packet_key, out);
	fputs(",\n", out);
	kind_schema(e, "gap", gap_key, out);
	fputs("\n  ]\n}\n", out);
}

static void constant_mapping(const char *key, size_t len, FILE *out)
{
	fprintf(out, ",\n        %.*s: {\"type\": \"keyword\"}", (int)len, key);
}

static void mapping(const struct encode *e, const struct key *key, bool first, FILE *out)
{
	const char *format = "";

	if (!strncmp(key->type.index, "date", 4) && e->time == TIME_EPOCH)
		format = ", \"format\": \"epoch_second\"";
	else if (!strncmp(key->type.index, "date", 4))
		format = e->time == TIME_EPOCH_MS ? ", \"format\": \"epoch_millis\""
						  : ", \"format\": \"strict_date_optional_time_nanos\"";
	fprintf(out, "%s        \"%s\": {\"type\": \"%s\"%s}", first ? "" : ",\n", key->name, key->type.index, format);
}

static void opensearch_template(const struct encode *e, FILE *out)
{
	struct key key;

	fputs("{\n"
	      "  \"index_patterns\": [\"tapline-*\"],\n"
	      "  \"template\": {\n"
	      "    \"mappings\": {\n"
	      "      \"dynamic\": false,\n"
	      "      \"properties\": {\n",
	      out);
	for (unsigned i = 0; packet_key(e, i, &key); i++)
		mapping(e, &key, i == 0, out);
	for (unsigned i = 0; gap_key(e, i, &key); i++)
		if (!has_key(e, packet_key, key.name))
			mapping(e, &key, false, out);
	each_constant(e, constant_mapping, out);
	fputs("\n      }\n    }\n  }\n}\n", out);
}

static void markdown_table(const struct encode *e, key_at *key_at_of, FILE *out)
{
	struct key key;

	fputs("| key | type | meaning |\n|---|---|---|\n", out);
	for (unsigned i = 0; key_at_of(e, i, &key); i++)
		fprintf(out, "| `%s` | %s | %s |\n", key.name, key.type.json, key.field->about);
}

static void markdown(const struct encode *e, FILE *out)
{
	fprintf(out, "A packet, profile %s:\n\n", profile_name(e));
	markdown_table(e, packet_key, out);
	fputs("\nA gap:\n\n", out);
	markdown_table(e, gap_key, out);
}

static void list(const struct encode *e, FILE *out)
{
	struct key key;

	for (unsigned i = 0; packet_key(e, i, &key); i++)
		fprintf(out, "%s\t%s\t%s\t%s\n", key.name, key.type.json, key.field->id, key.field->about);
}

static void table(const struct encode *e, FILE *out)
{
	struct key key;
	int width = 0;

	for (unsigned i = 0; packet_key(e, i, &key); i++)
		width = width < (int)strlen(key.name) ? (int)strlen(key.name) : width;
	for (unsigned i = 0; packet_key(e, i, &key); i++)
		fprintf(out, "%-*s %-8s %s\n", width + 1, key.name, key.type.json, key.field->about);
}

void encode_schema(const struct encode *e, enum schema_format format, FILE *out)
{
	static void (*const forms[SCHEMAS])(const struct encode *e, FILE *out) = {
		[SCHEMA_JSON] = json_schema,  [SCHEMA_TEMPLATE] = opensearch_template,
		[SCHEMA_MARKDOWN] = markdown, [SCHEMA_LIST] = list,
		[SCHEMA_TABLE] = table,
	};

	forms[format](e, out);
}
