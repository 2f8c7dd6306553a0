/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 (RFC 791) and IPv6 (RFC 8200) with its extension headers. */
#include "decode/walk.h"

#include <stddef.h>
#include <string.h>

enum {
	IPV4_HEADER_MIN = 20,
	IPV6_EXTENSIONS_MAX = 32,     /* more are not sane: the record says so */
	IPV6_EXTENSIONS_WALKED = 256, /* and here the walk ends */
	/* IANA: IPv6 extension header types */
	HOP_BY_HOP = 0,
	ROUTING = 43,
	FRAGMENT = 44,
	AUTHENTICATION = 51,
	NO_NEXT = 59,
	DESTINATION = 60,
	MOBILITY = 135,
	HIP = 139,
	SHIM6 = 140,
};

/* Notes the protocol and its name. A later fragment has no transport header, and so no name. */
static void note_proto(struct rec *r, uint8_t proto, bool later_fragment)
{
	r->proto = proto;
	r->has |= HAS_PROTO | HAS_PROTO_NAME;
	r->proto_name = later_fragment ? PROTO_NAME_OTHER : decode_ip_protocols[proto].name;
}

/* What is left is the transport's: its length, and the layer of this protocol number. */
static enum layer transport(struct walk *w, uint8_t proto, bool later_fragment)
{
	struct rec *r = w->rec;

	note_proto(r, proto, later_fragment);
	r->has |= HAS_PAYLOAD_LEN;
	r->payload_len = (uint32_t)walk_wire_left(w);
	if (later_fragment)
		return LAYER_DONE;
	return w->outer ? decode_tunnel_proto(proto) : (enum layer)decode_ip_protocols[proto].layer;
}

struct ipv4_header {
	uint8_t version_len; /* header length in words of four bytes in the lower half */
	uint8_t tos;
	uint16_t total_len;
	uint16_t id;
	uint16_t fragment; /* flags, then the offset in units of eight bytes */
	uint8_t ttl;
	uint8_t proto;
	uint16_t checksum;
	uint8_t src[4];
	uint8_t dst[4];
};
_Static_assert(sizeof(struct ipv4_header) == IPV4_HEADER_MIN, "RFC 791 3.1");

/* What only some want of the header, of which the first 16 bytes are there. */
static void note_ipv4(struct more *m, const struct ipv4_header *h)
{
	uint16_t fragment = __builtin_bswap16(h->fragment);

	m->has |= HAS_TTL | HAS_IP_ID | HAS_FRAG_OFF | HAS_DF;
	m->ttl = h->ttl;
	m->tos = h->tos;
	m->ip_id = __builtin_bswap16(h->id);
	m->df = fragment & 0x4000;
	m->frag_off = (uint16_t)((fragment & 0x1fff) * 8);
}

/* A fragment, and whether another came before it. */
static void note_fragment(struct rec *r, bool later)
{
	r->has |= later ? HAS_FRAG | HAS_LATER_FRAG : HAS_FRAG;
}

enum layer decode_ipv4(struct walk *w)
{
	struct rec *r = w->rec;
	size_t wire_left = walk_wire_left(w);
	struct ipv4_header h;
	size_t have = cursor_header(&w->c, &h, sizeof(h));
	uint32_t header_len = (h.version_len & 15u) * 4, total_len = __builtin_bswap16(h.total_len);
	uint32_t fragment = __builtin_bswap16(h.fragment) & 0x3fff; /* more fragments, offset */

	if (have && h.version_len >> 4 != 4)
		return walk_undecodable(w, DROP_IP_VERSION);
	if (have < offsetof(struct ipv4_header, dst))
		return walk_undecodable(w, DROP_IP_CUT);
	if (header_len < IPV4_HEADER_MIN)
		return walk_undecodable(w, DROP_IP_HEADER_LEN);
	if (total_len && total_len < header_len)
		return walk_undecodable(w, DROP_IP_TOTAL_LEN);
	memcpy(r->src, h.src, sizeof(h.src));
	r->has |= HAS_SRC;
	note_proto(r, h.proto, (fragment & 0x1fff) != 0);
	if (fragment)
		note_fragment(r, (fragment & 0x1fff) != 0);
	if (w->more)
		note_ipv4(w->more, &h);
	if (have < sizeof(h)) {
		walk_short(w, DROP_IP_HEADER_BEYOND);
		return LAYER_DONE;
	}
	memcpy(r->dst, h.dst, sizeof(h.dst));
	r->has |= HAS_DST;
	if (total_len == 0) /* more than 65,535 bytes, or left to the device: segmentation offload */
		total_len = (uint32_t)wire_left;
	else if (total_len > wire_left)
		walk_malformed(w, DROP_IP_LEN_BEYOND);
	if (wire_left < header_len) {
		walk_malformed(w, DROP_IP_HEADER_BEYOND);
		return LAYER_DONE;
	}
	walk_limit(w, total_len - IPV4_HEADER_MIN);
	if (header_len > IPV4_HEADER_MIN) {
		cursor_skip(&w->c, header_len - IPV4_HEADER_MIN);
		if (w->c.failed) {
			walk_malformed(w, DROP_CUT);
			return LAYER_DONE;
		}
	}
	return transport(w, h.proto, (fragment & 0x1fff) != 0);
}

