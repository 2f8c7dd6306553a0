/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tunnels, entered when the record shall be that of the innermost IP layer. A tunnel's header that is cut, of another version
 * or with something else inside ends the walk: the record is then that of the IP layer around it.
 */
#include "decode/walk.h"

#include <string.h>

enum {
	PROTO_IPV4 = 4,
	PROTO_IPV6 = 41,
	/* Protocol types of GRE and others that are no EtherType of a link. */
	TYPE_ETHERNET = 0x6558,
	TYPE_ERSPAN_2 = 0x88be, /* draft-foschiano-erspan 4 */
	TYPE_ERSPAN_3 = 0x22eb,
	TYPE_WCCP = 0x883e,
	TYPE_PPP = 0x880b, /* RFC 2637 4.1 */
};

enum layer decode_tunnel_proto(uint8_t proto)
{
	switch (proto) {
#define TUNNEL(number, id)                                                                                                     \
	case number:                                                                                                           \
		return LAYER_##id;
#include "decode/protocols.def"
	default:
		return (enum layer)decode_ip_protocols[proto].layer;
	}
}

static enum layer layer_of_port(uint16_t port)
{
	switch (port) {
#define TUNNEL_PORT(number, id)                                                                                                \
	case number:                                                                                                           \
		return LAYER_##id;
#include "decode/protocols.def"
	default:
		return LAYER_DONE;
	}
}

/* The destination names the service; an answer may come from it. The cursor stands at the checksum. */
enum layer decode_tunnel_port(struct walk *w)
{
	enum layer layer = layer_of_port(w->rec->dport);

	if (layer == LAYER_DONE)
		layer = layer_of_port(w->rec->sport);
	if (layer != LAYER_DONE)
		cursor_skip(&w->c, 2);
	return layer;
}

/* Addresses of the IP header that stands outermost, which the first tunnel entered is in. */
static void note_outer(struct more *m, const struct rec *r)
{
	memcpy(m->outer_src, r->src, sizeof(r->src));
	memcpy(m->outer_dst, r->dst, sizeof(r->dst));
	m->has |= HAS_OUTER | (r->has & HAS_V6 ? HAS_OUTER_V6 : 0);
}

/* The tunnel's header is read: the record so far is put aside, and a new one begun. Returns inside, or LAYER_DONE. */
static enum layer enter(struct walk *w, enum tunnel tunnel, enum layer inside)
{
	struct rec *r = w->rec;
	struct more *m = w->more;

	if (w->c.failed || inside == LAYER_NOT_IP || inside == LAYER_DONE)
		return LAYER_DONE;
	if (w->tunnels == TUNNELS_MAX)
		return LAYER_DONE;
	w->tunnels++;
	w->outer->rec = *r;
	if (m) {
		w->outer->more = *m;
		if (!(m->has & HAS_OUTER))
			note_outer(m, r);
		m->tunnels[m->ntunnels++] = (uint8_t)tunnel;
		m->has &= HAS_OUTER | HAS_OUTER_V6 | HAS_MACS | HAS_SRC_MAC | HAS_VLAN | HAS_INNER_VLAN | HAS_ETHER_TYPE;
	}
	*r = (struct rec){.ts = r->ts, .wirelen = r->wirelen, .has = r->has & (HAS_TS | HAS_WIRELEN), .frame = r->frame};
	w->tags = 0;
	return inside;
}

enum layer decode_ip_in_ip(struct walk *w)
{
	bool v6 = w->rec->has & HAS_V6;

	if (w->rec->proto == PROTO_IPV4)
		return enter(w, v6 ? TUNNEL_4IN6 : TUNNEL_IPIP, LAYER_ipv4);
	return enter(w, v6 ? TUNNEL_6IN6 : TUNNEL_6IN4, LAYER_ipv6);
}

enum layer decode_mpls_tunnel(struct walk *w)
{
	return enter(w, TUNNEL_MPLS, LAYER_mpls);
}

/* draft-foschiano-erspan 4.2: eight bytes, which type I has not (and then no sequence number either). */
static enum layer erspan_2(struct walk *w, bool sequence)
{
	cursor_skip(&w->c, sequence ? 8 : 0);
	return enter(w, TUNNEL_ERSPAN, LAYER_ethernet);
}

/* draft-foschiano-erspan 4.3: twelve bytes, and eight more where the last bit says so; the frame type is bits 3 to 7 there. */
static enum layer erspan_3(struct walk *w)
{
	uint16_t last;

