/* SPDX-License-Identifier: Apache-2.0 */
/* Link types with a small header of their own: Linux cooked, BSD loopback, none at all. */
#include "decode/walk.h"

enum {
	ETHERTYPE_MIN = 0x0600,
	/* In place of an EtherType in a cooked header: linux/if_ether.h. */
	COOKED_ETHERNET = 0x0003,
	COOKED_8022 = 0x0004,
	COOKED_PPP = 0x0007,
	/* Kinds of devices: linux/if_arp.h. */
	DEVICE_GRE = 778,
	DEVICE_RADIOTAP = 803,
	DEVICE_NETLINK = 824,
	GRE_PPP = 0x880b, /* RFC 2637 4.1 */
	ADDRESS_LEN = 6,  /* of Ethernet and its like */
	PPP_FRAMING = 0xff03,
	DOWN_ZEROS = 10,
};

/* What a cooked header's protocol says depends on the device, whose kind is an ARPHRD_ number. */
static enum layer cooked_type(struct walk *w, uint16_t device, uint16_t type)
{
	if (w->c.failed)
		return walk_undecodable(w, DROP_LINK_CUT);
	if (device == DEVICE_NETLINK) /* a netlink family, and no packet */
		return LAYER_NOT_IP;
	if (device == DEVICE_GRE && type == GRE_PPP)
		return LAYER_ppp_hdlc;
	if (device == DEVICE_RADIOTAP && type < ETHERTYPE_MIN)
		return LAYER_radiotap;
	switch (type) {
	case COOKED_ETHERNET:
		return LAYER_ethernet;
	case COOKED_8022:
		return LAYER_llc;
	case COOKED_PPP:
		return LAYER_ppp_hdlc;
	default:
		return type < ETHERTYPE_MIN ? LAYER_NOT_IP : walk_ethertype(w, type);
	}
}

/* The sender's address, of which a cooked header has eight bytes whatever its length. */
static void note_sender(struct walk *w, uint16_t len)
{
	if (!w->more || w->c.failed || len != ADDRESS_LEN || cursor_left(&w->c) < ADDRESS_LEN)
		return;
	for (size_t i = 0; i < ADDRESS_LEN; i++)
		w->more->src_mac[i] = cursor_peek_u8(&w->c, i);
	w->more->has |= HAS_SRC_MAC;
}

/* LINKTYPE_LINUX_SLL: packet type, ARPHRD, address length, address (8), protocol. */
enum layer decode_linux_sll(struct walk *w)
{
	uint16_t device;

	cursor_skip(&w->c, 2);
	device = cursor_be16(&w->c);
	note_sender(w, cursor_be16(&w->c));
	cursor_skip(&w->c, 8);
	return cooked_type(w, device, cursor_be16(&w->c));
}

/* LINKTYPE_LINUX_SLL2: protocol, reserved, interface index, ARPHRD, packet type, address length, address (8). */
enum layer decode_linux_sll2(struct walk *w)
{
	uint16_t type = cursor_be16(&w->c), device;

	cursor_skip(&w->c, 6);
	device = cursor_be16(&w->c);
	cursor_skip(&w->c, 1);
	note_sender(w, cursor_u8(&w->c));
	cursor_skip(&w->c, 8);
	return cooked_type(w, device, type);
}

/* Address families as the BSDs and Darwin number them: LINKTYPE_NULL in the registry at tcpdump.org. */
static enum layer family(uint32_t af)
{
	switch (af) {
	case 2:
		return LAYER_ipv4;
	case 24: /* NetBSD, OpenBSD */
	case 28: /* FreeBSD */
	case 30: /* Darwin */
		return LAYER_ipv6;
	default:
		return LAYER_NOT_IP;
	}
}

/*
 * LINKTYPE_NULL: the family in the byte order of the machine that captured, which its value shows: families are small. Some
 * wrote it in 16 bits of the four bytes, some an EtherType instead, and old Linux a PPP frame without any of it.
 */
enum layer decode_null(struct walk *w)
{
	uint32_t af = __builtin_bswap32(cursor_be32(&w->c)); /* as a little-endian machine writes it */

	if (w->c.failed)
		return walk_undecodable(w, DROP_LINK_CUT);
	if ((af & 0xffff) == __builtin_bswap16(PPP_FRAMING))
		return decode_ppptype((uint16_t)(af >> 24 | (af >> 8 & 0xff00)));
	if (!(af & 0xffff0000))
		af = af & 0xff || af >= 0x0600 ? af : af >> 8;
	else if (af < 0x00060000)
		af >>= 16;
	else
		af = __builtin_bswap32(af);
	return af >= ETHERTYPE_MIN ? walk_ethertype(w, (uint16_t)af) : family(af);
}

/* LINKTYPE_LOOP: the family in network byte order. */
enum layer decode_loop(struct walk *w)
{
	uint32_t af = cursor_be32(&w->c);

	return w->c.failed ? walk_undecodable(w, DROP_LINK_CUT) : family(af);
}

/* Ten zeros, as Linux' ISDN driver put them in front of IP when a line was down. */
static bool line_down(const struct cursor *c)
{
	for (size_t i = 0; i < DOWN_ZEROS; i++)
		if (cursor_peek_u8(c, i))
			return false;
	return cursor_left(c) > DOWN_ZEROS;
}

/*
 * No link header: the version says which IP it is. Where it is neither, what old Linux drivers left in front: PPP framing,
 * behind nothing, one byte, or a made-up hardware address; or zeros.
 */
enum layer decode_raw(struct walk *w)
{
	static const size_t framings[] = {0, 6, 1};
	const struct cursor *c = &w->c;
	unsigned version = cursor_peek_u8(c, 0) >> 4;

	if (cursor_left(c) == 0)
		return walk_undecodable(w, DROP_IP_CUT);
	if (version == 4 || version == 6)
		return version == 6 ? LAYER_ipv6 : LAYER_ipv4;
	for (size_t i = 0; i < sizeof(framings) / sizeof(framings[0]); i++) {
		if (cursor_peek_be16(c, framings[i]) != PPP_FRAMING)
			continue;
		cursor_skip(&w->c, framings[i]);
		return LAYER_ppp_hdlc;
	}
	if (!line_down(c))
		return LAYER_ipv4; /* which will say that it is none */
	cursor_skip(&w->c, DOWN_ZEROS);
	return LAYER_ipv4;
}