/* Length of the extension header at the cursor, or 0 if this number is none that can be walked. */
static size_t extension_len(const struct cursor *c, uint8_t type)
{
	size_t units = cursor_peek_u8(c, 1);

	switch (type) {
	case HOP_BY_HOP:
	case ROUTING:
	case DESTINATION:
	case MOBILITY: /* RFC 6275 6.1.1 */
	case HIP:      /* RFC 7401 5.1 */
	case SHIM6:    /* RFC 5533 5.1 */
		return (units + 1) * 8;
	case FRAGMENT:
		return 8;
	case AUTHENTICATION: /* RFC 4302 2.2 */
		return (units + 2) * 4;
	default:
		return 0;
	}
}

/* These carry a message of their own, and usually nothing follows: the packet is then theirs. */
static bool extension_is_message(uint8_t type)
{
	return type == MOBILITY || type == HIP || type == SHIM6;
}

/* RFC 8200 4.5: next header, reserved, offset and flags, identification. */
static void note_ipv6_fragment(struct more *m, const struct cursor *c)
{
	m->has |= HAS_IP_ID;
	m->frag_off = cursor_peek_be16(c, 2) & 0xfff8;
	m->ip_id = (uint32_t)cursor_peek_be16(c, 4) << 16 | cursor_peek_be16(c, 6);
}

/* Walks the extension headers (RFC 8200 4) from type on, to the transport header or as far as it goes. */
static enum layer extensions(struct walk *w, uint8_t type)
{
	struct cursor *c = &w->c;
	struct rec *r = w->rec;

	for (unsigned n = 0;; n++) {
		size_t len = extension_len(c, type);
		uint8_t next = cursor_peek_u8(c, 0);
		uint16_t fragment =
			type == FRAGMENT ? cursor_peek_be16(c, 2) & 0xfff9 : 0; /* offset in bytes, more fragments */

		if (!len || (extension_is_message(type) && next == NO_NEXT))
			return transport(w, type, false);
		if (n == IPV6_EXTENSIONS_MAX)
			walk_malformed(w, DROP_EXT_MANY);
		if (n == IPV6_EXTENSIONS_WALKED || cursor_left(c) == 0) {
			walk_short(w, DROP_EXT_CUT);
			note_proto(r, type, false);
			return LAYER_DONE;
		}
		if (fragment)
			note_fragment(r, fragment >> 3 != 0);
		if (w->more && type == FRAGMENT && cursor_left(c) >= len)
			note_ipv6_fragment(w->more, c);
		note_proto(r, next, fragment >> 3 != 0);
		if (cursor_left(c) < 2 || walk_wire_left(w) < len || (type == FRAGMENT && cursor_left(c) < len)) {
			walk_short(w, DROP_EXT_CUT);
			return LAYER_DONE;
		}
		cursor_skip(c, len);
		if (c->failed) {
			walk_malformed(w, DROP_CUT);
			return LAYER_DONE;
		}
		if (fragment >> 3)
			return transport(w, next, true);
		type = next;
	}
}

struct ipv6_header {
	uint8_t version;
	uint8_t class_flow[3];
	uint16_t payload_len;
	uint8_t next;
	uint8_t hop_limit;
	uint8_t src[16];
	uint8_t dst[16];
};
_Static_assert(sizeof(struct ipv6_header) == 40, "RFC 8200 3");

/* RFC 8200 3: version, traffic class (8 bits), flow label. */
static void note_ipv6(struct more *m, const struct ipv6_header *h)
{
	m->has |= HAS_TTL | HAS_FRAG_OFF | HAS_FLOW_LABEL;
	m->ttl = h->hop_limit;
	m->flow_label = (h->class_flow[0] & 15u) << 16 | (uint32_t)h->class_flow[1] << 8 | h->class_flow[2];
	m->tos = (uint8_t)(h->version << 4 | h->class_flow[0] >> 4);
}

enum layer decode_ipv6(struct walk *w)
{
	struct rec *r = w->rec;
	struct ipv6_header h;
	size_t have = cursor_header(&w->c, &h, sizeof(h));
	uint16_t payload_len = __builtin_bswap16(h.payload_len);

	if (have && h.version >> 4 != 6)
		return walk_undecodable(w, DROP_IP_VERSION);
	if (have < offsetof(struct ipv6_header, dst))
		return walk_undecodable(w, DROP_IP_CUT);
	memcpy(r->src, h.src, sizeof(h.src));
	r->has |= HAS_V6 | HAS_SRC;
	note_proto(r, h.next, false);
	if (w->more)
		note_ipv6(w->more, &h);
	if (have < sizeof(h)) {
		walk_short(w, DROP_IP_HEADER_BEYOND);
		return LAYER_DONE;
	}
	memcpy(r->dst, h.dst, sizeof(h.dst));
	r->has |= HAS_DST;
	if (payload_len > walk_wire_left(w))
		walk_malformed(w, DROP_IP_LEN_BEYOND);
	if (payload_len) /* 0: a jumbogram (RFC 2675), or left to the device by segmentation offload: to the end of the frame */
		walk_limit(w, payload_len);
	return extensions(w, h.next);
}