	cursor_skip(&w->c, 10);
	last = cursor_be16(&w->c);
	if (last & 1)
		cursor_skip(&w->c, 8);
	return enter(w, TUNNEL_ERSPAN, (last >> 10 & 31) == 2 ? walk_by_version(w) : LAYER_ethernet);
}

/* draft-mclaggan-wccp-v2rev1 4.12.1: a redirect header of four bytes, which version 1 has not; then IP. */
static enum layer wccp(struct walk *w)
{
	if (walk_by_version(w) == LAYER_NOT_IP)
		cursor_skip(&w->c, 4);
	return enter(w, TUNNEL_GRE, walk_by_version(w));
}

/* RFC 2784 2.1, RFC 2890 2 (key, sequence), RFC 2637 4.1 (version 1), RFC 7637 3.2 (NVGRE). */
enum layer decode_gre(struct walk *w)
{
	enum {
		CHECKSUM = 0x8000,
		ROUTING = 0x4000,
		KEY = 0x2000,
		SEQUENCE = 0x1000,
		ACKNOWLEDGEMENT = 0x0080,
		VERSION = 7
	};
	uint16_t flags = cursor_be16(&w->c), type = cursor_be16(&w->c);
	bool enhanced = (flags & VERSION) == 1;

	if ((flags & VERSION) > 1 || flags & ROUTING || enhanced != (type == TYPE_PPP))
		return LAYER_DONE;
	cursor_skip(&w->c, (flags & CHECKSUM ? 4u : 0) + (flags & KEY ? 4u : 0) + (flags & SEQUENCE ? 4u : 0) +
				   (enhanced && flags & ACKNOWLEDGEMENT ? 4u : 0));
	switch (type) {
	case TYPE_ETHERNET:
		return enter(w, (flags & (CHECKSUM | KEY | SEQUENCE)) == KEY ? TUNNEL_NVGRE : TUNNEL_GRE, LAYER_ethernet);
	case TYPE_ERSPAN_2:
		return erspan_2(w, flags & SEQUENCE);
	case TYPE_ERSPAN_3:
		return erspan_3(w);
	case TYPE_WCCP:
		return wccp(w);
	case TYPE_PPP:
		return enter(w, TUNNEL_GRE, LAYER_ppp_hdlc);
	default:
		return enter(w, TUNNEL_GRE, decode_ethertype(type));
	}
}

/* RFC 7348 5: flags, of which I must be set, reserved, network identifier, reserved. */
enum layer decode_vxlan(struct walk *w)
{
	uint8_t flags = cursor_u8(&w->c);

	cursor_skip(&w->c, 7);
	return flags & 0x08 ? enter(w, TUNNEL_VXLAN, LAYER_ethernet) : LAYER_DONE;
}

/* draft-ietf-nvo3-vxlan-gpe-12 3.1: flag P, and the next protocol in the fourth byte. */
enum layer decode_vxlan_gpe(struct walk *w)
{
	static const enum layer inside[] = {
		LAYER_DONE, LAYER_ipv4, LAYER_ipv6, LAYER_ethernet, LAYER_DONE, LAYER_mpls,
	};
	uint8_t flags = cursor_u8(&w->c), next;

	cursor_skip(&w->c, 2);
	next = cursor_u8(&w->c);
	cursor_skip(&w->c, 4);
	if (!(flags & 0x04))
		return enter(w, TUNNEL_VXLAN, LAYER_ethernet);
	return next < sizeof(inside) / sizeof(inside[0]) ? enter(w, TUNNEL_VXLAN, inside[next]) : LAYER_DONE;
}

/* RFC 8926 3.4: version (2 bits) and option length (6 bits, in words of four bytes), flags, protocol type, identifier. */
enum layer decode_geneve(struct walk *w)
{
	uint8_t first = cursor_u8(&w->c), flags = cursor_u8(&w->c);
	uint16_t type = cursor_be16(&w->c);

	if (first >> 6 || flags & 0x80) /* another version; a control packet */
		return LAYER_DONE;
	cursor_skip(&w->c, 4 + (first & 0x3fu) * 4);
	return enter(w, TUNNEL_GENEVE, type == TYPE_ETHERNET ? LAYER_ethernet : decode_ethertype(type));
}

/* 3GPP TS 29.281 5.1, 5.2: a G-PDU carries a user's packet, behind a chain of extension headers (length in words). */
enum layer decode_gtpu(struct walk *w)
{
	enum {
		VERSION_AND_TYPE = 0xf0,
		VERSION_1_GTP = 0x30,
		EXTENSION = 0x04,
		OPTIONAL = 0x07,
		G_PDU = 255,
		EXTENSIONS_MAX = 16
	};
	uint8_t flags = cursor_u8(&w->c), type = cursor_u8(&w->c), next = 0;

