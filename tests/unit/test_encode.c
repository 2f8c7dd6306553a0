/* SPDX-License-Identifier: Apache-2.0 */
/* Values and lines, to the byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "encode/encode.h"
#include "encode/put.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct encode encoder;
static char buffer[BLOCK_SIZE];

static void init(struct encode_options options)
{
	struct err err;

	encode_fini(&encoder);
	if (encode_init(&encoder, &options, &err))
		fail_msg("%s", err.text);
}

static void expect_text(char *end, const char *expected)
{
	*end = '\0';
	assert_string_equal(buffer, expected);
}

static void numbers(void **state)
{
	static const uint32_t borders[] = {0,        1,         9,         10,         99,         100,
					   999,      1000,      9999,      10000,      65535,      99999,
					   100000,   100001,    999999,    1000000,    9999999,    10000000,
					   99999999, 100000000, 999999999, 1000000000, 2147483647, 4294967295};
	char expected[32];

	(void)state;
	init((struct encode_options){0});
	for (uint32_t v = 0; v < 1000000; v++) {
		snprintf(expected, sizeof(expected), "%u", v);
		expect_text(put_six(&encoder, buffer, v), expected);
	}
	for (size_t i = 0; i < sizeof(borders) / sizeof(borders[0]); i++) {
		snprintf(expected, sizeof(expected), "%u", borders[i]);
		expect_text(put_u32(&encoder, buffer, borders[i]), expected);
		expect_text(put_u64(&encoder, buffer, borders[i]), expected);
	}
	for (uint32_t i = 0, v = 1; i < 1000000; i++) {
		v = v * 1664525 + 1013904223;
		snprintf(expected, sizeof(expected), "%u", v >> (i % 32));
		expect_text(put_u32(&encoder, buffer, v >> (i % 32)), expected);
	}
	for (uint32_t v = 0; v < 256; v++) {
		snprintf(expected, sizeof(expected), "%u", v);
		expect_text(put_u8(&encoder, buffer, (uint8_t)v), expected);
	}
}

static void ipv4_addresses(void **state)
{
	uint8_t addr[16] = {0};
	char expected[32];
	uint32_t v = 7;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		v = v * 1664525 + 1013904223;
		memcpy(addr, &v, 4);
		snprintf(expected, sizeof(expected), "\"%u.%u.%u.%u\"", addr[0], addr[1], addr[2], addr[3]);
		expect_text(put_ip(&encoder, buffer, addr, 0), expected);
	}
}

/* The C library's text is RFC 5952's. Groups are zero often, so that all runs come. */
static void ipv6_addresses(void **state)
{
	uint8_t addr[16];
	char expected[INET6_ADDRSTRLEN];
	uint64_t v = 7;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		for (int group = 0; group < 8; group++) {
			static const uint16_t masks[] = {0, 0, 0, 0xffff, 0x0001, 0x00f0, 0xffff, 0x0fff};

			v = v * 6364136223846793005u + 1442695040888963407u;
			uint16_t value = (uint16_t)(v >> 40) & masks[v >> 61];

			if (i % 5 == 0 && group == 5)
				value = 0xffff;
			addr[2 * group] = (uint8_t)(value >> 8);
			addr[2 * group + 1] = (uint8_t)value;
		}
		assert_non_null(inet_ntop(AF_INET6, addr, expected, sizeof(expected)));
		expect_text(put_ipv6_text(buffer, addr), expected);
	}
}

static void expect_time(unsigned digits, int64_t ts, const char *expected)
{
	init((struct encode_options){.digits = digits});
	expect_text(put_time(&encoder, buffer, ts), expected);
}

static void times(void **state)
{
	(void)state;
	expect_time(6, 1767323045123456789, "\"2026-01-02T03:04:05.123456Z\"");
	expect_time(0, 1767323045999999999, "\"2026-01-02T03:04:05Z\"");
	expect_time(3, 1767323045123456789, "\"2026-01-02T03:04:05.123Z\"");
	expect_time(9, 1767323045000000001, "\"2026-01-02T03:04:05.000000001Z\"");
	expect_time(6, 0, "\"1970-01-01T00:00:00.000000Z\"");
	expect_time(9, -1, "\"1969-12-31T23:59:59.999999999Z\"");
	expect_time(6, 951782400000000000, "\"2000-02-29T00:00:00.000000Z\"");
	expect_time(6, 4107542400000000000, "\"2100-03-01T00:00:00.000000Z\"");
	expect_time(9, INT64_MAX, "\"2262-04-11T23:47:16.854775807Z\"");
	expect_time(9, INT64_MIN + 1, "\"1677-09-21T00:12:43.145224193Z\"");
}

