/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common.h - what most frames are, at once; private to decode.
 *
 * Ethernet, IPv4 without options that is no fragment, TCP or UDP; all headers captured, all lengths in order. Whatever is not
 * exactly that goes the general way, layer by layer, which is the specification of this one: a test compares both.
 */
#ifndef DECODE_COMMON_H
#define DECODE_COMMON_H

#include "base/cursor.h"
#include "batch.h"

enum {
	COMMON_ETHERNET = 1,                /* LINKTYPE_ */
	COMMON_HEADERS = 14 + 20,           /* Ethernet, IPv4 */
	COMMON_BYTES = COMMON_HEADERS + 14, /* and of TCP or UDP what is read, so that both are one copy */
	COMMON_IPV4 = 0x0800,
	COMMON_VERSION_LEN = 0x45,
	COMMON_FRAGMENT = 0x3fff,
	COMMON_TCP = 6,
	COMMON_UDP = 17,
};

struct common_headers {
	uint8_t macs[12];
	uint16_t ether_type;
	uint8_t version_len;
	uint8_t tos;
	uint16_t total_len;
	uint16_t id;
	uint16_t fragment;
	uint8_t ttl;
	uint8_t proto;
	uint16_t checksum;
	uint8_t src[4];
	uint8_t dst[4];
	uint16_t sport;
	uint16_t dport;
	uint16_t udp_len; /* of TCP the sequence number, until offset_flags */
	uint16_t rest[3];
	uint16_t offset_flags;
};
_Static_assert(sizeof(struct common_headers) == COMMON_BYTES, "no padding");

/* Fills *r in, but for its frame's index, if the frame is such a packet. */
static inline bool decode_common(const struct frame *f, struct rec *r)
{
	struct cursor c = cursor_of(f->data, f->caplen);
	struct common_headers h;
	uint32_t payload, header;

	if (f->caplen < COMMON_BYTES || f->link != COMMON_ETHERNET || f->fcs)
		return false;
	cursor_header(&c, &h, sizeof(h));
	payload = (uint32_t)__builtin_bswap16(h.total_len) - 20;
	if (h.ether_type != __builtin_bswap16(COMMON_IPV4) || h.version_len != COMMON_VERSION_LEN ||
	    h.fragment & __builtin_bswap16(COMMON_FRAGMENT) || payload > f->caplen - COMMON_HEADERS)
		return false;
	if (h.proto == COMMON_TCP) {
		header = (uint32_t)(__builtin_bswap16(h.offset_flags) >> 12) * 4;
		if (header < 20 || header > payload)
			return false;
	} else {
		header = 8;
		if (h.proto != COMMON_UDP || payload < 8 || __builtin_bswap16(h.udp_len) != payload)
			return false;
	}
	*r = (struct rec){
		.ts = f->ts,
		.wirelen = f->wirelen,
		.payload_len = payload - header,
		.has = HAS_WIRELEN | HAS_SRC | HAS_DST | HAS_PROTO | HAS_PROTO_NAME | HAS_PORTS | HAS_PAYLOAD_LEN,
		.sport = __builtin_bswap16(h.sport),
		.dport = __builtin_bswap16(h.dport),
		.proto = h.proto,
		.proto_name = PROTO_NAME_UDP,
	};
	memcpy(r->src, h.src, sizeof(h.src));
	memcpy(r->dst, h.dst, sizeof(h.dst));
	if (f->ts != TS_NONE)
		r->has |= HAS_TS;
	if (h.proto == COMMON_TCP) {
		r->tcp_flags = __builtin_bswap16(h.offset_flags) & 0x1ff;
		r->proto_name = PROTO_NAME_TCP;
		r->has |= HAS_TCP_FLAGS;
	}
	return true;
}

#endif