	if ((flags & VERSION_AND_TYPE) != VERSION_1_GTP || type != G_PDU)
		return LAYER_DONE;
	cursor_skip(&w->c, 6); /* length, tunnel endpoint */
	if (flags & OPTIONAL) {
		cursor_skip(&w->c, 3); /* sequence, N-PDU number */
		next = cursor_u8(&w->c);
	}
	if (!(flags & EXTENSION))
		next = 0;
	for (unsigned n = 0; next && n < EXTENSIONS_MAX; n++) {
		uint8_t words = cursor_u8(&w->c);

		if (words == 0)
			return LAYER_DONE;
		cursor_skip(&w->c, words * 4u - 2);
		next = cursor_u8(&w->c);
	}
	return next ? LAYER_DONE : enter(w, TUNNEL_GTPU, walk_by_version(w));
}

/*
 * RFC 3931 4.1: a session's data, behind a cookie of 0, 4 or 8 bytes and a sublayer of 0 or 4 that only the two ends know of.
 * Where an Ethernet frame with IP or a tag in it begins tells.
 */
static enum layer l2tpv3_data(struct walk *w)
{
	for (size_t skip = 0; skip <= 12; skip += 4) {
		uint16_t type = cursor_peek_be16(&w->c, skip + 12);
		uint8_t nibble = cursor_peek_u8(&w->c, skip + 14) >> 4;

		if ((type == 0x0800 && nibble == 4) || (type == 0x86dd && nibble == 6) || type == 0x8100 || type == 0x88a8) {
			cursor_skip(&w->c, skip);
			return enter(w, TUNNEL_L2TP, LAYER_ethernet);
		}
	}
	return LAYER_DONE;
}

/* RFC 3931 4.1.1.1: session identifier, 0 for control messages. */
enum layer decode_l2tpv3(struct walk *w)
{
	return cursor_be32(&w->c) ? l2tpv3_data(w) : LAYER_DONE;
}

/* RFC 2661 3.1: flags and version; length, tunnel, session, sequence numbers and padding as the flags say; then PPP. */
enum layer decode_l2tp_udp(struct walk *w)
{
	enum {
		CONTROL = 0x8000,
		LENGTH = 0x4000,
		SEQUENCE = 0x0800,
		OFFSET = 0x0200,
		VERSION = 15
	};
	uint16_t flags = cursor_be16(&w->c);

	if (flags & CONTROL)
		return LAYER_DONE;
	if ((flags & VERSION) == 3) { /* RFC 3931 4.1.2.1: reserved, session identifier */
		cursor_skip(&w->c, 6);
		return l2tpv3_data(w);
	}
	if ((flags & VERSION) != 2)
		return LAYER_DONE;
	cursor_skip(&w->c, (flags & LENGTH ? 2u : 0) + 4 + (flags & SEQUENCE ? 4u : 0));
	if (flags & OFFSET)
		cursor_skip(&w->c, cursor_be16(&w->c));
	return enter(w, TUNNEL_L2TP, LAYER_ppp_hdlc);
}

/* RFC 4380 5.1.1: authentication (with two lengths) and origin indications may stand before the IPv6 packet. */
enum layer decode_teredo(struct walk *w)
{
	enum {
		ORIGIN = 0x0000,
		AUTHENTICATION = 0x0001
	};

	if (cursor_left(&w->c) >= 4 && cursor_peek_be16(&w->c, 0) == AUTHENTICATION)
		cursor_skip(&w->c, 4u + cursor_peek_u8(&w->c, 2) + cursor_peek_u8(&w->c, 3) + 9);
	if (cursor_left(&w->c) >= 8 && cursor_peek_be16(&w->c, 0) == ORIGIN)
		cursor_skip(&w->c, 8);
	return walk_by_version(w) == LAYER_ipv6 ? enter(w, TUNNEL_TEREDO, LAYER_ipv6) : LAYER_DONE;
}

/* RFC 3378 3: version 3 in the upper four of 16 bits, the others zero; then an Ethernet frame. */
enum layer decode_etherip(struct walk *w)
{
	return cursor_be16(&w->c) == 0x3000 ? enter(w, TUNNEL_ETHERIP, LAYER_ethernet) : LAYER_DONE;
}
