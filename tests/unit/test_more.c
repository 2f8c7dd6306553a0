/* SPDX-License-Identifier: Apache-2.0 */
/* What is known beside the record, tunnels, quoted packets: whole, and cut at every length on a guard page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decode/decode.h"
#include "guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct packet {
	uint8_t bytes[1024];
	size_t len;
};

/* Appends bytes written as hexadecimal digits; blanks are for the eye. */
static void add(struct packet *p, const char *hex)
{
	for (; *hex; hex++) {
		char digits[3] = {hex[0], hex[1], 0};

		if (*hex == ' ')
			continue;
		p->bytes[p->len++] = (uint8_t)strtoul(digits, NULL, 16);
		hex++;
	}
}

static void add16(struct packet *p, unsigned v)
{
	p->bytes[p->len++] = (uint8_t)(v >> 8);
	p->bytes[p->len++] = (uint8_t)v;
}

#define ETH "020000000002 020000000001 "
#define ETH4 ETH "0800 "
#define UDP_INNER "1388 0035 0008 0000 "

/* IPv4 from 10.N.0.1 to 10.N.0.2 with so many bytes to follow. */
static void ip4(struct packet *p, unsigned net, unsigned proto, unsigned payload)
{
	uint8_t addresses[] = {10, (uint8_t)net, 0, 1, 10, (uint8_t)net, 0, 2};

	add(p, "45b9");
	add16(p, 20 + payload);
	add(p, "10e1 4000 40");
	p->bytes[p->len++] = (uint8_t)proto;
	add(p, "0000");
	memcpy(p->bytes + p->len, addresses, sizeof(addresses));
	p->len += sizeof(addresses);
}

/* IPv6 from fd00::N:1 to fd00::N:2. */
static void ip6(struct packet *p, unsigned net, unsigned next, unsigned payload)
{
	add(p, "6b95 4321");
	add16(p, payload);
	p->bytes[p->len++] = (uint8_t)next;
	add(p, "3f");
	for (unsigned host = 1; host <= 2; host++) {
		add(p, "fd00 0000 0000 0000 0000 0000");
		add16(p, net);
		add16(p, host);
	}
}

static struct rec recs[BATCH_MAX];
static struct batch batch = {.recs = recs};
static struct more more[BATCH_MAX];
static struct decode_counters counters;

static const struct rec *decode(const struct packet *p, size_t caplen, unsigned mode)
{
	const uint8_t *bytes = guard_copy(p->bytes, caplen);

	memset(&counters, 0, sizeof(counters));
	batch.frames[0] = (struct frame){
		.data = bytes, .caplen = (uint32_t)caplen, .wirelen = (uint32_t)p->len, .link = 1, .ts = 1, .number = 1};
	batch.nframes = 1;
	batch.more = more;
	decode_batch(&batch, mode, &counters);
	guard_free(bytes, caplen);
	assert_int_equal(batch.nrecs + counters.no_ip + counters.undecodable, 1);
	return batch.nrecs ? &batch.recs[0] : NULL;
}

static void tcp_and_tags(void **state)
{
	struct packet p = {0};
	const struct rec *r;

	(void)state;
	add(&p, ETH "88a8 e064 8100 00c8 0800");
	ip4(&p, 1, 6, 20);
	add(&p, "0016 9c40 ffffffff 00000001 5012 1234 0000 0000");
	r = decode(&p, p.len, 0);
	assert_non_null(r);
	assert_true((more[0].has & (HAS_MACS | HAS_VLAN | HAS_INNER_VLAN | HAS_ETHER_TYPE | HAS_TTL | HAS_IP_ID | HAS_DF |
				    HAS_FRAG_OFF | HAS_TCP_NUMBERS | HAS_TCP_WINDOW)) == more[0].has);
	assert_memory_equal(more[0].src_mac, "\2\0\0\0\0\1", 6);
	assert_memory_equal(more[0].dst_mac, "\2\0\0\0\0\2", 6);
	assert_int_equal(more[0].vlan, 100);
	assert_int_equal(more[0].inner_vlan, 200);
	assert_int_equal(more[0].ether_type, 0x0800);
	assert_int_equal(more[0].ttl, 64);
	assert_int_equal(more[0].tos, 0xb9);
	assert_int_equal(more[0].ip_id, 0x10e1);
	assert_true(more[0].df);
	assert_int_equal(more[0].tcp_seq, 0xffffffff);
	assert_int_equal(more[0].tcp_ack, 1);
	assert_int_equal(more[0].tcp_window, 0x1234);
	for (size_t n = 0; n < p.len; n++) {
		r = decode(&p, n, 0);
		assert_int_equal(!!(more[0].has & HAS_MACS), n >= 14);
		assert_int_equal(!!(more[0].has & HAS_VLAN), n >= 16);
		assert_int_equal(!!(more[0].has & HAS_INNER_VLAN), n >= 20);
		assert_int_equal(!!(more[0].has & HAS_TTL), n >= 22 + 16);
		assert_int_equal(!!(more[0].has & HAS_TCP_NUMBERS), n >= 22 + 20 + 14);
		assert_int_equal(!!(more[0].has & HAS_TCP_WINDOW), n >= 22 + 20 + 16);
		assert_int_equal(r != NULL, n >= 22 + 16);
	}
}

