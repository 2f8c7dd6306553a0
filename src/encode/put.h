/* SPDX-License-Identifier: Apache-2.0 */
/*
 * put.h - values as text; private to encode.
 *
 * Each function writes at p and returns p behind what it wrote. It may also write up to PUT_SLACK bytes beyond that, which the
 * next one overwrites: fixed-size stores are what makes this fast.
 */
#ifndef ENCODE_PUT_H
#define ENCODE_PUT_H

#include "batch.h"
#include "encode/encode.h"

#include <string.h>

enum {
	PUT_SLACK = 32,
	TCP_FLAG_SYN = 0x02,
	TCP_FLAG_RST = 0x04,
};

/* The second's own text: slow, once per second of packet time. */
void put_new_second(struct encode *e, int64_t ts);

/* RFC 5952: lower case, the longest run of two or more zero groups shortened, the first of equals. No quotes. */
char *put_ipv6_text(char *p, const uint8_t addr[16]);

/* Two digits. v < 100. */
static inline char *put_pair(char *p, uint32_t v)
{
	uint32_t tens = v / 10;
	uint16_t text = (uint16_t)(0x3030 + tens + ((v - 10 * tens) << 8));

	memcpy(p, &text, sizeof(text));
	return p + 2;
}

/* Four decimal digits as the four bytes of a word, the highest digit lowest. v < 10000. */
static inline uint32_t four_digits(uint32_t v)
{
	uint32_t high = v / 100;
	uint32_t halves = high | (v - 100 * high) << 16;
	uint32_t tens = (halves * 103 >> 10) & 0x000f000f;

	return tens | (halves - 10 * tens) << 8;
}

/* v < 100000, without leading zeros and without a branch. */
static inline char *put_five(char *p, uint32_t v)
{
	uint32_t high = v / 10000;
	uint64_t digits = high | (uint64_t)four_digits(v - 10000 * high) << 8;
	unsigned zeros = (unsigned)__builtin_ctzll(digits | 1ull << 32) / 8;
	uint64_t text = (digits + 0x3030303030) >> (8 * zeros);

	memcpy(p, &text, sizeof(text));
	return p + 5 - zeros;
}

static inline char *put_u16(char *p, uint16_t v)
{
	return put_five(p, v);
}

static inline char *put_u32(char *p, uint32_t v)
{
	uint32_t low;

	if (__builtin_expect(v < 100000, 1))
		return put_five(p, v);
	p = put_five(p, v / 100000);
	low = v % 100000;
	*p++ = (char)('0' + low / 10000);
	low = four_digits(low % 10000) + 0x30303030;
	memcpy(p, &low, sizeof(low));
	return p + 4;
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

static inline char *put_ip(const struct encode *e, char *p, const uint8_t addr[16], uint32_t has)
{
	*p++ = '"';
	p = has & HAS_V6 ? put_ipv6_text(p, addr) : put_ipv4(e, p, addr);
	*p++ = '"';
	return p;
}

static inline char *put_bool(char *p, uint32_t v)
{
	memcpy(p, v ? "true\0\0\0" : "false\0\0", 8);
	return p + (v ? 4 : 5);
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

static inline char *put_flags(const struct encode *e, char *p, uint16_t flags)
{
	memcpy(p, &e->flags[flags], 16); /* the length too: sixteen bytes are one store */
	return p + e->flags[flags].len;
}

/* Three digits. v < 1000. */
static inline char *put_three(char *p, uint32_t v)
{
	*p = (char)('0' + v / 100);
	return put_pair(p + 1, v % 100);
}

/* The fraction of a second, with its point: ns < 1000000000, e->digits of it. */
static inline char *put_fraction(const struct encode *e, char *p, uint32_t ns)
{
	uint32_t micros = ns / 1000, text;

	if (!e->digits)
		return p;
	*p++ = '.';
	if (e->digits == 3)
		return put_three(p, micros / 1000);
	p = put_pair(p, micros / 10000);
	text = four_digits(micros % 10000) + 0x30303030;
	memcpy(p, &text, sizeof(text));
	return e->digits == 6 ? p + 4 : put_three(p + 4, ns % 1000);
}

/* RFC 3339 in UTC, with e->digits digits of the second. */
static inline char *put_time(struct encode *e, char *p, int64_t ts)
{
	if (__builtin_expect((uint64_t)ts - (uint64_t)e->second_start >= 1000000000, 0))
		put_new_second(e, ts);
	memcpy(p, e->second_text, 32);
	p = put_fraction(e, p + 20, (uint32_t)((uint64_t)ts - (uint64_t)e->second_start));
	*p++ = 'Z';
	*p++ = '"';
	return p;
}

#endif
