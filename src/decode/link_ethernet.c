/* SPDX-License-Identifier: Apache-2.0 */
/* Ethernet and what stands between it and IP: tags, LLC, MPLS, PPPoE. */
#include "decode/walk.h"

#include <string.h>

enum {
	ETHERTYPE_MIN = 0x0600, /* IEEE 802.3-2022 3.2.6: below, the field is a length */
	LENGTH_MAX = 1500,      /* and a length is no more than this */
	VLAN_TAGS_MAX = 20,
	SAP_SNAP = 0xaa, /* IEEE 802-2014 9.2 */
	SAP_IP = 0x06,   /* RFC 948 */
	LLC_UI = 0x03,   /* unnumbered information */
	LLC_NO_INFORMATION = 0x01,
	OUI_ENCAPSULATED = 0,     /* RFC 1042 */
	OUI_BRIDGE_TUNNEL = 0xf8, /* IEEE 802.1H */
	LABEL_GAL = 13,           /* RFC 5586 4: an associated channel follows */
	ARP_ETHERNET_IPV4 = 0x00010800,
	ARP_LENGTHS = 0x0604
};

/* Type or length: what both Ethernet and its tags end with. */
static enum layer type_or_length(struct walk *w, uint16_t type)
{
	if (w->c.failed)
		return walk_undecodable(w, DROP_LINK_CUT);
	if (type >= ETHERTYPE_MIN)
		return walk_ethertype(w, type);
	if (type > LENGTH_MAX)
		return LAYER_NOT_IP;
	walk_limit(w, type);
	return LAYER_llc;
}

enum layer decode_ethernet(struct walk *w)
{
	struct {
		uint8_t dst[6];
		uint8_t src[6];
		uint16_t type;
	} h;

	cursor_header(&w->c, &h, sizeof(h));
	if (w->more && !w->c.failed) {
		memcpy(w->more->src_mac, h.src, sizeof(h.src));
		memcpy(w->more->dst_mac, h.dst, sizeof(h.dst));
		w->more->has &= ~(HAS_VLAN | HAS_INNER_VLAN); /* those of the frame around it, if this is in a tunnel */
		w->more->has |= HAS_MACS;
	}
	return type_or_length(w, __builtin_bswap16(h.type));
}

/* The VLAN identifier is the lower twelve bits. */
static void note_tag(struct more *m, uint16_t control)
{
	if (!(m->has & HAS_VLAN)) {
		m->vlan = control & 0xfff;
		m->has |= HAS_VLAN;
	} else if (!(m->has & HAS_INNER_VLAN)) {
		m->inner_vlan = control & 0xfff;
		m->has |= HAS_INNER_VLAN;
	}
}

/* IEEE 802.1Q-2022 9.6: tag control information, then the next type. */
enum layer decode_vlan(struct walk *w)
{
	if (++w->tags > VLAN_TAGS_MAX)
		return walk_undecodable(w, DROP_LINK_DEEP);
	if (w->more && cursor_left(&w->c) >= 2)
		note_tag(w->more, cursor_peek_be16(&w->c, 0));
	cursor_skip(&w->c, 2);
	return type_or_length(w, cursor_be16(&w->c));
}

/*
 * IEEE 802.2: destination and source access point, control. Data are in unnumbered information and in information frames, whose
 * control has two bytes.
 */
enum layer decode_llc(struct walk *w)
{
	uint8_t dsap = cursor_u8(&w->c);
	uint8_t ssap = cursor_u8(&w->c);
	uint8_t control = cursor_u8(&w->c);
	if (w->c.failed)
		return LAYER_NOT_IP;
	if (control != LLC_UI && control & LLC_NO_INFORMATION)
		return LAYER_NOT_IP;
	if (control != LLC_UI)
		cursor_skip(&w->c, 1);
	if (dsap == SAP_IP) /* whoever sends it */
		return LAYER_ipv4;
	return dsap == SAP_SNAP && ssap == SAP_SNAP ? LAYER_snap : LAYER_NOT_IP;
}

/* IEEE 802-2014 9.2: an organisation, and its own number for a protocol; those that give EtherTypes are known. */
enum layer decode_snap(struct walk *w)
{
	uint32_t oui;
	uint16_t type;

	oui = (uint32_t)cursor_u8(&w->c) << 16;
	oui |= cursor_be16(&w->c);
	type = cursor_be16(&w->c);
	if (w->c.failed)
		return walk_undecodable(w, DROP_LINK_CUT);
	if (oui != OUI_ENCAPSULATED && oui != OUI_BRIDGE_TUNNEL)
		return LAYER_NOT_IP;
	return walk_ethertype(w, type);
}

/* RFC 826: hardware and protocol type, their address lengths, operation, then sender and target. No IP packet. */
enum layer decode_arp(struct walk *w)
{
	struct more *m = w->more;
	uint32_t types, lengths_op;

	if (!m)
		return LAYER_NOT_IP;
	types = cursor_be32(&w->c);
	lengths_op = cursor_be32(&w->c);
	if (w->c.failed)
		return LAYER_NOT_IP;
	m->arp_op = (uint16_t)lengths_op;
	m->has |= HAS_ARP;
	if (types != ARP_ETHERNET_IPV4 || lengths_op >> 16 != ARP_LENGTHS)
		return LAYER_NOT_IP;
	cursor_copy(&w->c, m->arp_src_mac, sizeof(m->arp_src_mac));
	cursor_copy(&w->c, m->arp_src_ip, sizeof(m->arp_src_ip));
	cursor_copy(&w->c, m->arp_dst_mac, sizeof(m->arp_dst_mac));
	cursor_copy(&w->c, m->arp_dst_ip, sizeof(m->arp_dst_ip));
	if (!w->c.failed)
		m->has |= HAS_ARP_ADDRESSES;
	return LAYER_NOT_IP;
}

/* RFC 3032 2.1: label, class, bottom of stack, time to live. What follows the bottom is told by its first nibble (RFC 4928 2).
 */
enum layer decode_mpls(struct walk *w)
{
	uint32_t entry = cursor_be32(&w->c);

	if (w->c.failed)
		return walk_undecodable(w, DROP_LINK_CUT);
	if (!(entry & 0x100))
		return LAYER_mpls;
	if (entry >> 12 == LABEL_GAL)
		return LAYER_NOT_IP;
	return walk_by_version(w);
}

/* RFC 2516 4: version and type, code, session, length. Session data should have code 0; what is under this EtherType is data.
 */
enum layer decode_pppoe(struct walk *w)
{
	uint16_t length;

	cursor_skip(&w->c, 4);
	length = cursor_be16(&w->c);
	if (w->c.failed)
		return walk_undecodable(w, DROP_LINK_CUT);
	walk_limit(w, length);
	return LAYER_ppp;
}
