/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 (RFC 791) and IPv6 (RFC 8200) with its extension headers. */
#include "decode/walk.h"

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

/* The layer of this protocol number; proto_name is given by what is there to be read: a later fragment has no transport header.
 */
static enum layer transport(struct walk *w, uint8_t proto, bool later_fragment)
{
	struct rec *r = w->rec;

	r->proto = proto;
	r->has |= HAS_PROTO | HAS_PAYLOAD_LEN;
	r->payload_len = (uint32_t)walk_wire_left(w);
	return later_fragment ? LAYER_DONE : decode_transport(proto);
}

static enum layer ipv4_cut(struct walk *w)
{
	struct rec *r = w->rec;

	if (!(r->has & HAS_SRC))
		return walk_undecodable(w, DROP_IP_CUT);
	walk_malformed(w, DROP_CUT);
	return LAYER_DONE;
}

enum layer decode_ipv4(struct walk *w)
{
	struct cursor *c = &w->c;
	struct rec *r = w->rec;
	size_t wire_left = walk_wire_left(w);
	uint8_t version = cursor_peek_u8(c, 0) >> 4;
	uint32_t word, header_len, total_len, fragment;

	if (cursor_left(c) && version != 4)
		return walk_undecodable(w, DROP_IP_VERSION);
	word = cursor_be32(c);
	header_len = (word >> 24 & 15) * 4;
	total_len = word & 0xffff;
	fragment = cursor_be32(c) & 0x3fff; /* more fragments, offset in units of 8 */
	word = cursor_be32(c);
	cursor_copy(c, r->src, 4);
	if (c->failed)
		return walk_undecodable(w, DROP_IP_CUT);
	if (header_len < IPV4_HEADER_MIN)
		return walk_undecodable(w, DROP_IP_HEADER_LEN);
	if (total_len && total_len < header_len)
		return walk_undecodable(w, DROP_IP_TOTAL_LEN);
	r->proto = (uint8_t)(word >> 16);
	r->has |= HAS_SRC | HAS_PROTO;
	cursor_copy(c, r->dst, 4);
	if (c->failed)
		return ipv4_cut(w);
	r->has |= HAS_DST;
	if (total_len == 0) /* more than 65,535 bytes, or left to the device: segmentation offload */
		total_len = (uint32_t)wire_left;
	else if (total_len > wire_left)
		walk_malformed(w, DROP_IP_LEN_BEYOND);
	if (total_len < header_len || wire_left < header_len) {
		walk_short(w, DROP_IP_OPTIONS_CUT);
		return LAYER_DONE;
	}
	walk_limit(w, total_len - IPV4_HEADER_MIN);
	cursor_skip(c, header_len - IPV4_HEADER_MIN);
	if (c->failed)
		return ipv4_cut(w);
	if (fragment)
		r->has |= HAS_FRAG;
	return transport(w, r->proto, (fragment & 0x1fff) != 0);
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

/* Walks the extension headers (RFC 8200 4) from type on, to the transport header or as far as it goes. */
static enum layer extensions(struct walk *w, uint8_t type)
{
	struct cursor *c = &w->c;
	struct rec *r = w->rec;

	for (unsigned n = 0;; n++) {
		size_t len = extension_len(c, type);
		uint8_t next = cursor_peek_u8(c, 0);
		uint16_t fragment = 0;

		if (!len || (extension_is_message(type) && next == NO_NEXT))
			return transport(w, type, false);
		r->proto = type;
		if (n == IPV6_EXTENSIONS_MAX)
			walk_malformed(w, DROP_EXT_MANY);
		if (n == IPV6_EXTENSIONS_WALKED)
			return LAYER_DONE;
		if (cursor_left(c) < 2) {
			walk_short(w, DROP_EXT_CUT);
			return LAYER_DONE;
		}
		if (type == FRAGMENT) {
			fragment = cursor_peek_be16(c, 2) & 0xfff9; /* offset in bytes, more fragments */
			if (fragment)
				r->has |= HAS_FRAG;
		}
		r->proto = next;
		if (walk_wire_left(w) < len || (type == FRAGMENT && cursor_left(c) < len)) {
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

enum layer decode_ipv6(struct walk *w)
{
	struct cursor *c = &w->c;
	struct rec *r = w->rec;
	uint32_t word;
	uint16_t payload_len;
	uint8_t next;

	if (cursor_left(c) && cursor_peek_u8(c, 0) >> 4 != 6)
		return walk_undecodable(w, DROP_IP_VERSION);
	cursor_skip(c, 4);
	word = cursor_be32(c);
	payload_len = (uint16_t)(word >> 16);
	next = (uint8_t)(word >> 8);
	cursor_copy(c, r->src, 16);
	if (c->failed)
		return walk_undecodable(w, DROP_IP_CUT);
	r->proto = next;
	r->has |= HAS_V6 | HAS_SRC | HAS_PROTO;
	cursor_copy(c, r->dst, 16);
	if (c->failed) {
		walk_malformed(w, DROP_CUT);
		return LAYER_DONE;
	}
	r->has |= HAS_DST;
	if (payload_len > walk_wire_left(w))
		walk_malformed(w, DROP_IP_LEN_BEYOND);
	if (payload_len) /* 0: a jumbogram (RFC 2675), or left to the device by segmentation offload: to the end of the frame */
		walk_limit(w, payload_len);
	return extensions(w, next);
}
