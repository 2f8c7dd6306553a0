/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common.h - what most frames are, at once; private to decode.
 *
 * Ethernet with or without a VLAN tag, IPv4 without options that is no fragment or IPv6 without extension headers, TCP or UDP;
 * all lengths in order, all headers captured. Whatever is not exactly that goes the general way, layer by layer, which is the
 * specification of this one: a test compares both.
 */
#ifndef DECODE_COMMON_H
#define DECODE_COMMON_H

#include "base/cursor.h"
#include "batch.h"

enum {
	COMMON_LINK = 1, /* LINKTYPE_ETHERNET */
	COMMON_VLAN = 0x8100,
	COMMON_IPV4 = 0x0800,
	COMMON_IPV6 = 0x86dd,
	COMMON_FRAGMENT = 0x3fff, /* more fragments, offset */
	COMMON_TCP = 6,
	COMMON_UDP = 17,
};

/* Headers as they lie in the frame, at any address. */
#define COMMON_HEADER __attribute__((packed, aligned(1), may_alias))

struct common_link {
	uint8_t macs[12];
	uint16_t type;
} COMMON_HEADER;

struct common_tag {
	uint16_t control;
	uint16_t type;
} COMMON_HEADER;

struct common_ipv4 {
	uint8_t version_len;
	uint8_t tos;
	uint16_t total_len;
	uint16_t id;
	uint16_t fragment;
	uint8_t ttl;
	uint8_t proto;
	uint16_t checksum;
	uint32_t src;
	uint32_t dst;
} COMMON_HEADER;

struct common_ipv6 {
	uint8_t version;
	uint8_t class_flow[3];
	uint16_t payload_len;
	uint8_t next;
	uint8_t hop_limit;
	uint8_t src[16];
	uint8_t dst[16];
} COMMON_HEADER;

/* TCP's or UDP's, as far as it is read. */
struct common_transport {
	uint16_t sport;
	uint16_t dport;
	uint16_t udp_len;
	uint16_t rest[3];
	uint16_t offset_flags; /* TCP's */
} COMMON_HEADER;
_Static_assert(sizeof(struct common_ipv4) == 20 && sizeof(struct common_ipv6) == 40 && sizeof(struct common_transport) == 14,
	       "no padding");

/*
 * What is behind IP: payload bytes by IP's own header. Fills in what it says, and what is known then; family: HAS_V6 or 0.
 * False if it is no such packet.
 */
static inline bool common_transport(struct rec *r, const struct common_transport *t, uint8_t proto, uint32_t payload,
				    uint32_t family)
{
	bool tcp = proto == COMMON_TCP;
	uint16_t word = tcp ? __builtin_bswap16(t->offset_flags) : 0;
	uint32_t header = tcp ? (uint32_t)(word >> 12) * 4 : 8;

	if (tcp ? header < 20 || header > payload
		: proto != COMMON_UDP || payload < header || __builtin_bswap16(t->udp_len) != payload)
		return false;
	r->payload_len = payload - header;
	r->has = HAS_WIRELEN | HAS_SRC | HAS_DST | HAS_PROTO | HAS_PROTO_NAME | HAS_PORTS | HAS_PAYLOAD_LEN | family |
		 (tcp ? HAS_TCP_FLAGS : 0) | (r->ts == TS_NONE ? 0 : HAS_TS);
	r->sport = __builtin_bswap16(t->sport);
	r->dport = __builtin_bswap16(t->dport);
	r->tcp_flags = word & 0x1ff;
	r->proto = proto;
	r->proto_name = tcp ? PROTO_NAME_TCP : PROTO_NAME_UDP;
	r->icmp_type = r->icmp_code = r->malformed = 0;
	return true;
}

/* Fills *r in, but for its frame's index, if the frame is such a packet; else *r is anything. */
static inline bool decode_common(const struct frame *f, struct rec *r)
{
	struct cursor c = cursor_of(f->data, f->caplen);
	const struct common_link *link = (const void *)cursor_take(&c, sizeof(*link));
	uint32_t family = 0, payload;
	size_t left;
	uint16_t type;
	uint8_t proto;

	if (!link || f->link != COMMON_LINK || f->fcs)
		return false;
	r->ts = f->ts;
	r->wirelen = f->wirelen;
	type = link->type;
	if (type == __builtin_bswap16(COMMON_VLAN)) {
		const struct common_tag *tag = (const void *)cursor_take(&c, sizeof(*tag));

		if (!tag)
			return false;
		type = tag->type;
	}
	if (type == __builtin_bswap16(COMMON_IPV4)) {
		const struct common_ipv4 *ip = (const void *)cursor_take(&c, sizeof(*ip));

		if (!ip || ip->version_len != 0x45 || ip->fragment & __builtin_bswap16(COMMON_FRAGMENT))
			return false;
		payload = (uint32_t)__builtin_bswap16(ip->total_len) - (uint32_t)sizeof(*ip);
		proto = ip->proto;
		memcpy(r->src, (uint32_t[4]){ip->src}, sizeof(r->src));
		memcpy(r->dst, (uint32_t[4]){ip->dst}, sizeof(r->dst));
	} else {
		const struct common_ipv6 *ip = (const void *)cursor_take(&c, sizeof(*ip));

		if (type != __builtin_bswap16(COMMON_IPV6) || !ip || ip->version >> 4 != 6)
			return false;
		payload = __builtin_bswap16(ip->payload_len);
		proto = ip->next;
		family = HAS_V6;
		memcpy(r->src, ip->src, sizeof(r->src));
		memcpy(r->dst, ip->dst, sizeof(r->dst));
	}
	left = cursor_left(&c);
	if (left < sizeof(struct common_transport))
		return false;
	if (payload > left && (f->wirelen <= f->caplen || payload - left > f->wirelen - f->caplen))
		return false; /* more than the frame has, on the wire too */
	return common_transport(r, (const void *)c.p, proto, payload, family);
}

#endif
