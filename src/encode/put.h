/* SPDX-License-Identifier: Apache-2.0 */
/*
 * put.h - values as text; private to encode.
 *
 * Each function writes at p and returns p behind what it wrote. It may also write up to PUT_SLACK bytes beyond that, which the
 * next one overwrites: fixed-size stores are what makes this fast.
 */
#ifndef ENCODE_PUT_H
#define ENCODE_PUT_H

#include "base/drops.h"
#include "batch.h"
#include "encode/community.h"
#include "encode/encode.h"

#include <string.h>

#define CAPLEN_UNKNOWN UINT32_MAX /* of a frame that is not at hand */

enum {
	PUT_SLACK = 32,
	PUT_TEXT_ROOM = 6 * 1024, /* a name from outside, escaped and with its quotes; what does not fit is left out */
	/* RFC 9293 3.1, RFC 3168 6.1, RFC 3540 9 */
	TCP_FLAG_FIN = 0x001,
	TCP_FLAG_SYN = 0x002,
	TCP_FLAG_RST = 0x004,
	TCP_FLAG_PSH = 0x008,
	TCP_FLAG_ACK = 0x010,
	TCP_FLAG_URG = 0x020,
	TCP_FLAG_ECE = 0x040,
	TCP_FLAG_CWR = 0x080,
	TCP_FLAG_NS = 0x100,
};

#define NO "" /* in fields.def: the profile does not have the field */

/* Bits that the encoder itself adds. */
#define HAS_COMMUNITY_ID HAS_MORE(30)
#define HAS_PROTO_KEYWORD HAS_MORE(29)

/* The names of the last origin, as values. */
struct encode_origin {
	uint64_t serial;
	uint64_t has; /* HAS_IFACE, HAS_CAPTURE */
	uint32_t iface_len, capture_len;
	char iface[ORIGIN_IFACE_MAX * 6 + 2];
	char capture[PUT_TEXT_ROOM];
};

/* The text of a time's millisecond: once per millisecond of packet time; that of its second is kept for the next one. */
void put_new_milli(struct encode *e, int64_t ts);

/* RFC 5952: lower case, the longest run of two or more zero groups shortened, the first of equals. No quotes. */
char *put_ipv6_text(char *p, const uint8_t addr[16]);

/*
 * A text from outside as a JSON string of at most room bytes, quotes included. Control characters are escaped; a byte that is
 * no part of valid UTF-8 becomes the four characters \xHH.
 */
char *put_text(char *p, size_t room, const void *text, size_t len);

/* A text that is known to need no escapes and no quotes. */
static inline char *put_bytes(char *p, const char *text, size_t len)
{
	memcpy(p, text, len);
	return p + len;
}
#define PUT_TEXT(p, text) put_bytes(p, text, strlen(text))

/* Sees that e->origin holds the names of this origin; gives HAS_IFACE, HAS_CAPTURE as they are known. */
uint64_t put_new_origin(struct encode_origin *names, const struct origin *o);

/* A time as a number, or the number as a string. */
char *put_epoch(const struct encode *e, char *p, int64_t ts);
char *put_epoch_ms(const struct encode *e, char *p, int64_t ts);

extern const char *const put_keywords[256]; /* NULL: the protocol number has none */
char *put_keyword(char *p, uint8_t proto);

char *put_tunnels(char *p, const struct more *m);
int text_tunnel(const char *name, size_t len); /* enum tunnel, or -1 */

/* Three digits, leading zeros included. v < 1000. */
static inline char *put_three(const struct encode *e, char *p, uint32_t v)
{
	memcpy(p, &e->thousand[v], 4);
	return p + 3;
}

/* v < 1000000, without leading zeros and without a branch: six digits, shifted until the first that counts comes first. */
static inline char *put_six(const struct encode *e, char *p, uint32_t v)
{
	uint64_t text = e->thousand[v / 1000] | (uint64_t)e->thousand[v % 1000] << 24;
	unsigned zeros = (unsigned)__builtin_ctzll((text & 0x0f0f0f0f0f0f) | 1ull << 40) / 8;

	text >>= 8 * zeros;
	memcpy(p, &text, sizeof(text));
	return p + 6 - zeros;
}

static inline char *put_u16(const struct encode *e, char *p, uint16_t v)
{
	return put_six(e, p, v);
}

static inline char *put_u32(const struct encode *e, char *p, uint32_t v)
{
	if (__builtin_expect(v < 1000000, 1))
		return put_six(e, p, v);
	p = put_six(e, p, v / 1000000);
	return put_three(e, put_three(e, p, v / 1000 % 1000), v % 1000);
}

static inline char *put_u64(const struct encode *e, char *p, uint64_t v)
{
	char digits[20];
	int n = 20;

	if (v <= UINT32_MAX)
		return put_u32(e, p, (uint32_t)v);
	for (; v; v /= 10)
		digits[--n] = (char)('0' + v % 10);
	return put_bytes(p, digits + n, 20 - (size_t)n);
}

static inline char *put_u8(const struct encode *e, char *p, uint8_t v)
{
	uint64_t octet = e->octets[v];

	memcpy(p, &octet, 4);
	return p + (octet >> 32);
}

static inline char *put_ipv4(const struct encode *e, char *p, const uint8_t addr[4])
{
	for (int i = 0; i < 3; i++)
		p = put_u8(e, p, addr[i]) + 1; /* the point is there already */
	return put_u8(e, p, addr[3]);
}

/* IPv6, or IPv4 in the first four bytes. */
static inline char *put_ip(const struct encode *e, char *p, const uint8_t *addr, uint64_t v6)
{
	*p++ = '"';
	p = v6 ? put_ipv6_text(p, addr) : put_ipv4(e, p, addr);
	*p++ = '"';
	return p;
}

