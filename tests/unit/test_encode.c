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
	for (uint32_t v = 0; v <= 0xffff; v++) {
		snprintf(expected, sizeof(expected), "%u", v);
		expect_text(put_u16(buffer, (uint16_t)v), expected);
	}
	for (size_t i = 0; i < sizeof(borders) / sizeof(borders[0]); i++) {
		snprintf(expected, sizeof(expected), "%u", borders[i]);
		expect_text(put_u32(buffer, borders[i]), expected);
	}
	for (uint32_t i = 0, v = 1; i < 1000000; i++) {
		v = v * 1664525 + 1013904223;
		snprintf(expected, sizeof(expected), "%u", v >> (i % 32));
		expect_text(put_u32(buffer, v >> (i % 32)), expected);
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
	encode_init(&encoder, digits);
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
	encode_init(&encoder, 9);
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

static void expect_line(const struct rec *r, const char *expected)
{
	static struct batch batch;
	struct block block = {.text = buffer};

	encode_init(&encoder, 6);
	memset(buffer, 'x', 2048);
	batch.recs[0] = *r;
	batch.nrecs = 1;
	encode_batch(&encoder, &batch, &block);
	assert_int_equal(block.lines, 1);
	assert_int_equal(block.len, strlen(expected));
	assert_memory_equal(buffer, expected, block.len);
}

static const struct rec tcp = {
	.ts = 1767323045123456000,
	.src = {192, 0, 2, 1},
	.dst = {192, 0, 2, 2},
	.wirelen = 60,
	.has = HAS_TS | HAS_SRC | HAS_DST | HAS_PROTO | HAS_PORTS | HAS_TCP_FLAGS | HAS_PAYLOAD_LEN,
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
	r.has = HAS_TS | HAS_SRC | HAS_DST | HAS_PROTO | HAS_PORTS;
	r.proto = 17;
	r.proto_name = PROTO_NAME_UDP;
	expect_line(&r,
		    "{\"ts\":\"2026-01-02T03:04:05.123456Z\",\"src_ip\":\"192.0.2.1\",\"dst_ip\":\"192.0.2.2\",\"proto\":17,"
		    "\"pkt_len\":60,\"proto_name\":\"udp\",\"sport\":40000,\"dport\":22}\n");
	r.has = HAS_TS | HAS_SRC | HAS_DST | HAS_PROTO | HAS_ICMP_TYPE | HAS_ICMP_CODE;
	r.proto = 1;
	r.proto_name = PROTO_NAME_ICMP;
	r.icmp_type = 8;
	expect_line(&r, "{\"ts\":\"2026-01-02T03:04:05.123456Z\",\"src_ip\":\"192.0.2.1\",\"dst_ip\":\"192.0.2.2\",\"proto\":1,"
			"\"pkt_len\":60,\"proto_name\":\"icmp\",\"icmp_type\":8}\n");
	r.has = HAS_TS | HAS_SRC | HAS_PROTO | HAS_OTHER_PORTS;
	r.proto = 132;
	r.proto_name = PROTO_NAME_OTHER;
	expect_line(&r, "{\"ts\":\"2026-01-02T03:04:05.123456Z\",\"src_ip\":\"192.0.2.1\",\"proto\":132,"
			"\"pkt_len\":60,\"proto_name\":\"other\"}\n");
}

/* Every value at its longest stays under the limit that blocks are cut for. */
static void longest_line(void **state)
{
	static struct batch batch;
	struct block block = {.text = buffer};
	struct rec r = tcp;

	(void)state;
	memset(r.src, 0xff, 16);
	memset(r.dst, 0xff, 16);
	r.has = ~0u;
	r.ts = INT64_MAX;
	r.wirelen = UINT32_MAX;
	r.sport = r.dport = 0xffff;
	r.tcp_flags = 0x1ff;
	r.proto = r.icmp_type = 0xff;
	encode_init(&encoder, 9);
	for (unsigned i = 0; i < BATCH_MAX; i++)
		batch.recs[i] = r;
	batch.nrecs = BATCH_MAX;
	encode_batch(&encoder, &batch, &block);
	assert_int_equal(block.lines, BATCH_MAX);
	assert_true(block.len / BATCH_MAX + PUT_SLACK <= LINE_MAX_BYTES);
}

static int setup(void **state)
{
	(void)state;
	encode_init(&encoder, 6);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers), cmocka_unit_test(ipv4_addresses),        cmocka_unit_test(ipv6_addresses),
		cmocka_unit_test(times),   cmocka_unit_test(times_agree_with_libc), cmocka_unit_test(flags),
		cmocka_unit_test(lines),   cmocka_unit_test(longest_line),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