/* Seconds that come and go in any order against the C library's calendar. */
static void times_agree_with_libc(void **state)
{
	uint64_t v = 3;

	(void)state;
	init((struct encode_options){.digits = 9});
	for (int i = 0; i < 200000; i++) {
		char expected[64], second[32];
		struct tm tm;
		int64_t ts, ns;
		time_t t;

		v = v * 6364136223846793005u + 1442695040888963407u;
		ts = (int64_t)v == INT64_MIN ? 0 : (int64_t)v;
		ns = ts % 1000000000;
		t = ts / 1000000000;
		if (ns < 0) {
			ns += 1000000000;
			t--;
		}
		assert_non_null(gmtime_r(&t, &tm));
		strftime(second, sizeof(second), "%Y-%m-%dT%H:%M:%S", &tm);
		snprintf(expected, sizeof(expected), "\"%s.%09" PRId64 "Z\"", second, ns);
		expect_text(put_time(&encoder, buffer, ts), expected);
	}
}

static void flags(void **state)
{
	(void)state;
	expect_text(put_flags(&encoder, buffer, 0x002), "\"S\"");
	expect_text(put_flags(&encoder, buffer, 0x012), "\"SA\"");
	expect_text(put_flags(&encoder, buffer, 0x000), "\"\"");
	expect_text(put_flags(&encoder, buffer, 0x029), "\"FPU\"");
	expect_text(put_flags(&encoder, buffer, 0x1ff), "\"FSRPAUECN\"");
}

static const struct origin eth0 = {.capture = "a\\b\n\xff.pcap", .serial = 1, .iface_len = 5, .iface = "eth\xc3\xbc"};
static struct more more[BATCH_MAX];

/* What this encoder makes of a record and what is known beside it. */
static void expect_encoded(const struct rec *r, const struct more *m, const char *expected)
{
	static struct rec recs[BATCH_MAX];
	static struct batch batch = {.recs = recs};
	struct block block = {.text = buffer};

	memset(buffer, 'x', 4096);
	batch.frames[0] = (struct frame){.number = 7, .caplen = 54, .wirelen = 60, .origin = &eth0};
	batch.recs[0] = *r;
	batch.nrecs = 1;
	if (m)
		more[0] = *m;
	batch.more = m ? more : NULL;
	assert_int_equal(encode_batch(&encoder, &batch, 0, &block), 1);
	assert_int_equal(block.lines, 1);
	buffer[block.len] = '\0';
	assert_string_equal(buffer, expected);
}

static void expect_line(const struct rec *r, const char *expected)
{
	init((struct encode_options){.digits = 6});
	expect_encoded(r, NULL, expected);
}

enum {
	IP_KNOWN = HAS_TS | HAS_SRC | HAS_DST | HAS_PROTO | HAS_PROTO_NAME | HAS_WIRELEN
};

static const struct rec tcp = {
	.ts = 1767323045123456000,
	.src = {192, 0, 2, 1},
	.dst = {192, 0, 2, 2},
	.wirelen = 60,
	.has = IP_KNOWN | HAS_PORTS | HAS_TCP_FLAGS | HAS_PAYLOAD_LEN,
	.payload_len = 6,
	.sport = 40000,
	.dport = 22,
	.tcp_flags = 2,
	.proto = 6,
	.proto_name = PROTO_NAME_TCP,
};