static void ipv6_fragment(void **state)
{
	struct packet p = {0};
	const struct rec *r;

	(void)state;
	add(&p, ETH "86dd");
	ip6(&p, 1, 44, 16);
	add(&p, "1100 0029 deadbeef 0011223344556677");
	r = decode(&p, p.len, 0);
	assert_non_null(r);
	assert_true(r->has & HAS_FRAG && r->has & HAS_LATER_FRAG);
	assert_true(more[0].has & HAS_IP_ID);
	assert_int_equal(more[0].ip_id, 0xdeadbeef);
	assert_int_equal(more[0].frag_off, 40);
	assert_int_equal(more[0].ttl, 63);
	assert_int_equal(more[0].tos, 0xb9);
	assert_true(more[0].has & HAS_FLOW_LABEL);
	assert_int_equal(more[0].flow_label, 0x54321);
	assert_false(more[0].has & HAS_DF);
}

static void arp(void **state)
{
	struct packet p = {0};

	(void)state;
	add(&p, ETH "0806 0001 0800 06 04 0002 020000000001 c0000201 020000000002 c0000202");
	assert_null(decode(&p, p.len, 0));
	assert_int_equal(counters.no_ip, 1);
	for (size_t n = 0; n <= p.len; n++) {
		const struct rec *r = decode(&p, n, DECODE_NON_IP);

		if (n < 14) {
			assert_null(r);
			continue;
		}
		assert_non_null(r);
		assert_int_equal(r->has, HAS_TS | HAS_WIRELEN);
		assert_int_equal(!!(more[0].has & HAS_ARP), n >= 22);
		assert_int_equal(!!(more[0].has & HAS_ARP_ADDRESSES), n == p.len);
	}
	assert_int_equal(more[0].arp_op, 2);
	assert_memory_equal(more[0].arp_src_ip, "\xc0\0\2\1", 4);
	assert_memory_equal(more[0].arp_dst_mac, "\2\0\0\0\0\2", 6);
}

/* An ICMP error shows the flow it is about, as much of it as it quotes. */
static void quoted(void **state)
{
	struct packet p = {0};

	(void)state;
	add(&p, ETH4);
	ip4(&p, 1, 1, 36);
	add(&p, "0303 0000 00000000");
	ip4(&p, 2, 17, 400);
	add(&p, "1388 0035 0190 0000");
	for (size_t n = 14 + 20 + 2; n <= p.len; n++) {
		const struct rec *r = decode(&p, n, 0);

		assert_non_null(r);
		assert_int_equal(r->icmp_type, 3);
		assert_int_equal(r->icmp_code, 3);
		assert_int_equal(r->malformed, 0);
		assert_int_equal(!!(more[0].has & HAS_QUOTED), n >= 42 + 16);
		assert_int_equal(!!(more[0].has & HAS_QUOTED_DST), n >= 42 + 20);
		assert_int_equal(!!(more[0].has & HAS_QUOTED_PORTS), n >= 42 + 24);
	}
	assert_memory_equal(more[0].quoted_src, "\x0a\2\0\1", 4);
	assert_memory_equal(more[0].quoted_dst, "\x0a\2\0\2", 4);
	assert_int_equal(more[0].quoted_proto, 17);
	assert_int_equal(more[0].quoted_sport, 5000);
	assert_int_equal(more[0].quoted_dport, 53);
	assert_false(more[0].has & HAS_QUOTED_V6);

	p = (struct packet){0};
	add(&p, ETH "86dd");
	ip6(&p, 1, 58, 56);
	add(&p, "0104 0000 00000000");
	ip6(&p, 2, 17, 8);
	add(&p, UDP_INNER);
	assert_non_null(decode(&p, p.len, 0));
	assert_true(more[0].has & HAS_QUOTED_V6 && more[0].has & HAS_QUOTED_PORTS);
	assert_int_equal(more[0].quoted_dport, 53);

	p = (struct packet){0}; /* an echo quotes nothing */
	add(&p, ETH4);
	ip4(&p, 1, 1, 36);
	add(&p, "0800 0000 00000000");
	ip4(&p, 2, 17, 8);
	add(&p, UDP_INNER);
	assert_non_null(decode(&p, p.len, 0));
	assert_false(more[0].has & HAS_QUOTED);
}

