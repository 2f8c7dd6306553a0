/* SPDX-License-Identifier: Apache-2.0 */
#include "app/records.h"

#include "app/message.h"
#include "app/output.h"

#include <errno.h>
#include <string.h>

int records_profile(const char *name, const char *option, enum encode_profile *profile, struct err *err)
{
	char names[256];
	size_t n = 0;

	*profile = encode_profile_find(name);
	if (*profile < PROFILES)
		return 0;
	for (unsigned i = 0; i < PROFILES; i++)
		n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s", i ? ", " : "", encode_profiles[i].name);
	return err_set(err, EINVAL, "%s: there is no profile `%s`; there are %s", option, name, names);
}

int records_kinds(const struct conf *conf, unsigned *kinds, struct err *err)
{
	static const struct {
		const char *name;
		unsigned kind;
	} known[] = {{"packet", RECORD_PACKET}, {"gap", RECORD_GAP}};
	const char *word = conf->records;

	*kinds = 0;
	for (;;) {
		size_t len = strcspn(word, ","), i = 0;

		while (i < 2 && (strlen(known[i].name) != len || memcmp(known[i].name, word, len)))
			i++;
		if (i == 2)
			return err_set(err, EINVAL, "--records: `%.*s` is no kind of record; there are packet and gap",
				       (int)len, word);
		*kinds |= known[i].kind;
		word += len;
		if (!*word++)
			return 0;
	}
}

int records_init(struct encode *e, const struct conf *conf, struct err *err)
{
	struct encode_options options = {
		.fields = conf->fields,
		.constants = conf->constants.items,
		.nconstants = conf->constants.n,
		.digits = conf->ts_digits == TS_DIGITS_DEFAULT ? 6 : (unsigned)conf->ts_digits,
		.time = encode_time_find(conf->ts_format),
	};
	int ret = records_profile(conf->profile, "--profile", &options.profile, err);

	if (ret)
		return ret;
	if (options.time == TIMES)
		return err_set(err, EINVAL, "--ts-format: `%s` is not iso, epoch, epoch-ms or epoch-ns", conf->ts_format);
	return encode_init(e, &options, err);
}

int records_schema(const struct conf *conf)
{
	static struct encode e;
	enum schema_format format = conf->action == CONF_LIST_FIELDS ? SCHEMA_TABLE : encode_schema_find(conf->format);
	struct err err;

	if (format == SCHEMAS) {
		message_error("--format: `%s` is not json-schema, opensearch-template, markdown or list", conf->format);
		return 1;
	}
	if (records_init(&e, conf, &err)) {
		message_error("%s", err.text);
		return 1;
	}
	encode_schema(&e, format, stdout);
	encode_fini(&e);
	return 0;
}