static inline char *put_bool(char *p, bool v)
{
	static const char texts[2][8] = {"false", "true"};

	memcpy(p, texts[v], 8);
	return p + 5 - v;
}

static inline char *put_proto_name(char *p, uint8_t name)
{
	static const char texts[][8] = {
		[PROTO_NAME_OTHER] = "\"other\"",
		[PROTO_NAME_TCP] = "\"tcp\"",
		[PROTO_NAME_UDP] = "\"udp\"",
		[PROTO_NAME_ICMP] = "\"icmp\"",
	};
	static const uint8_t lens[] = {
		[PROTO_NAME_OTHER] = 7,
		[PROTO_NAME_TCP] = 5,
		[PROTO_NAME_UDP] = 5,
		[PROTO_NAME_ICMP] = 6,
	};

	memcpy(p, texts[name], 8);
	return p + lens[name];
}

static inline char *put_proto_upper(char *p, uint8_t name)
{
	static const char texts[][8] = {
		[PROTO_NAME_OTHER] = "\"OTHER\"",
		[PROTO_NAME_TCP] = "\"TCP\"",
		[PROTO_NAME_UDP] = "\"UDP\"",
		[PROTO_NAME_ICMP] = "\"ICMP\"",
	};

	return PUT_TEXT(p, texts[name]);
}

/* Quotes around a value that was written at p + 1 and ends at end. */
static inline char *put_quoted(char *p, char *end)
{
	*p = '"';
	*end = '"';
	return end + 1;
}

static inline char *put_hex_byte(char *p, uint8_t v, const char digits[16])
{
	p[0] = digits[v >> 4];
	p[1] = digits[v & 15];
	return p + 2;
}

static inline char *put_hex_flags(char *p, uint16_t flags)
{
	*p = '"';
	return put_quoted(p, put_hex_byte(p + 1, (uint8_t)flags, "0123456789abcdef"));
}

static inline char *put_mac_with(char *p, const uint8_t mac[6], char between, const char digits[16])
{
	*p++ = '"';
	for (int i = 0; i < 6; i++) {
		p = put_hex_byte(p, mac[i], digits);
		*p++ = between;
	}
	p[-1] = '"';
	return p;
}

static inline char *put_mac(char *p, const uint8_t mac[6])
{
	return put_mac_with(p, mac, ':', "0123456789abcdef");
}

/* RFC 7042 2.1, which ECS asks for. */
static inline char *put_mac_ecs(char *p, const uint8_t mac[6])
{
	return put_mac_with(p, mac, '-', "0123456789ABCDEF");
}

static inline char *put_reason(char *p, uint8_t reason)
{
	*p = '"';
	return put_quoted(p, PUT_TEXT(p + 1, drop_infos[reason].key));
}

static inline char *put_community_id(const struct encode *e, char *p, const struct rec *r)
{
	*p = '"';
	return put_quoted(p, put_bytes(p + 1, e->given_id ? e->given_id : community_id(e->community, r), COMMUNITY_LEN));
}

static inline char *put_iface(const struct encode *e, char *p)
{
	return put_bytes(p, e->origin->iface, e->origin->iface_len);
}

static inline char *put_capture(const struct encode *e, char *p)
{
	return put_bytes(p, e->origin->capture, e->origin->capture_len);
}

static inline uint64_t put_origin(struct encode *e, const struct origin *o)
{
	if (__builtin_expect(e->origin->serial == o->serial, 1))
		return e->origin->has;
	return put_new_origin(e->origin, o);
}

/* The line's end; its first byte was a comma. */
static inline char *put_tail(const struct encode *e, char *line, char *p)
{
	*line = '{';
	memcpy(p, e->tail, PUT_SLACK);
	if (__builtin_expect(e->tail_len > PUT_SLACK, 0))
		memcpy(p, e->tail, e->tail_len);
	return p + e->tail_len;
}

static inline char *put_flags(const struct encode *e, char *p, uint16_t flags)
{
	memcpy(p, &e->flags[flags], 16); /* the length too: sixteen bytes are one store */
	return p + e->flags[flags].len;
}

/* The fraction of a second, with its point: ns < 1000000000, e->digits of it. */
static inline char *put_fraction(const struct encode *e, char *p, uint32_t ns)
{
	uint32_t unit = 1000000;

	if (e->digits)
		*p++ = '.';
	for (unsigned digits = e->digits; digits; digits -= 3, unit /= 1000)
		p = put_three(e, p, ns / unit % 1000);
	return p;
}

/* RFC 3339 in UTC, with e->digits digits of the second. */
static inline char *put_time(struct encode *e, char *p, int64_t ts)
{
	uint32_t ns; /* of the millisecond */

	if (__builtin_expect((uint64_t)ts - (uint64_t)e->milli_start >= 1000000, 0))
		put_new_milli(e, ts);
	memcpy(p, e->milli_text, sizeof(e->milli_text));
	p += e->digits ? 24 : 20;
	ns = (uint32_t)((uint64_t)ts - (uint64_t)e->milli_start);
	if (e->digits > 3)
		p = put_three(e, p, ns / 1000);
	if (e->digits > 6)
		p = put_three(e, p, ns % 1000);
	memcpy(p, "Z\"", 2);
	return p + 2;
}

static inline char *put_ts(struct encode *e, char *p, int64_t ts)
{
	return __builtin_expect(e->time == TIME_ISO, 1) ? put_time(e, p, ts) : put_epoch(e, p, ts);
}

#endif