/* A tunnel: what stands between the outer IP header and the inner packet, which is UDP from 10.9.0.1 to 10.9.0.2. */
static const struct tunnel_case {
	const char *name;
	unsigned proto;
	const char *header;
	enum tunnel tunnel;
	bool inner_v6;
} tunnels[] = {
	{"IP in IP", 4, "", TUNNEL_IPIP, false},
	{"6in4", 41, "", TUNNEL_6IN4, true},
	{"GRE", 47, "0000 0800", TUNNEL_GRE, false},
	{"GRE with everything", 47, "b000 86dd 0000 0000 00000001 00000002", TUNNEL_GRE, true},
	{"GRE, Ethernet", 47, "0000 6558 " ETH4, TUNNEL_GRE, false},
	{"GRE, MPLS", 47, "0000 8847 00010140", TUNNEL_GRE, false},
	{"PPTP", 47, "3081 880b 0020 0001 00000001 00000002 ff03 0021", TUNNEL_GRE, false},
	{"WCCP 1", 47, "0000 883e", TUNNEL_GRE, false},
	{"WCCP 2", 47, "0000 883e 00330000", TUNNEL_GRE, true},
	{"NVGRE", 47, "2000 6558 00123400 " ETH4, TUNNEL_NVGRE, false},
	{"ERSPAN I", 47, "0000 88be " ETH4, TUNNEL_ERSPAN, false},
	{"ERSPAN II", 47, "1000 88be 00000001 1001 0000 00000000 " ETH4, TUNNEL_ERSPAN, false},
	{"ERSPAN III", 47, "1000 22eb 00000001 2001 0000 00000000 0000 0000 " ETH4, TUNNEL_ERSPAN, false},
	{"ERSPAN III with a platform header", 47, "1000 22eb 00000001 2001 0000 00000000 0000 0001 0000000000000000 " ETH4,
	 TUNNEL_ERSPAN, false},
	{"L2TPv3", 115, "00000001 " ETH4, TUNNEL_L2TP, false},
	{"L2TPv3 with cookie and sublayer", 115, "00000001 1122334455667788 40000000 " ETH "86dd", TUNNEL_L2TP, true},
	{"EtherIP", 97, "3000 " ETH4, TUNNEL_ETHERIP, false},
	{"MPLS in IP", 137, "00010140", TUNNEL_MPLS, false},
	{"VXLAN", 17, "c000 12b5 0000 0000 08000000 00000100 " ETH4, TUNNEL_VXLAN, false},
	{"VXLAN with a tag inside", 17, "c000 12b5 0000 0000 08000000 00000100 " ETH "8100 0007 86dd", TUNNEL_VXLAN, true},
	{"VXLAN-GPE", 17, "c000 12b6 0000 0000 0c000002 00000100", TUNNEL_VXLAN, true},
	{"Geneve", 17, "c000 17c1 0000 0000 0200 6558 00000100 0102030405060708 " ETH4, TUNNEL_GENEVE, false},
	{"Geneve, IP", 17, "c000 17c1 0000 0000 0000 86dd 00000100", TUNNEL_GENEVE, true},
	{"GTP-U", 17, "0868 0868 0000 0000 30ff 0024 00000001", TUNNEL_GTPU, false},
	{"GTP-U with extensions", 17, "0868 0868 0000 0000 34ff 002c 00000001 0000 00 85 01 1000 c0 01 0000 00", TUNNEL_GTPU,
	 true},
	{"L2TP", 17, "06a5 06a5 0000 0000 4002 0000 0001 0001 ff03 0021", TUNNEL_L2TP, false},
	{"Teredo", 17, "0dd8 c000 0000 0000 0001 0000 0000000000000000 00 0000 1111 22222222", TUNNEL_TEREDO, true},
	{"MPLS in UDP", 17, "c000 19eb 0000 0000 00010040 00020140", TUNNEL_MPLS, false},
	{"GRE in UDP", 17, "c000 1292 0000 0000 0000 0800", TUNNEL_GRE, false},
};

