/* SPDX-License-Identifier: Apache-2.0 */
/* Link types with a small header of their own: Linux cooked, BSD loopback, none at all. */
#include "decode/walk.h"

enum {
	ETHERTYPE_MIN = 0x0600,
	COOKED_8022 = 0x0004, /* in place of an EtherType: an 802.2 LLC frame follows */
};

static enum layer cooked_type(struct walk *w, uint16_t type)
{
	if (w->c.failed)
		return walk_undecodable(w, DROP_LINK_CUT);
	if (type == COOKED_8022)
		return LAYER_llc;
	return type < ETHERTYPE_MIN ? LAYER_NOT_IP : decode_ethertype(type);
}

/* LINKTYPE_LINUX_SLL: packet type, ARPHRD, address length, address (8), protocol. */
enum layer decode_linux_sll(struct walk *w)
{
	cursor_skip(&w->c, 14);
	return cooked_type(w, cursor_be16(&w->c));
}

/* LINKTYPE_LINUX_SLL2: protocol, reserved, interface index, ARPHRD, packet type, address length, address (8). */
enum layer decode_linux_sll2(struct walk *w)
{
	uint16_t type = cursor_be16(&w->c);

	cursor_skip(&w->c, 18);
	return cooked_type(w, type);
}

/* Address families as the BSDs, Darwin, Linux and Windows number them. */
static enum layer family(uint32_t af)
{
	switch (af) {
	case 2:
		return LAYER_ipv4;
	case 23: /* Windows */
	case 24: /* NetBSD, OpenBSD */
	case 28: /* FreeBSD */
	case 30: /* Darwin */
		return LAYER_ipv6;
	default:
		return af >= ETHERTYPE_MIN && af <= 0xffff ? decode_ethertype((uint16_t)af) : LAYER_NOT_IP;
	}
}

/* LINKTYPE_NULL: the family in the byte order of the machine that captured, which a family's value shows. */
enum layer decode_null(struct walk *w)
{
	uint32_t af = cursor_be32(&w->c);

	if (w->c.failed)
		return walk_undecodable(w, DROP_LINK_CUT);
	return family(af & 0xffff0000 ? __builtin_bswap32(af) : af);
}

/* LINKTYPE_LOOP: the family in network byte order. */
enum layer decode_loop(struct walk *w)
{
	return decode_null(w);
}

/* No link header: the version says which IP it is. */
enum layer decode_raw(struct walk *w)
{
	if (cursor_left(&w->c) == 0)
		return walk_undecodable(w, DROP_IP_CUT);
	return cursor_peek_u8(&w->c, 0) >> 4 == 6 ? LAYER_ipv6 : LAYER_ipv4;
}
