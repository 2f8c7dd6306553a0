/* SPDX-License-Identifier: Apache-2.0 */
/* The lists as tables, for those who look something up; and the lint of names that Wazuh reads. */
#include "encode/encode.h"

#include "encode/column.h"
#include "encode/put.h"

#include <string.h>

const struct encode_profile_info encode_profiles[PROFILES] = {
#define PROFILE(id, name, wazuh, about) {#name, about, wazuh},
#include "encode/profiles.def"
};

enum encode_profile encode_profile_find(const char *name)
{
	enum encode_profile i = 0;

	while (i < PROFILES && strcmp(encode_profiles[i].name, name))
		i++;
	return i;
}

enum encode_time encode_time_find(const char *name)
{
	static const char *const names[TIMES] = {
		[TIME_ISO] = "iso",
		[TIME_EPOCH] = "epoch",
		[TIME_EPOCH_MS] = "epoch-ms",
		[TIME_EPOCH_NS] = "epoch-ns",
	};
	enum encode_time i = 0;

	while (i < TIMES && strcmp(names[i], name))
		i++;
	return i;
}

enum type_id {
#define TYPE(id, json, index, room, schema) TYPE_##id,
#include "encode/types.def"
};

static const struct encode_type types[] = {
#define TYPE(id, json, index, room, schema) {json, index, schema, room, TYPE_##id == TYPE_TIME},
#include "encode/types.def"
};

const struct encode_field *encode_field_at(unsigned index)
{
	static const struct encode_field fields[FIELDS] = {
#define FIELD(id, type, needs, value, about, sniffer, siem, wazuh, ecs, ocsf, eve, full)                                       \
	{#id, &types[TYPE_##type], needs, about, {sniffer, siem, wazuh, ecs, ocsf, eve, full}},
#include "encode/fields.def"
	};

	return index < FIELDS ? &fields[index] : NULL;
}

const struct encode_field *encode_gap_field_at(unsigned index)
{
	static const struct encode_field fields[] = {
#define GAP(id, type, known, value, about, sniffer, siem, wazuh, ecs, ocsf, eve, full)                                         \
	{#id, &types[TYPE_##type], 0, about, {sniffer, siem, wazuh, ecs, ocsf, eve, full}},
#include "encode/gap.def"
	};

	return index < sizeof(fields) / sizeof(fields[0]) ? &fields[index] : NULL;
}

/*
 * Wazuh's indexer rejects an alert with a flat value of one of these names, or its stock rules take the record for another
 * program's; a static name that is not ours would put our value where another meaning is expected. What has more than 31 bits
 * it spoils.
 */
#define IS(name, other) !__builtin_strcmp(name, other)
#define WAZUH_REJECTS(n)                                                                                                       \
	(IS(n, "audit") || IS(n, "aws") || IS(n, "cis") || IS(n, "docker") || IS(n, "gcp") || IS(n, "github") ||               \
	 IS(n, "hardware") || IS(n, "netinfo") || IS(n, "os") || IS(n, "oscap") || IS(n, "osquery") || IS(n, "office365") ||   \
	 IS(n, "parameters") || IS(n, "port") || IS(n, "process") || IS(n, "program") || IS(n, "sca") ||                       \
	 IS(n, "virustotal") || IS(n, "vulnerability"))
#define SURICATA_HAS(n)                                                                                                        \
	(IS(n, "dns") || IS(n, "http") || IS(n, "tls") || IS(n, "tcp") || IS(n, "flow") || IS(n, "alert") || IS(n, "stats") || \
	 IS(n, "ssh") || IS(n, "icmp") || IS(n, "timestamp") || IS(n, "event_type"))
#define MEANS_ANOTHER(n)                                                                                                       \
	(IS(n, "action") || IS(n, "srcuser") || IS(n, "dstuser") || IS(n, "user") || IS(n, "id") || IS(n, "status") ||         \
	 IS(n, "url") || IS(n, "data") || IS(n, "extra_data") || IS(n, "systemname"))
#define IS_SPOILED(type) (TYPE_##type == TYPE_INTEGER)

#define FIELD(id, type, needs, value, about, sniffer, siem, wazuh, ecs, ocsf, eve, full)                                       \
	CHECK(type, sniffer) CHECK(type, siem) CHECK(type, wazuh)
#define CHECK(type, name)                                                                                                      \
	_Static_assert(!WAZUH_REJECTS(name), "Wazuh's indexer rejects this name");                                             \
	_Static_assert(!SURICATA_HAS(name), "Wazuh takes this name for Suricata's");                                           \
	_Static_assert(!MEANS_ANOTHER(name), "this is another thing to Wazuh");                                                \
	_Static_assert(sizeof(name) == 1 || !IS_SPOILED(type), "Wazuh spoils integers above 2147483647: make it DIGITS");
#include "encode/fields.def"

#define GAP(id, type, known, value, about, sniffer, siem, wazuh, ecs, ocsf, eve, full)                                         \
	CHECK(type, sniffer) CHECK(type, siem) CHECK(type, wazuh)
#include "encode/gap.def"
