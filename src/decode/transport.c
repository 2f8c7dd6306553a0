/* SPDX-License-Identifier: Apache-2.0 */
/* What follows IP. The cursor and the wire end stand at the IP payload; rec.payload_len holds its length. */
#include "decode/walk.h"

enum {
	TCP_HEADER_MIN = 20,
	UDP_HEADER = 8,
	ICMP_HEADER = 8,
};

uint8_t decode_proto_name(uint8_t proto)
{
	switch (proto) {
	case 6:
		return PROTO_NAME_TCP;
	case 17:
		return PROTO_NAME_UDP;
	case 1:
	case 58:
		return PROTO_NAME_ICMP;
	default:
		return PROTO_NAME_OTHER;
	}
}

/* Source and destination port, which nearly all transports begin with; false if both could not be read. */
static bool ports(struct walk *w, uint32_t has)
{
	struct rec *r = w->rec;
	uint32_t both;

	if (cursor_left(&w->c) < 4) {
		if (cursor_left(&w->c) >= 2 && has == HAS_PORTS) {
			r->sport = cursor_peek_be16(&w->c, 0);
			r->has |= HAS_SPORT_ONLY;
		}
		walk_short(w, DROP_L4_SHORT);
		return false;
	}
	both = cursor_be32(&w->c);
	r->sport = (uint16_t)(both >> 16);
	r->dport = (uint16_t)both;
	r->has |= has;
	return true;
}

/* RFC 9293 3.1, as far as the flags; a record needs no more. */
struct tcp_header {
	uint16_t sport;
	uint16_t dport;
	uint8_t sequence[4];
	uint8_t acknowledgement[4];
	uint16_t offset_flags; /* data offset in words of four bytes in the upper four bits */
};
_Static_assert(sizeof(struct tcp_header) == 14, "RFC 9293 3.1");

enum layer decode_tcp(struct walk *w)
{
	struct rec *r = w->rec;
	struct tcp_header h;
	uint32_t header_len;
	uint16_t word;

	if (__builtin_expect(cursor_left(&w->c) < sizeof(h), 0)) {
		if (ports(w, HAS_PORTS)) {
			r->has &= ~(uint32_t)HAS_PAYLOAD_LEN;
			cursor_skip(&w->c, sizeof(h));
			walk_short(w, DROP_L4_SHORT);
		}
		return LAYER_DONE;
	}
	cursor_header(&w->c, &h, sizeof(h));
	word = __builtin_bswap16(h.offset_flags);
	r->sport = __builtin_bswap16(h.sport);
	r->dport = __builtin_bswap16(h.dport);
	r->tcp_flags = word & 0x1ff;
	r->has |= HAS_PORTS | HAS_TCP_FLAGS;
	header_len = (uint32_t)(word >> 12) * 4;
	if (header_len < TCP_HEADER_MIN || header_len > r->payload_len) {
		r->has &= ~(uint32_t)HAS_PAYLOAD_LEN;
		walk_malformed(w, DROP_TCP_DATA_OFFSET);
		return LAYER_DONE;
	}
	r->payload_len -= header_len;
	return LAYER_DONE;
}

/* RFC 768; length 0 in a jumbogram: to the end of the IP payload (RFC 2675 4). */
enum layer decode_udp(struct walk *w)
{
	struct rec *r = w->rec;
	uint32_t ip_payload = r->payload_len;
	uint16_t length;

	r->has &= ~(uint32_t)HAS_PAYLOAD_LEN;
	if (!ports(w, HAS_PORTS))
		return LAYER_DONE;
	length = cursor_be16(&w->c);
	if (w->c.failed) {
		walk_short(w, DROP_L4_SHORT);
		return LAYER_DONE;
	}
	if (length == 0 && ip_payload > 0xffff)
		r->payload_len = ip_payload - UDP_HEADER;
	else if (length < UDP_HEADER) {
		walk_malformed(w, DROP_UDP_LEN);
		return LAYER_DONE;
	} else
		r->payload_len = length - UDP_HEADER;
	if (length && length != ip_payload && !(r->has & HAS_FRAG))
		walk_malformed(w, DROP_UDP_LEN);
	r->has |= HAS_PAYLOAD_LEN;
	return LAYER_DONE;
}

/* RFC 3828 3.1: ports as in UDP; the length field is the checksum's coverage. */
enum layer decode_udplite(struct walk *w)
{
	struct rec *r = w->rec;

	if (ports(w, HAS_OTHER_PORTS) && r->payload_len >= UDP_HEADER)
		r->payload_len -= UDP_HEADER;
	return LAYER_DONE;
}

/* RFC 792, RFC 4443 2.1 */
enum layer decode_icmp(struct walk *w)
{
	struct rec *r = w->rec;

	if (cursor_left(&w->c) >= 1)
		r->has |= HAS_ICMP_TYPE;
	r->icmp_type = cursor_u8(&w->c);
	if (cursor_left(&w->c) >= 1)
		r->has |= HAS_ICMP_CODE;
	r->icmp_code = cursor_u8(&w->c);
	if (w->c.failed)
		walk_short(w, DROP_L4_SHORT);
	if (r->payload_len >= ICMP_HEADER)
		r->payload_len -= ICMP_HEADER;
	else
		r->has &= ~(uint32_t)HAS_PAYLOAD_LEN;
	return LAYER_DONE;
}

/* SCTP, DCCP: begin with the ports. */
enum layer decode_ports(struct walk *w)
{
	(void)ports(w, HAS_OTHER_PORTS);
	return LAYER_DONE;
}