static void lines(void **state)
{
	struct rec r = tcp;

	(void)state;
	expect_line(&r, "{\"ts\":\"2026-01-02T03:04:05.123456Z\",\"src_ip\":\"192.0.2.1\",\"dst_ip\":\"192.0.2.2\",\"proto\":6,"
			"\"pkt_len\":60,\"proto_name\":\"tcp\",\"sport\":40000,\"dport\":22,\"flags\":\"S\",\"syn\":true,"
			"\"rst\":false}\n");
	r.has &= ~(uint32_t)HAS_TS;
	r.has |= HAS_V6;
	r.tcp_flags = 4;
	expect_line(&r,
		    "{\"src_ip\":\"c000:201::\",\"dst_ip\":\"c000:202::\",\"proto\":6,\"pkt_len\":60,\"proto_name\":\"tcp\","
		    "\"sport\":40000,\"dport\":22,\"flags\":\"R\",\"syn\":false,\"rst\":true}\n");
	r = tcp;
	r.has = IP_KNOWN | HAS_PORTS;
	r.proto = 17;
	r.proto_name = PROTO_NAME_UDP;
	expect_line(&r,
		    "{\"ts\":\"2026-01-02T03:04:05.123456Z\",\"src_ip\":\"192.0.2.1\",\"dst_ip\":\"192.0.2.2\",\"proto\":17,"
		    "\"pkt_len\":60,\"proto_name\":\"udp\",\"sport\":40000,\"dport\":22}\n");
	r.has = IP_KNOWN | HAS_ICMP_TYPE | HAS_ICMP_CODE;
	r.proto = 1;
	r.proto_name = PROTO_NAME_ICMP;
	r.icmp_type = 8;
	expect_line(&r, "{\"ts\":\"2026-01-02T03:04:05.123456Z\",\"src_ip\":\"192.0.2.1\",\"dst_ip\":\"192.0.2.2\",\"proto\":1,"
			"\"pkt_len\":60,\"proto_name\":\"icmp\",\"icmp_type\":8}\n");
	r.has = (IP_KNOWN & ~HAS_DST) | HAS_OTHER_PORTS;
	r.proto = 132;
	r.proto_name = PROTO_NAME_OTHER;
	expect_line(&r, "{\"ts\":\"2026-01-02T03:04:05.123456Z\",\"src_ip\":\"192.0.2.1\",\"proto\":132,"
			"\"pkt_len\":60,\"proto_name\":\"other\"}\n");
}

static const struct more known = {
	.has = HAS_TTL | HAS_IP_ID | HAS_FRAG_OFF | HAS_DF | HAS_TCP_NUMBERS | HAS_TCP_WINDOW | HAS_MACS | HAS_VLAN |
	       HAS_ETHER_TYPE,
	.src_mac = {2, 0, 0, 0, 0, 0xab},
	.dst_mac = {2, 0, 0, 0, 0, 0xcd},
	.vlan = 100,
	.ether_type = 0x0800,
	.ip_id = 4321,
	.ttl = 64,
	.tos = 0xb9,
	.df = true,
	.tcp_seq = 4294967295,
	.tcp_ack = 1,
	.tcp_window = 65535,
};

