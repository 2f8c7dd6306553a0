/* SPDX-License-Identifier: Apache-2.0 */
/* Each header, whole, cut at every length on a guard page, and malformed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decode/decode.h"
#include "guard.h"

#include <stdlib.h>
#include <string.h>

/* A packet under construction. */
struct packet {
	uint8_t bytes[4096];
	size_t len;
};

static void add(struct packet *p, const void *bytes, size_t n)
{
	assert_true(p->len + n <= sizeof(p->bytes));
	memcpy(p->bytes + p->len, bytes, n);
	p->len += n;
}

static void add16(struct packet *p, unsigned v)
{
	add(p, (uint8_t[]){(uint8_t)(v >> 8), (uint8_t)v}, 2);
}

static void add_zeros(struct packet *p, size_t n)
{
	static const uint8_t zeros[256];

	add(p, zeros, n);
}

static void ethernet(struct packet *p, unsigned type)
{
	add(p, "\x02\x00\x00\x00\x00\x02\x02\x00\x00\x00\x00\x01", 12);
	add16(p, type);
}

/* 192.0.2.1 to 192.0.2.2; total_len and fragment as given, header of words * 4 bytes. */
static void ipv4(struct packet *p, unsigned proto, unsigned words, unsigned total_len, unsigned fragment)
{
	add(p, (uint8_t[]){(uint8_t)(0x40 | words), 0}, 2);
	add16(p, total_len);
	add16(p, 1);
	add16(p, fragment);
	add(p, (uint8_t[]){64, (uint8_t)proto, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2}, 12);
	if (words > 5)
		add_zeros(p, (words - 5) * 4);
}

