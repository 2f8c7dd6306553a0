/* SPDX-License-Identifier: Apache-2.0 */
/* What follows IP. The cursor and the wire end stand at the IP payload; rec.payload_len holds its length. */
#include "decode/walk.h"

#include <string.h>

enum {
	TCP_HEADER_MIN = 20,
	UDP_HEADER = 8,
	ICMP_HEADER = 8,
	PROTO_ICMPV6 = 58,
};

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

/* What only some want; the window follows at the cursor. */
static void note_tcp(struct walk *w, const struct tcp_header *h)
{
	struct more *m = w->more;
	uint32_t number;

	memcpy(&number, h->sequence, sizeof(number));
	m->tcp_seq = __builtin_bswap32(number);
	memcpy(&number, h->acknowledgement, sizeof(number));
	m->tcp_ack = __builtin_bswap32(number);
	m->tcp_window = cursor_peek_be16(&w->c, 0);
	m->has |= HAS_TCP_NUMBERS | (cursor_left(&w->c) >= 2 ? HAS_TCP_WINDOW : 0);
}

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
	if (w->more)
		note_tcp(w, &h);
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
	return w->outer ? decode_tunnel_port(w) : LAYER_DONE;
}

/* RFC 3828 3.1: ports as in UDP; the length field is the checksum's coverage. */
enum layer decode_udplite(struct walk *w)
{
	struct rec *r = w->rec;

	if (ports(w, HAS_OTHER_PORTS) && r->payload_len >= UDP_HEADER)
		r->payload_len -= UDP_HEADER;
	return LAYER_DONE;
}

/* RFC 792: unreachable, source quench, redirect, time exceeded, parameter problem. RFC 4443 2.1: types below 128. */
static bool is_icmp_error(uint8_t proto, uint8_t type)
{
	if (proto == PROTO_ICMPV6)
		return type >= 1 && type <= 4;
	return (type >= 3 && type <= 5) || type == 11 || type == 12;
}

/*
 * The packet that an error quotes, as much of it as there is: walked like any other, into a record of its own. At the cursor
 * are checksum and four more bytes of the ICMP header.
 */
static void note_quoted(struct walk *w)
{
	struct rec quoted = {0};
	struct walk q = {.c = w->c, .frame = w->frame, .rec = &quoted, .wire_end = w->wire_end};
	struct more *m = w->more;

	cursor_skip(&q.c, ICMP_HEADER - 2);
	walk_from(&q, walk_by_version(&q));
	if (!(quoted.has & HAS_SRC))
		return;
	memcpy(m->quoted_src, quoted.src, sizeof(quoted.src));
	memcpy(m->quoted_dst, quoted.dst, sizeof(quoted.dst));
	m->quoted_proto = quoted.proto;
	m->quoted_sport = quoted.sport;
	m->quoted_dport = quoted.dport;
	m->has |= HAS_QUOTED | (quoted.has & HAS_V6 ? HAS_QUOTED_V6 : 0) | (quoted.has & HAS_DST ? HAS_QUOTED_DST : 0) |
		  (quoted.has & (HAS_PORTS | HAS_OTHER_PORTS) ? HAS_QUOTED_PORTS : 0);
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
	else if (w->more && is_icmp_error(r->proto, r->icmp_type))
		note_quoted(w);
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