static void profiles(void **state)
{
	static const struct {
		enum encode_profile profile;
		const char *line;
	} cases[] = {
		{PROFILE_SIEM, "{\"ts\":\"2026-01-02T03:04:05.123456Z\",\"src_ip\":\"192.0.2.1\",\"dst_ip\":\"192.0.2.2\","
			       "\"protocol\":\"tcp\","
			       "\"src_port\":40000,\"dst_port\":22,\"flags\":\"S\",\"payload_len\":6}\n"},
		{PROFILE_WAZUH,
		 "{\"ts\":\"2026-01-02T03:04:05.123456Z\",\"srcip\":\"192.0.2.1\",\"dstip\":\"192.0.2.2\",\"proto\":6,"
		 "\"pkt_len\":60,\"protocol\":\"tcp\",\"srcport\":40000,\"dstport\":22,\"flags\":\"S\",\"syn\":true,\"rst\":"
		 "false,"
		 "\"payload_len\":6,\"iface\":\"ethü\",\"vlan\":100}\n"},
		{PROFILE_ECS,
		 "{\"@timestamp\":\"2026-01-02T03:04:05.123456Z\",\"event.kind\":\"event\",\"event.dataset\":\"tapline."
		 "packet\","
		 "\"ecs.version\":\"8.11.0\",\"source.ip\":\"192.0.2.1\",\"destination.ip\":\"192.0.2.2\","
		 "\"network.iana_number\":\"6\",\"network.bytes\":60,\"network.transport\":\"tcp\",\"source.port\":40000,"
		 "\"destination.port\":22,\"tapline.tcp_flags\":\"S\",\"tapline.payload_len\":6,"
		 "\"network.community_id\":\"1:JVThucTMXWwQd4CzK1zoyKXez6o=\",\"network.type\":\"ipv4\","
		 "\"observer.ingress.interface.name\":\"ethü\",\"source.mac\":\"02-00-00-00-00-AB\","
		 "\"destination.mac\":\"02-00-00-00-00-CD\",\"network.vlan.id\":\"100\"}\n"},
		{PROFILE_FULL,
		 "{\"ts\":\"2026-01-02T03:04:05.123456Z\",\"src_ip\":\"192.0.2.1\",\"dst_ip\":\"192.0.2.2\",\"proto\":6,"
		 "\"pkt_len\":60,\"proto_name\":\"tcp\",\"proto_keyword\":\"tcp\",\"sport\":40000,\"dport\":22,\"flags\":\"S\","
		 "\"syn\":true,\"rst\":"
		 "false,"
		 "\"fin\":false,\"psh\":false,\"ack\":false,\"urg\":false,\"ece\":false,\"cwr\":false,\"ns\":false,"
		 "\"tcp_seq\":\"4294967295\",\"tcp_ack\":\"1\",\"tcp_window\":65535,\"payload_len\":6,"
		 "\"community_id\":\"1:JVThucTMXWwQd4CzK1zoyKXez6o=\",\"ip_version\":4,\"ttl\":64,\"dscp\":46,\"ecn\":1,"
		 "\"ip_id\":4321,\"df\":true,\"frag\":false,\"iface\":\"ethü\",\"src_mac\":\"02:00:00:00:00:ab\","
		 "\"dst_mac\":\"02:00:00:00:00:cd\",\"vlan\":100,\"ether_type\":2048,\"cap_len\":54,\"frame\":7,"
		 "\"capture\":\"a\\\\b\\u000a\\\\xff.pcap\"}\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		init((struct encode_options){.digits = 6, .profile = cases[i].profile});
		assert_true(encode_wants_more(&encoder) == (cases[i].profile != PROFILE_SIEM));
		expect_encoded(&tcp, &known, cases[i].line);
	}
}

/* In no profile do two fields have the same name. */
static void names_are_unique(void **state)
{
	const struct encode_field *field;
	const char *names[256];

	(void)state;
	for (unsigned profile = 0; profile < PROFILES; profile++) {
		unsigned n = 0;

		for (unsigned i = 0; (field = encode_field_at(i)); i++) {
			if (!*field->names[profile])
				continue;
			names[n] = field->names[profile];
			for (unsigned k = 0; k < n; k++)
				assert_string_not_equal(names[k], names[n]);
			n++;
		}
		assert_true(n >= 8);
	}
}

static void chosen_fields(void **state)
{
	static const char *const constants[] = {"sensor=dmz \"1\"", "site=a=b"};
	static const struct {
		const char *fields, *message;
	} wrong[] = {
		{"ts,nonsense", "there is no field `nonsense`"},
		{"ts,ts=t", "`ts` is there twice"},
		{"ts=a,proto=a", "two fields are called `a`"},
		{"ts,", "an empty name"},
		{"", "an empty name"},
		{"ts=", "a key has 1 to"},
		{"ts=sensor", "a record has `sensor` already"},
	};
	struct err err;

	(void)state;
	init((struct encode_options){.fields = "dport,src_ip=who,frame,icmp_type", .constants = constants, .nconstants = 2});
	expect_encoded(&tcp, NULL,
		       "{\"dport\":22,\"who\":\"192.0.2.1\",\"frame\":7,\"sensor\":\"dmz \\\"1\\\"\",\"site\":\"a=b\"}\n");
	init((struct encode_options){.fields = "icmp_type"});
	expect_encoded(&tcp, NULL, "{}\n");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct encode_options options = {.fields = wrong[i].fields, .constants = constants, .nconstants = 1};

		encode_fini(&encoder);
		assert_true(encode_init(&encoder, &options, &err) < 0);
		if (!strstr(err.text, wrong[i].message))
			fail_msg("%s: %s", wrong[i].fields, err.text);
	}
}