static void ipv6(struct packet *p, unsigned next, unsigned payload_len)
{
	add(p, "\x60\0\0\0", 4);
	add16(p, payload_len);
	add(p, (uint8_t[]){(uint8_t)next, 64}, 2);
	add(p, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
	add(p, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02", 16);
}

static void tcp(struct packet *p, unsigned flags)
{
	add16(p, 40000);
	add16(p, 22);
	add_zeros(p, 8);
	add16(p, 0x5000 | flags);
	add_zeros(p, 6);
}

static void udp(struct packet *p, unsigned length)
{
	add16(p, 5353);
	add16(p, 53);
	add16(p, length);
	add16(p, 0);
}

static struct decode_counters counters;

/* Decodes one frame of wirelen bytes of which caplen were captured; its record, or NULL. */
static const struct rec *decode(const struct packet *p, size_t caplen, size_t wirelen, unsigned link)
{
	static struct rec recs[BATCH_MAX];
	static struct batch batch = {.recs = recs};
	const uint8_t *bytes = guard_copy(p->bytes, caplen);

	memset(&counters, 0, sizeof(counters));
	batch.frames[0] =
		(struct frame){.data = bytes, .caplen = (uint32_t)caplen, .wirelen = (uint32_t)wirelen, .link = link, .ts = 1};
	batch.nframes = 1;
	decode_batch(&batch, 0, &counters);
	guard_free(bytes, caplen);
	assert_int_equal(batch.nrecs + counters.no_ip + counters.undecodable, 1);
	return batch.nrecs ? &batch.recs[0] : NULL;
}

static const struct rec *decode_whole(const struct packet *p, unsigned link)
{
	return decode(p, p->len, p->len, link);
}

static void expect_tcp4(const struct rec *r)
{
	assert_non_null(r);
	assert_int_equal(r->has, HAS_TS | HAS_SRC | HAS_DST | HAS_PROTO | HAS_PROTO_NAME | HAS_WIRELEN | HAS_PORTS |
					 HAS_TCP_FLAGS | HAS_PAYLOAD_LEN);
	assert_memory_equal(r->src, "\xc0\0\2\1", 4);
	assert_memory_equal(r->dst, "\xc0\0\2\2", 4);
	assert_int_equal(r->proto, 6);
	assert_int_equal(r->proto_name, PROTO_NAME_TCP);
	assert_int_equal(r->sport, 40000);
	assert_int_equal(r->dport, 22);
	assert_int_equal(r->tcp_flags, 2);
	assert_int_equal(r->payload_len, 0);
	assert_int_equal(r->malformed, 0);
}

static void tcp4(struct packet *p)
{
	ipv4(p, 6, 5, 40, 0);
	tcp(p, 2);
}

/* What stands in front of IPv4 on each link type. */
static void link_types(void **state)
{
	static const struct {
		unsigned link;
		const char *header;
		size_t len;
	} links[] = {
		{0, "\2\0\0\0", 4},
		{0, "\0\0\0\2", 4},
		{0, "\0\2\0\0", 4}, /* 16 bits, in either order */
		{0, "\0\0\2\0", 4},
		{0, "\0\0\x08\0", 4}, /* an EtherType */
		{0, "\xff\3\0\x21", 4},
		{1, "\2\0\0\0\0\2\2\0\0\0\0\1\x08\0", 14},
		{1, "\2\0\0\0\0\2\2\0\0\0\0\1\x81\0\0\5\x08\0", 18},
		{1, "\2\0\0\0\0\2\2\0\0\0\0\1\x88\xa8\0\5\x81\0\0\6\x08\0", 22},
		{1, "\2\0\0\0\0\2\2\0\0\0\0\1\x91\0\0\5\x08\0", 18},
		{1, "\2\0\0\0\0\2\2\0\0\0\0\1\0\x30\xaa\xaa\3\0\0\0\x08\0", 22},
		{1, "\2\0\0\0\0\2\2\0\0\0\0\1\x88\x47\0\1\0\x40\0\2\1\x40", 22},
		{1, "\2\0\0\0\0\2\2\0\0\0\0\1\x88\x64\x11\0\0\1\0\x2a\0\x21", 22},
		{9, "\xff\3\0\x21", 4},
		{9, "\x21", 1},
		{11, "\xaa\xaa\3\0\0\0\x08\0", 8},
		{12, "", 0},
		{14, "", 0},
		{50, "\xff\3\0\x21", 4},
		{50, "\x0f\0\x08\0", 4},
		{51, "\x11\0\0\1\0\x2a\0\x21", 8},
		{101, "", 0},
		{100, "\6\6\3", 3},
		{100, "\6\6\0\0", 4}, /* an information frame */
		{104, "\x0f\0\x08\0", 4},
		{105, "\x08\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xaa\xaa\3\0\0\0\x08\0", 32},
		{105, "\x88\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xaa\xaa\3\0\0\0\x08\0", 34},
		/* a whole Ethernet frame; two zeros, the sequence control again before LLC */
		{105, "\x08\1\0\0\0\0\0\0\0\0\2\0\0\0\0\1\2\0\0\0\0\2\0\0\2\0\0\0\0\2\2\0\0\0\0\7\x08\0", 38},
		{105, "\x08\1\0\0\0\0\0\0\0\0\2\0\0\0\0\1\2\0\0\0\0\2\0\0\0\0\xaa\xaa\3\0\0\0\x08\0", 34},
		{105, "\x08\1\0\0\0\0\0\0\0\0\2\0\0\0\0\1\2\0\0\0\0\2\x10\5\x10\5\xaa\xaa\3\0\0\0\x08\0", 34},
		{107, "\x18\x41\3\xcc", 4},
		{107, "\x18\x41\x08\0", 4},
		{108, "\0\0\0\2", 4},
		{112, "\x0f\0\x08\0", 4},
		{113, "\0\0\0\1\0\6\2\0\0\0\0\1\0\0\x08\0", 16},
		{113, "\0\0\0\1\0\6\2\0\0\0\0\1\0\0\0\3\2\0\0\0\0\2\2\0\0\0\0\1\x08\0", 30},
		{113, "\0\0\2\0\0\0\0\0\0\0\0\0\0\0\0\7\xff\3\0\x21", 20},
		{113, "\0\0\3\x0a\0\0\0\0\0\0\0\0\0\0\x88\x0b\xff\3\0\x21", 20},
		{113,
		 "\0\0\3\x23\0\0\0\0\0\0\0\0\0\0\0\4\0\0\x08\0\0\0\0\0\x08\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
		 "\xaa\xaa\3\0\0\0\x08\0",
		 56},
		{119, "\x80\x21\x10\1\0\0\0\x08\x08\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xaa\xaa\3\0\0\0\x08\0", 40},
		{127, "\0\0\x08\0\0\0\0\0\x08\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xaa\xaa\3\0\0\0\x08\0", 40},
		{163, "\x80\x21\x10\1\0\0\0\x08\x08\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xaa\xaa\3\0\0\0\x08\0", 40},
		{192, "\0\0\x08\0\1\0\0\0\2\0\0\0\0\2\2\0\0\0\0\1\x08\0", 22},
		{204, "\1\xff\3\0\x21", 5},
		{228, "", 0},
		{276, "\x08\0\0\0\0\0\0\2\0\1\0\6\2\0\0\0\0\1\0\0", 20},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		struct packet p = {0};

		add(&p, links[i].header, links[i].len);
		tcp4(&p);
		expect_tcp4(decode_whole(&p, links[i].link));
		/* Cut inside the link header nothing is known of IP. */
		for (size_t n = 0; n < links[i].len; n++)
			assert_null(decode(&p, n, p.len, links[i].link));
	}
}

/* What old drivers left in front of a packet without a link header, which could not be told from nothing when it is cut. */
static void raw_with_something_in_front(void **state)
{
	static const struct {
		const char *front;
		size_t len;
	} fronts[] = {
		{"\xff\3\0\x21", 4}, {"\0\xff\3\0\x21", 5}, {"\0\1\2\3\4\5\xff\3\0\x21", 10}, {"\0\0\0\0\0\0\0\0\0\0", 10}};

	(void)state;
	for (size_t i = 0; i < sizeof(fronts) / sizeof(fronts[0]); i++) {
		struct packet p = {0};

		add(&p, fronts[i].front, fronts[i].len);
		tcp4(&p);
		expect_tcp4(decode_whole(&p, 101));
		for (size_t n = 0; n < p.len; n++)
			(void)decode(&p, n, p.len, 101);
	}
}

/* What looks like the way to IP, and is none. */
static void no_way_to_ip(void **state)
{
	static const struct {
		unsigned link;
		const char *header;
		size_t len;
	} cases[] = {
		{0, "\x17\0\0\0", 4},                                                    /* IPX */
		{1, "\2\0\0\0\0\2\2\0\0\0\0\1\0\x30\xab\xaa\3\0\0\0\x08\0", 22},         /* a group of SNAP */
		{1, "\2\0\0\0\0\2\2\0\0\0\0\1\x88\x47\0\0\xd1\x40", 18},                 /* an associated channel of MPLS */
		{1, "\2\0\0\0\0\2\2\0\0\0\0\1\x88\x64\x11\0\0\1\0\x2a\xff\3\0\x21", 24}, /* framing in PPPoE */
		{105, "\x08\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\xaa\xaa\3\0\0\0\x08\0", 32}, /* a later fragment */
		{107, "\0\1\x08\0", 4},                                                                /* signalling */
		{108, "\2\0\0\0", 4},                                                                  /* not network order */
		{113, "\0\0\3\x38\0\0\0\0\0\0\0\0\0\0\x08\0", 16},                                     /* netlink */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct packet p = {0};

		add(&p, cases[i].header, cases[i].len);
		tcp4(&p);
		assert_null(decode_whole(&p, cases[i].link));
		assert_int_equal(counters.no_ip, 1);
	}
}

static void padded_80211_header(void **state)
{
	struct packet p = {0};

	(void)state;
	/* radiotap with its flags field: data pad; a QoS header of 26 bytes is followed by two of padding */
	add(&p, "\0\0\x09\0\2\0\0\0\x20", 9);
	add(&p, "\x88\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xaa\xaa\3\0\0\0\x08\0", 36);
	tcp4(&p);
	expect_tcp4(decode_whole(&p, 127));
}

static void not_ip(void **state)
{
	static const unsigned types[] = {0x0806, 0x88cc, 0x88e5, 0x0600, 0x05dd};
	struct packet p;

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		p = (struct packet){0};
		ethernet(&p, types[i]);
		add_zeros(&p, 46);
		assert_null(decode_whole(&p, 1));
		assert_int_equal(counters.no_ip, 1);
	}
	assert_null(decode_whole(&p, LINK_NOT_IP));
	assert_int_equal(counters.no_ip, 1);
}

static void unknown_links_are_told_apart(void **state)
{
	struct packet p = {0};

	(void)state;
	tcp4(&p);
	assert_null(decode_whole(&p, 147));
	assert_int_equal(counters.reasons[DROP_LINK_UNKNOWN], 1);
	assert_int_equal(counters.unknown_links[0].link, 147);
	assert_int_equal(counters.unknown_links[0].frames, 1);
}

/* What each further byte of the capture adds, from nothing to the whole. */
static void cut_ipv4_tcp(void **state)
{
	struct packet p = {0};

	(void)state;
	ethernet(&p, 0x0800);
	tcp4(&p);
	for (size_t n = 0; n <= p.len; n++) {
		const struct rec *r = decode(&p, n, p.len, 1);
		uint32_t has = HAS_TS | HAS_SRC | HAS_PROTO | HAS_PROTO_NAME | HAS_WIRELEN;

		if (n < 14 + 16) {
			assert_null(r);
			assert_int_equal(counters.undecodable, 1);
			assert_int_equal(counters.reasons[n < 14 ? DROP_LINK_CUT : DROP_IP_CUT], 1);
			continue;
		}
		assert_non_null(r);
		if (n >= 14 + 20)
			has |= HAS_DST | HAS_PAYLOAD_LEN;
		if (n >= 14 + 20 + 2 && n < 14 + 20 + 4)
			has |= HAS_SPORT_ONLY;
		if (n >= 14 + 20 + 4)
			has |= HAS_PORTS;
		if (n >= 14 + 20 + 14)
			has |= HAS_TCP_FLAGS;
		else if (n >= 14 + 20 + 4)
			has &= ~(uint32_t)HAS_PAYLOAD_LEN;
		if (n < 14 + 20 + 14)
			has |= HAS_MALFORMED;
		assert_int_equal(r->has, has);
		assert_int_equal(r->wirelen, p.len);
		assert_int_equal(r->malformed, n < 14 + 20 + 14 ? DROP_CUT : 0);
	}
}

static void cut_ipv6_udp(void **state)
{
	struct packet p = {0};

	(void)state;
	ethernet(&p, 0x86dd);
	ipv6(&p, 17, 12);
	udp(&p, 12);
	add_zeros(&p, 4);
	for (size_t n = 0; n <= p.len; n++) {
		const struct rec *r = decode(&p, n, p.len, 1);

		if (n < 14 + 24) {
			assert_null(r);
			continue;
		}
		assert_non_null(r);
		assert_true(r->has & HAS_V6 && r->has & HAS_SRC);
		assert_int_equal(!!(r->has & HAS_DST), n >= 14 + 40);
		assert_int_equal(!!(r->has & HAS_SPORT_ONLY), n == 14 + 42 || n == 14 + 43);
		assert_int_equal(!!(r->has & HAS_PORTS), n >= 14 + 44);
		assert_int_equal(!!(r->has & HAS_PAYLOAD_LEN), n >= 14 + 46);
		if (n >= 14 + 46)
			assert_int_equal(r->payload_len, 4);
	}
}

static void ipv4_lengths(void **state)
{
	static const struct {
		unsigned words, total_len;
		enum drop_reason reason; /* 0: fine */
		bool record;
		uint32_t payload_len;
	} cases[] = {
		{5, 0, DROP_NONE, true, 6}, /* segmentation offload: to the end of the frame */
		{5, 1, DROP_IP_TOTAL_LEN, false, 0},
		{5, 19, DROP_IP_TOTAL_LEN, false, 0},
		{5, 46, DROP_NONE, true, 6},
		{5, 45, DROP_NONE, true, 5},
		{5, 1500, DROP_IP_LEN_BEYOND, true, 6},
		{4, 46, DROP_IP_HEADER_LEN, false, 0},
		{0, 46, DROP_IP_HEADER_LEN, false, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct packet p = {0};
		const struct rec *r;

		ethernet(&p, 0x0800);
		ipv4(&p, 6, cases[i].words, cases[i].total_len, 0);
		tcp(&p, 2);
		add_zeros(&p, 6);
		r = decode_whole(&p, 1);
		assert_int_equal(r != NULL, cases[i].record);
		if (cases[i].reason)
			assert_int_equal(counters.reasons[cases[i].reason], 1);
		if (!r)
			continue;
		assert_int_equal(r->malformed, cases[i].reason);
		assert_int_equal(r->payload_len, cases[i].payload_len);
	}
}

static void ipv4_options_and_padding(void **state)
{
	struct packet p = {0};

	(void)state;
	ethernet(&p, 0x0800);
	ipv4(&p, 6, 15, 80, 0);
	tcp(&p, 2);
	add_zeros(&p, 30); /* Ethernet's padding is none of the packet's */
	expect_tcp4(decode_whole(&p, 1));
}

static void ipv4_fragments(void **state)
{
	struct packet p = {0};
	const struct rec *r;

	(void)state;
	ethernet(&p, 0x0800);
	ipv4(&p, 17, 5, 36, 0x2000); /* the first: more to come */
	udp(&p, 1000);
	add_zeros(&p, 8);
	r = decode_whole(&p, 1);
	assert_non_null(r);
	assert_true(r->has & HAS_PORTS && r->has & HAS_FRAG);
	assert_int_equal(r->payload_len, 992);
	p = (struct packet){0};
	ethernet(&p, 0x0800);
	ipv4(&p, 17, 5, 36, 2);
	udp(&p, 16);
	add_zeros(&p, 8);
	r = decode_whole(&p, 1);
	assert_non_null(r);
	assert_false(r->has & HAS_PORTS);
	assert_true(r->has & HAS_FRAG);
	assert_int_equal(r->proto, 17);
	assert_int_equal(r->proto_name, PROTO_NAME_OTHER);
	assert_int_equal(r->payload_len, 16);
}

/* n extension headers of 8 bytes of one type, then TCP. */
static const struct rec *extensions(unsigned n, uint8_t type)
{
	struct packet p = {0};

	ethernet(&p, 0x86dd);
	ipv6(&p, type, n * 8 + 20);
	for (unsigned i = 0; i < n; i++) {
		add(&p, (uint8_t[]){i + 1 < n ? type : 6, 0}, 2);
		add_zeros(&p, 6);
	}
	tcp(&p, 2);
	return decode_whole(&p, 1);
}

static void ipv6_extensions(void **state)
{
	static const uint8_t types[] = {0, 43, 44, 60, 135, 139, 140};
	const struct rec *r;

	(void)state;
	for (size_t i = 0; i < sizeof(types); i++) {
		r = extensions(3, types[i]);
		assert_non_null(r);
		assert_int_equal(r->proto, 6);
		assert_int_equal(r->dport, 22);
		assert_int_equal(r->payload_len, 0);
		assert_int_equal(r->malformed, 0);
	}
	r = extensions(32, 60);
	assert_int_equal(r->malformed, 0);
	r = extensions(33, 60);
	assert_int_equal(r->malformed, DROP_EXT_MANY);
	assert_int_equal(r->dport, 22);
	r = extensions(300, 60);
	assert_int_equal(r->malformed, DROP_EXT_MANY);
	assert_int_equal(r->proto, 60);
	assert_false(r->has & HAS_PORTS);
}

static void ipv6_authentication_and_fragments(void **state)
{
	struct packet p = {0};
	const struct rec *r;

	(void)state;
	ethernet(&p, 0x86dd);
	ipv6(&p, 51, 24 + 20);
	add(&p, (uint8_t[]){6, 4}, 2); /* (4 + 2) * 4 = 24 bytes */
	add_zeros(&p, 22);
	tcp(&p, 2);
	r = decode_whole(&p, 1);
	assert_int_equal(r->proto, 6);
	assert_int_equal(r->dport, 22);
	p = (struct packet){0};
	ethernet(&p, 0x86dd);
	ipv6(&p, 44, 8 + 20);
	add(&p, (uint8_t[]){6, 0, 1, 0, 0, 0, 0, 7}, 8); /* offset 256 */
	tcp(&p, 2);
	r = decode_whole(&p, 1);
	assert_int_equal(r->proto, 6);
	assert_true(r->has & HAS_FRAG);
	assert_false(r->has & HAS_PORTS);
	assert_int_equal(r->payload_len, 20);
}

static void transports(void **state)
{
	static const struct {
		unsigned proto;
		uint32_t has;
		uint8_t name;
	} cases[] = {
		{33, HAS_OTHER_PORTS, PROTO_NAME_OTHER},
		{132, HAS_OTHER_PORTS, PROTO_NAME_OTHER},
		{136, HAS_OTHER_PORTS, PROTO_NAME_OTHER},
		{17, HAS_PORTS, PROTO_NAME_UDP},
		{1, HAS_ICMP_TYPE | HAS_ICMP_CODE, PROTO_NAME_ICMP},
		{58, HAS_ICMP_TYPE | HAS_ICMP_CODE, PROTO_NAME_ICMP},
		{2, 0, PROTO_NAME_OTHER},
		{47, 0, PROTO_NAME_OTHER},
		{50, 0, PROTO_NAME_OTHER},
		{4, 0, PROTO_NAME_OTHER},
	};
	const uint32_t any = HAS_PORTS | HAS_OTHER_PORTS | HAS_ICMP_TYPE | HAS_ICMP_CODE | HAS_TCP_FLAGS | HAS_SPORT_ONLY;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct packet p = {0};
		const struct rec *r;

		ipv4(&p, cases[i].proto, 5, 36, 0);
		udp(&p, 16);
		add_zeros(&p, 8);
		r = decode_whole(&p, 101);
		assert_non_null(r);
		assert_int_equal(r->has & any, cases[i].has);
		assert_int_equal(r->proto, cases[i].proto);
		assert_int_equal(r->proto_name, cases[i].name);
	}
}

static void tcp_data_offset(void **state)
{
	(void)state;
	for (unsigned words = 0; words < 16; words++) {
		struct packet p = {0};
		const struct rec *r;

		ipv4(&p, 6, 5, 40 + 20, 0);
		tcp(&p, 0x112);
		p.bytes[20 + 12] = (uint8_t)(words << 4 | 1);
		add_zeros(&p, 20);
		r = decode_whole(&p, 101);
		assert_int_equal(r->tcp_flags, 0x112);
		assert_int_equal(r->malformed, words < 5 || words > 10 ? DROP_TCP_DATA_OFFSET : 0);
		if (!r->malformed)
			assert_int_equal(r->payload_len, 40 - words * 4);
	}
}

static void udp_lengths(void **state)
{
	(void)state;
	for (unsigned length = 0; length < 20; length++) {
		struct packet p = {0};
		const struct rec *r;

		ipv4(&p, 17, 5, 36, 0);
		udp(&p, length);
		add_zeros(&p, 8);
		r = decode_whole(&p, 101);
		assert_int_equal(r->malformed, length == 16 ? 0 : DROP_UDP_LEN);
		assert_int_equal(!!(r->has & HAS_PAYLOAD_LEN), length >= 8);
	}
}

/* Link headers without end are given up, in bounded time. */
static void nesting_is_bounded(void **state)
{
	struct packet p = {0};

	(void)state;
	ethernet(&p, 0x8100);
	for (int i = 0; i < 64; i++)
		add(&p, "\0\1\x81\0", 4);
	assert_null(decode_whole(&p, 1));
	assert_int_equal(counters.reasons[DROP_LINK_DEEP], 1);
	p = (struct packet){0};
	ethernet(&p, 0x8847);
	for (int i = 0; i < 1000; i++)
		add(&p, "\0\1\0\x40", 4);
	assert_null(decode_whole(&p, 1));
	assert_int_equal(counters.reasons[DROP_LINK_DEEP], 1);
}

/* Random bytes under every link type: no fault, and every frame ends in one term. */
static void random_bytes(void **state)
{
	uint64_t v = 11;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		struct packet p = {0};

		v = v * 6364136223846793005u + 1442695040888963407u;
		p.len = v >> 57;
		for (size_t k = 0; k < p.len; k++) {
			v = v * 6364136223846793005u + 1442695040888963407u;
			p.bytes[k] = (uint8_t)(v >> 56);
		}
		if (p.len > 14 && i % 2) {
			p.bytes[12] = 8;
			p.bytes[13] = 0;
			p.bytes[14] = (uint8_t)(0x40 | (p.bytes[14] & 15));
		}
		(void)decode(&p, p.len, p.len + (v >> 60), i % 2 ? 1 : (unsigned)i % 300);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(link_types),
		cmocka_unit_test(raw_with_something_in_front),
		cmocka_unit_test(no_way_to_ip),
		cmocka_unit_test(padded_80211_header),
		cmocka_unit_test(not_ip),
		cmocka_unit_test(unknown_links_are_told_apart),
		cmocka_unit_test(cut_ipv4_tcp),
		cmocka_unit_test(cut_ipv6_udp),
		cmocka_unit_test(ipv4_lengths),
		cmocka_unit_test(ipv4_options_and_padding),
		cmocka_unit_test(ipv4_fragments),
		cmocka_unit_test(ipv6_extensions),
		cmocka_unit_test(ipv6_authentication_and_fragments),
		cmocka_unit_test(transports),
		cmocka_unit_test(tcp_data_offset),
		cmocka_unit_test(udp_lengths),
		cmocka_unit_test(nesting_is_bounded),
		cmocka_unit_test(random_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