static void make_tunnel(struct packet *p, const struct tunnel_case *c)
{
	struct packet inside = {0};

	add(&inside, c->header);
	if (c->inner_v6)
		ip6(&inside, 9, 17, 8);
	else
		ip4(&inside, 9, 17, 8);
	add(&inside, UDP_INNER);
	if (c->proto == 17) { /* the UDP length */
		inside.bytes[4] = (uint8_t)(inside.len >> 8);
		inside.bytes[5] = (uint8_t)inside.len;
	}
	*p = (struct packet){0};
	add(p, ETH4);
	ip4(p, 1, c->proto, (unsigned)inside.len);
	memcpy(p->bytes + p->len, inside.bytes, inside.len);
	p->len += inside.len;
}

static bool is_inner(const struct rec *r, const struct tunnel_case *c)
{
	if (c->inner_v6)
		return r->has & HAS_V6 && r->src[13] == 9;
	return !(r->has & HAS_V6) && r->src[1] == 9;
}

static void inner_records(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(tunnels) / sizeof(tunnels[0]); i++) {
		const struct tunnel_case *c = &tunnels[i];
		struct packet p;
		const struct rec *r;

		make_tunnel(&p, c);
		r = decode(&p, p.len, 0);
		assert_non_null(r);
		assert_int_equal(r->proto, c->proto);
		assert_int_equal(r->src[1], 1);
		assert_false(more[0].has & HAS_OUTER);
		r = decode(&p, p.len, DECODE_INNER);
		assert_non_null(r);
		if (!is_inner(r, c) || r->dport != 53 || r->malformed)
			fail_msg("%s: the record is not the inner packet's", c->name);
		assert_int_equal(r->wirelen, p.len);
		assert_true(more[0].has & HAS_OUTER);
		assert_memory_equal(more[0].outer_src, "\x0a\1\0\1", 4);
		assert_memory_equal(more[0].outer_dst, "\x0a\1\0\2", 4);
		assert_int_equal(more[0].ntunnels, 1);
		assert_int_equal(more[0].tunnels[0], c->tunnel);
		for (size_t n = 14 + 20; n < p.len; n++) { /* cut: the inner packet's record, or the outer one's, whole */
			r = decode(&p, n, DECODE_INNER);
			assert_non_null(r);
			if (is_inner(r, c)) {
				assert_true(more[0].has & HAS_OUTER);
				assert_int_equal(more[0].ntunnels, 1);
			} else {
				assert_int_equal(r->src[1], 1);
				assert_int_equal(r->proto, c->proto);
				assert_false(more[0].has & HAS_OUTER);
				assert_int_equal(more[0].ntunnels, 0);
			}
		}
	}
}

static void tunnels_without_ip_inside(void **state)
{
	static const struct {
		unsigned proto;
		const char *inside;
	} cases[] = {
		{47, "0000 6558 " ETH "0806 0001 0800 06 04 0001"},       /* ARP */
		{47, "0000 0800 65000000"},                               /* the wrong version */
		{47, "4000 0800 " UDP_INNER},                             /* source routes of RFC 1701 */
		{47, "0000 abcd " UDP_INNER},                             /* unknown protocol */
		{97, "2000 " ETH4},                                       /* EtherIP of another version */
		{115, "00000000 c802 0014"},                              /* control */
		{17, "c000 12b5 0010 0000 00000000 00000100 " ETH4},      /* VXLAN without its flag */
		{17, "0868 0868 0010 0000 3201 0004 00000000 0001 0000"}, /* GTP echo */
		{17, "c000 17c1 0010 0000 0080 6558 00000100 " ETH4},     /* Geneve control */
		{17, "0dd8 c000 0010 0000 4500 0000"},                    /* Teredo without IPv6 */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct packet p = {0}, inside = {0};
		const struct rec *r;

		add(&inside, cases[i].inside);
		add(&p, ETH4);
		ip4(&p, 1, cases[i].proto, (unsigned)inside.len);
		add(&p, cases[i].inside);
		r = decode(&p, p.len, DECODE_INNER);
		assert_non_null(r);
		assert_int_equal(r->src[1], 1);
		assert_int_equal(r->proto, cases[i].proto);
		assert_true(!(more[0].has & HAS_OUTER) && more[0].ntunnels == 0);
		assert_true(more[0].has & HAS_TTL);
	}
}