static void time_formats(void **state)
{
	static const struct {
		enum encode_profile profile;
		enum encode_time time;
		unsigned digits;
		int64_t ts;
		const char *text;
	} cases[] = {
		{PROFILE_FULL, TIME_EPOCH, 0, 1767323045123456789, "1767323045"},
		{PROFILE_FULL, TIME_EPOCH, 6, 1767323045123456789, "1767323045.123456"},
		{PROFILE_FULL, TIME_EPOCH, 9, 1767323045123456789, "\"1767323045.123456789\""},
		{PROFILE_SNIFFER, TIME_EPOCH, 0, 1767323045123456789, "\"1767323045\""},
		{PROFILE_FULL, TIME_EPOCH, 3, -1500000000, "-1.500"},
		{PROFILE_FULL, TIME_EPOCH_MS, 6, 1767323045123956789, "1767323045123"},
		{PROFILE_WAZUH, TIME_EPOCH_MS, 6, 1767323045123956789, "\"1767323045123\""},
		{PROFILE_FULL, TIME_EPOCH_MS, 6, -1, "-1"},
		{PROFILE_FULL, TIME_EPOCH_NS, 6, 1767323045123456789, "\"1767323045123456789\""},
		{PROFILE_FULL, TIME_EPOCH_NS, 6, INT64_MIN + 1, "\"-9223372036854775807\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		init((struct encode_options){.digits = cases[i].digits, .time = cases[i].time, .profile = cases[i].profile});
		expect_text(put_ts(&encoder, buffer, cases[i].ts), cases[i].text);
	}
}

/* Names from outside hold any byte, and give valid UTF-8 in any case. */
static void texts(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"eth0", "\"eth0\""},
		{"a\"b\\c", "\"a\\\"b\\\\c\""},
		{"\x01\n\x7f", "\"\\u0001\\u000a\\u007f\""},
		{"\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80\""},
		{"\xff\xc3", "\"\\\\xff\\\\xc3\""},
		{"\xc0\xaf", "\"\\\\xc0\\\\xaf\""},                       /* overlong */
		{"\xed\xa0\x80", "\"\\\\xed\\\\xa0\\\\x80\""},            /* a surrogate */
		{"\xf4\x90\x80\x80", "\"\\\\xf4\\\\x90\\\\x80\\\\x80\""}, /* above U+10FFFF */
		{"\xe2\x82", "\"\\\\xe2\\\\x82\""},
	};
	char all[20];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_text(put_text(buffer, sizeof(buffer), cases[i].in, strlen(cases[i].in)), cases[i].out);
	memset(all, 1, sizeof(all));
	for (size_t room = 8; room < 200; room++) {
		memset(buffer, '#', 256);
		assert_true(put_text(buffer, room, all, sizeof(all)) <= buffer + room);
		assert_int_equal(buffer[room], '#');
	}
}

/* The specification's vectors, in both directions. */
static void community_ids(void **state)
{
	static const uint8_t v4a[16] = {1, 2, 3, 4}, v4b[16] = {5, 6, 7, 8};
	static const uint8_t v6a[16] = {0xfe, 0x80, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0xa, 0xb, 0xc, 0xd};
	static const uint8_t v6b[16] = {0xfe, 0x80, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15,
					0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d};
	static const struct {
		uint8_t proto;
		bool v6;
		uint16_t a, b; /* ports; ICMP: type and its answer, or type and code */
		bool both_ways;
		const char *id;
	} cases[] = {
		{6, false, 1122, 3344, true, "1:wCb3OG7yAFWelaUydu0D+125CLM="},
		{17, false, 1122, 3344, true, "1:0Mu9InQx6z4ZiCZM/7HXi2WMhOg="},
		{132, false, 1122, 3344, true, "1:EKt4MsxuyaE6mL+hmrEkQ9csDD8="},
		{1, false, 8, 0, true, "1:crodRHL2FEsHjbv3UkRrfbs4bZ0="},
		{1, false, 11, 0, false, "1:f/YiSyWqczrTgfUCZlBUnvHRcPk="},
		{58, true, 128, 129, true, "1:0bf7hyMJUwt3fMED7z8LIfRpBeo="},
		{58, true, 146, 0, false, "1:fYC8+pz24E+EhANP1EZhpX0Dw10="},
		{46, false, 0, 0, true, "1:ikv3kmf89luf73WPz1jOs49S768="},
	};
	struct community *c = community_new();

	(void)state;
	assert_non_null(c);
	for (size_t i = 0; i < 3 * sizeof(cases) / sizeof(cases[0]); i++) {
		bool icmp = cases[i / 3].proto == 1 || cases[i / 3].proto == 58;
		bool back = i % 3 == 1 && cases[i / 3].both_ways;
		struct rec r = {
			.has = HAS_SRC | HAS_DST | HAS_PROTO | HAS_PORTS | HAS_ICMP_TYPE | HAS_ICMP_CODE |
			       (cases[i / 3].v6 ? HAS_V6 : 0),
			.proto = cases[i / 3].proto,
			.sport = back ? cases[i / 3].b : cases[i / 3].a,
			.dport = back ? cases[i / 3].a : cases[i / 3].b,
		};

		r.icmp_type = (uint8_t)r.sport;
		r.icmp_code = icmp && cases[i / 3].both_ways ? 0 : (uint8_t)r.dport;
		memcpy(back ? r.dst : r.src, cases[i / 3].v6 ? v6a : v4a, 16);
		memcpy(back ? r.src : r.dst, cases[i / 3].v6 ? v6b : v4b, 16);
		assert_true(community_defined(&r));
		assert_memory_equal(community_id(c, &r), cases[i / 3].id, COMMUNITY_LEN);
	}
	community_free(c);
}

