/* SPDX-License-Identifier: Apache-2.0 */
/* Ethernet and what stands between it and IP: tags, LLC, MPLS, PPPoE. */
#include "decode/walk.h"

enum {
	ETHERTYPE_MIN = 0x0600,  /* IEEE 802.3-2022 3.2.6: below, the field is a length */
	LENGTH_MAX = 1500,       /* and a length is no more than this */
	SAP_SNAP = 0xaa,         /* IEEE 802-2014 9.2 */
	SAP_IP = 0x06,           /* RFC 948 */
	LLC_UI = 0x03,           /* unnumbered information */
	OUI_ENCAPSULATED = 0,    /* RFC 1042 */
	OUI_BRIDGE_TUNNEL = 0xf8 /* IEEE 802.1H */
};

/* Type or length: what both Ethernet and its tags end with. */
static enum layer type_or_length(struct walk *w)
{
	uint16_t type = cursor_be16(&w->c);

	if (w->c.failed)
		return walk_undecodable(w, DROP_LINK_CUT);
	if (type >= ETHERTYPE_MIN)
		return decode_ethertype(type);
	if (type > LENGTH_MAX)
		return LAYER_NOT_IP;
	walk_limit(w, type);
	return LAYER_llc;
}

enum layer decode_ethernet(struct walk *w)
{
	cursor_skip(&w->c, 12);
	return type_or_length(w);
}

/* IEEE 802.1Q-2022 9.6: tag control information, then the next type. */
enum layer decode_vlan(struct walk *w)
{
	cursor_skip(&w->c, 2);
	return type_or_length(w);
}

/* IEEE 802.2 with SNAP (IEEE 802-2014 9.2). */
enum layer decode_llc(struct walk *w)
{
	uint8_t dsap = cursor_u8(&w->c);
	uint8_t ssap = cursor_u8(&w->c);
	uint8_t control = cursor_u8(&w->c);
	uint32_t oui;
	uint16_t type;

	if (w->c.failed)
		return LAYER_NOT_IP;
	if (dsap == SAP_IP && ssap == SAP_IP && control == LLC_UI)
		return LAYER_ipv4;
	if (dsap != SAP_SNAP || ssap != SAP_SNAP || control != LLC_UI)
		return LAYER_NOT_IP;
	oui = (uint32_t)cursor_u8(&w->c) << 16;
	oui |= cursor_be16(&w->c);
	type = cursor_be16(&w->c);
	if (w->c.failed)
		return walk_undecodable(w, DROP_LINK_CUT);
	if (oui != OUI_ENCAPSULATED && oui != OUI_BRIDGE_TUNNEL)
		return LAYER_NOT_IP;
	return decode_ethertype(type);
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
	switch (cursor_peek_u8(&w->c, 0) >> 4) {
	case 4:
		return LAYER_ipv4;
	case 6:
		return LAYER_ipv6;
	default:
		return LAYER_NOT_IP;
	}
}

/* RFC 2516 4: version and type, code (0: session data), session, length. */
enum layer decode_pppoe(struct walk *w)
{
	uint16_t code = cursor_be16(&w->c) & 0xff;
	uint16_t length;

	cursor_skip(&w->c, 2);
	length = cursor_be16(&w->c);
	if (w->c.failed)
		return walk_undecodable(w, DROP_LINK_CUT);
	if (code != 0)
		return LAYER_NOT_IP;
	walk_limit(w, length);
	return LAYER_ppp;
}

/* RFC 1661 2 and 6.5: the protocol field may have shrunk to one byte, which is then odd; RFC 1662 3.1: address and control. */
enum layer decode_ppp(struct walk *w)
{
	uint16_t type;

	if (cursor_peek_be16(&w->c, 0) == 0xff03)
		cursor_skip(&w->c, 2);
	type = cursor_u8(&w->c);
	if (!(type & 1))
		type = (uint16_t)(type << 8 | cursor_u8(&w->c));
	if (w->c.failed)
		return walk_undecodable(w, DROP_LINK_CUT);
	return decode_ppptype(type);
}