/* As deep as it is bounded: the packet there is the record's. The last one may be entered without its name. */
static void nested(void **state)
{
	struct packet p = {0};
	const struct rec *r;

	(void)state;
	add(&p, ETH4);
	for (unsigned i = 0; i < 20; i++)
		ip4(&p, i, i < 19 ? 4 : 17, (19 - i) * 20 + 8);
	add(&p, UDP_INNER);
	r = decode(&p, p.len, DECODE_INNER);
	assert_non_null(r);
	assert_int_equal(more[0].ntunnels, TUNNELS_MAX);
	assert_int_equal(r->src[1], TUNNELS_MAX);
	assert_memory_equal(more[0].outer_src, "\x0a\0\0\1", 4);
}

/* The short way and the long one say the same of packets that are nearly, or exactly, what the short one is for. */
static void common_packets_are_no_exception(void **state)
{
	static const char *const ends[] = {
		"9c40 0016 00000001 00000002 5012 2000 0000 0000 6869",
		"9c40 0016 00000001 00000002 7002 2000 0000 0000 0204 05b4 0101 0402",
		"1388 0035 000c 0000 01020304 0000000000000000",
		"1388 0035 0008 0000 00000000000000000000000000000000",
	};
	static const unsigned lens[] = {22, 28, 12, 8}; /* of the IP payload; what follows is the frame's padding */
	static const char *const links[] = {ETH4, ETH "8100 a064 0800", ETH "86dd", ETH "8100 0001 86dd"};
	uint64_t v = 1;
	unsigned taken = 0;

	(void)state;
	for (unsigned round = 0; round < 200000; round++) {
		struct packet p = {0}, end = {0};
		struct rec quick, whole;
		bool quick_gives, whole_gives;
		size_t caplen;

		add(&end, ends[round % 4]);
		add(&p, links[round / 4 % 4]);
		(round / 4 % 4 < 2 ? ip4 : ip6)(&p, 1, round % 4 < 2 ? 6 : 17, lens[round % 4]);
		memcpy(p.bytes + p.len, end.bytes, end.len);
		p.len += end.len;
		for (unsigned k = 0; k < round % 3; k++) {
			v = v * 6364136223846793005u + 1442695040888963407u;
			p.bytes[12 + (v >> 33) % (p.len - 12)] =
				v & 0x80000000 ? (uint8_t)(v >> 20) : (uint8_t)(p.bytes[20] ^ 1u << (v >> 25 & 7));
		}
		v = v * 6364136223846793005u + 1442695040888963407u;
		caplen = v >> 62 ? p.len : (v >> 32) % (p.len + 1);
		whole_gives = decode(&p, caplen, 0) != NULL;
		whole = batch.recs[0];
		batch.more = NULL;
		batch.frames[0].data = guard_copy(p.bytes, caplen);
		decode_batch(&batch, 0, &counters);
		guard_free(batch.frames[0].data, caplen);
		quick_gives = batch.nrecs == 1;
		quick = batch.recs[0];
		assert_int_equal(quick_gives, whole_gives);
		if (whole_gives)
			assert_memory_equal(&quick, &whole, sizeof(quick));
		taken += whole_gives && !whole.malformed;
	}
	assert_true(taken > 60000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_and_tags),  cmocka_unit_test(ipv6_fragment),
		cmocka_unit_test(arp),           cmocka_unit_test(quoted),
		cmocka_unit_test(inner_records), cmocka_unit_test(tunnels_without_ip_inside),
		cmocka_unit_test(nested),        cmocka_unit_test(common_packets_are_no_exception),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