/* Every value at its longest, in every profile, stays under the bound that blocks are filled by. */
static void longest_line(void **state)
{
	static const char *const constants[] = {"key=value"};
	static struct rec recs[BATCH_MAX];
	static struct batch batch = {.recs = recs};
	static char path[5000];
	static struct origin origin = {.capture = path, .serial = 2, .iface_len = ORIGIN_IFACE_MAX};
	struct rec r = tcp;

	(void)state;
	memset(path, 1, sizeof(path) - 1);
	memset(origin.iface, 1, ORIGIN_IFACE_MAX);
	memset(more, 0xff, sizeof(more));
	memset(r.src, 0xfe, 16);
	memset(r.dst, 0xfe, 16);
	r.has = ~0u;
	r.ts = INT64_MAX;
	r.wirelen = INT32_MAX;
	r.payload_len = INT32_MAX;
	r.sport = r.dport = 0xffff;
	r.tcp_flags = 0x1ff;
	r.proto = 135; /* the longest keyword */
	r.icmp_type = r.icmp_code = 0xff;
	r.malformed = DROP_IP_HEADER_BEYOND;
	for (unsigned i = 0; i < BATCH_MAX; i++) {
		batch.frames[i] = (struct frame){.origin = &origin, .number = UINT64_MAX, .caplen = INT32_MAX};
		batch.recs[i] = r;
		batch.recs[i].frame = (uint8_t)i;
		more[i].ntunnels = TUNNELS_MAX;
		more[i].df = false;
		memset(more[i].tunnels, TUNNEL_ERSPAN, TUNNELS_MAX);
	}
	batch.more = more;
	batch.nrecs = BATCH_MAX;
	for (enum encode_profile profile = 0; profile < PROFILES; profile++) {
		uint32_t done = 0;

		init((struct encode_options){.digits = 9, .profile = profile, .constants = constants, .nconstants = 1});
		while (done < BATCH_MAX) {
			struct block block = {.text = buffer};
			uint32_t before = done;

			done = encode_batch(&encoder, &batch, done, &block);
			assert_true(done > before);
			assert_int_equal(block.lines, done - before);
			assert_true(block.len / block.lines + PUT_SLACK <= encoder.line_max);
			assert_true(block.len <= BLOCK_SIZE - PUT_SLACK);
		}
	}
}

static int setup(void **state)
{
	(void)state;
	init((struct encode_options){.digits = 6});
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(ipv4_addresses),
		cmocka_unit_test(ipv6_addresses),
		cmocka_unit_test(times),
		cmocka_unit_test(times_agree_with_libc),
		cmocka_unit_test(time_formats),
		cmocka_unit_test(flags),
		cmocka_unit_test(texts),
		cmocka_unit_test(community_ids),
		cmocka_unit_test(lines),
		cmocka_unit_test(profiles),
		cmocka_unit_test(names_are_unique),
		cmocka_unit_test(chosen_fields),
		cmocka_unit_test(longest_line),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
