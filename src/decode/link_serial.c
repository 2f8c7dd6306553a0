/* SPDX-License-Identifier: Apache-2.0 */
/* Serial lines: PPP, Cisco HDLC, Frame Relay. */
#include "decode/walk.h"

enum {
	ALL_STATIONS = 0xff,  /* RFC 1662 3.1 */
	CISCO_UNICAST = 0x0f, /* Cisco HDLC's addresses, where PPP has 0xff */
	CISCO_MULTICAST = 0x8f,
	NLPID_SNAP = 0x80, /* ISO/IEC TR 9577 */
	NLPID_IPV4 = 0xcc,
	NLPID_IPV6 = 0x8e,
	NLPID_PPP = 0xcf,
};

/* RFC 1661 2 and 6.5: the protocol field may have shrunk to one byte, which is then odd. */
enum layer decode_ppp(struct walk *w)
{
	uint16_t type = cursor_u8(&w->c);

	if (!(type & 1))
		type = (uint16_t)(type << 8 | cursor_u8(&w->c));
	if (w->c.failed)
		return walk_undecodable(w, DROP_LINK_CUT);
	return decode_ppptype(type);
}

/*
 * LINKTYPE_PPP_HDLC: Cisco HDLC, which its address tells, or PPP in HDLC-like framing (RFC 1662 3.1), whose address and control
 * may have been left out.
 */
enum layer decode_ppp_hdlc(struct walk *w)
{
	uint8_t address = cursor_peek_u8(&w->c, 0);

	if (address == CISCO_UNICAST || address == CISCO_MULTICAST)
		return LAYER_chdlc;
	if (address == ALL_STATIONS)
		cursor_skip(&w->c, 2);
	return LAYER_ppp;
}

/* LINKTYPE_PPP_WITH_DIR: a byte that says who sent it. */
enum layer decode_ppp_with_dir(struct walk *w)
{
	cursor_skip(&w->c, 1);
	return LAYER_ppp_hdlc;
}

/* Cisco HDLC: address, control, then an EtherType. */
enum layer decode_chdlc(struct walk *w)
{
	uint16_t type;

	cursor_skip(&w->c, 2);
	type = cursor_be16(&w->c);
	if (w->c.failed)
		return walk_undecodable(w, DROP_LINK_CUT);
	return walk_ethertype(w, type);
}

/*
 * RFC 2427 3 to 5: a Q.922 address, the last byte of which is odd and all of whose bits are zero but for flags on the
 * signalling circuit; control; NLPID. Cisco puts an EtherType there, but signalling has none.
 */
enum layer decode_frame_relay(struct walk *w)
{
	uint8_t byte = cursor_u8(&w->c);
	unsigned circuit = byte >> 2; /* the lower two bits are command/response and the extension */

	while (!(byte & 1) && !w->c.failed) {
		byte = cursor_u8(&w->c);
		circuit |= byte >> 4; /* below are congestion bits */
	}
	if (w->c.failed)
		return walk_undecodable(w, DROP_LINK_CUT);
	if (cursor_peek_u8(&w->c, 0) != 0x03) {
		uint16_t type = cursor_be16(&w->c);

		if (w->c.failed)
			return walk_undecodable(w, DROP_LINK_CUT);
		return circuit ? walk_ethertype(w, type) : LAYER_NOT_IP;
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
