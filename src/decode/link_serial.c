/* SPDX-License-Identifier: Apache-2.0 */
/* Serial lines: PPP, Cisco HDLC, Frame Relay. */
#include "decode/walk.h"

enum {
	ADDRESS_CONTROL = 0xff03, /* RFC 1662 3.1 */
	CISCO_UNICAST = 0x0f,     /* Cisco HDLC's addresses, where PPP has 0xff */
	CISCO_MULTICAST = 0x8f,
	NLPID_SNAP = 0x80, /* ISO/IEC TR 9577 */
	NLPID_IPV4 = 0xcc,
	NLPID_IPV6 = 0x8e,
	NLPID_PPP = 0xcf,
};

/* RFC 1661 2 and 6.5: the protocol field may have shrunk to one byte, which is then odd; RFC 1662 3.1: address and control. */
enum layer decode_ppp(struct walk *w)
{
	uint16_t type;

	if (cursor_peek_be16(&w->c, 0) == ADDRESS_CONTROL)
		cursor_skip(&w->c, 2);
	type = cursor_u8(&w->c);
	if (!(type & 1))
		type = (uint16_t)(type << 8 | cursor_u8(&w->c));
	if (w->c.failed)
		return walk_undecodable(w, DROP_LINK_CUT);
	return decode_ppptype(type);
}

/* LINKTYPE_PPP_HDLC: PPP in HDLC-like framing, or Cisco HDLC, which the address tells. */
enum layer decode_ppp_hdlc(struct walk *w)
{
	uint8_t address = cursor_peek_u8(&w->c, 0);

	return address == CISCO_UNICAST || address == CISCO_MULTICAST ? LAYER_chdlc : LAYER_ppp;
}

/* Cisco HDLC: address, control, then an EtherType. */
enum layer decode_chdlc(struct walk *w)
{
	uint16_t type;

	cursor_skip(&w->c, 2);
	type = cursor_be16(&w->c);
	if (w->c.failed)
		return walk_undecodable(w, DROP_LINK_CUT);
	return decode_ethertype(type);
}

/* RFC 2427 3 to 5: a Q.922 address of two to four bytes, the last of which is odd; control; NLPID. Cisco puts an EtherType
 * there. */
enum layer decode_frame_relay(struct walk *w)
{
	unsigned n = 1;

	while (!(cursor_u8(&w->c) & 1) && !w->c.failed)
		if (++n > 4)
			return walk_undecodable(w, DROP_LINK_BAD);
	if (w->c.failed)
		return walk_undecodable(w, DROP_LINK_CUT);
	if (cursor_peek_u8(&w->c, 0) != 0x03) {
		uint16_t type = cursor_be16(&w->c);

		return w->c.failed ? walk_undecodable(w, DROP_LINK_CUT) : decode_ethertype(type);
	}
	cursor_skip(&w->c, 1);
	if (cursor_peek_u8(&w->c, 0) == 0) /* pad */
		cursor_skip(&w->c, 1);
	switch (cursor_u8(&w->c)) {
	case NLPID_IPV4:
		return LAYER_ipv4;
	case NLPID_IPV6:
		return LAYER_ipv6;
	case NLPID_PPP:
		return LAYER_ppp;
	case NLPID_SNAP:
		return LAYER_snap;
	default:
		return w->c.failed ? walk_undecodable(w, DROP_LINK_CUT) : LAYER_NOT_IP;
	}
}
