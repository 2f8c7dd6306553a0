/* SPDX-License-Identifier: Apache-2.0 */
/* What is written seldom, or once per origin: names from outside, times as numbers, tunnels. */
#include "encode/put.h"

enum {
	SECOND_NS = 1000000000,
	ESCAPE_MAX = 6, /* bytes that one byte of a text becomes at most: \u001f */
};

static const char hex[] = "0123456789abcdef";

/* Bytes of the valid UTF-8 sequence at text (RFC 3629 4: no overlong forms, no surrogates, none above U+10FFFF), or 0. */
static size_t utf8_len(const uint8_t *text, size_t len)
{
	static const struct {
		uint8_t first, last; /* of the lead byte */
		uint8_t low, high;   /* of the byte behind it */
		uint8_t len;
	} forms[] = {
		{0x00, 0x7f, 0x00, 0xff, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
		{0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t n = forms[i].len;

		if (text[0] < forms[i].first || text[0] > forms[i].last)
			continue;
		if (n > len || (n > 1 && (text[1] < forms[i].low || text[1] > forms[i].high)))
			return 0;
		for (size_t k = 2; k < n; k++)
			if (text[k] >> 6 != 2)
				return 0;
		return n;
	}
	return 0;
}

/* One byte that cannot stand as it is. */
static char *put_escaped(char *p, uint8_t byte)
{
	*p++ = '\\';
	if (byte == '"' || byte == '\\') {
		*p++ = (char)byte;
		return p;
	}
	if (byte < 0x80) {
		p = put_bytes(p, "u00", 3);
	} else {
		p = put_bytes(p, "\\x", 2);
	}
	return put_hex_byte(p, byte, hex);
}

char *put_text(char *p, size_t room, const void *text, size_t len)
{
	const uint8_t *in = text, *end = in + len;
	const char *last = p + room - 1 - ESCAPE_MAX; /* here there is room for one more, and the quote */

	*p++ = '"';
	while (in < end && p <= last) {
		size_t n = utf8_len(in, (size_t)(end - in));

		if (n == 0 || *in < 0x20 || *in == 0x7f || *in == '"' || *in == '\\') {
			p = put_escaped(p, *in++);
		} else {
			p = put_bytes(p, (const char *)in, n);
			in += n;
		}
	}
	*p++ = '"';
	return p;
}

uint64_t put_new_origin(struct encode_origin *names, const struct origin *o)
{
	names->serial = o->serial;
	names->has = (o->iface_len ? HAS_IFACE : 0) | (o->capture ? HAS_CAPTURE : 0);
	names->iface_len = (uint32_t)(put_text(names->iface, sizeof(names->iface), o->iface, o->iface_len) - names->iface);
	if (o->capture)
		names->capture_len =
			(uint32_t)(put_text(names->capture, sizeof(names->capture), o->capture, strlen(o->capture)) -
				   names->capture);
	return names->has;
}

/* A number of units, with its sign; the units are floored, as a calendar does. */
static char *put_units(const struct encode *e, char *p, int64_t ts, int64_t unit)
{
	int64_t units = ts / unit - (ts % unit < 0);

	if (units < 0)
		*p++ = '-';
	return put_u64(e, p, units < 0 ? -(uint64_t)units : (uint64_t)units);
}

/* Seconds with e->digits digits; of a time before 1970 the distance from there. */
static char *put_seconds(const struct encode *e, char *p, int64_t ts)
{
	uint64_t distance = ts < 0 ? -(uint64_t)ts : (uint64_t)ts;

	if (ts < 0)
		*p++ = '-';
	p = put_u64(e, p, distance / SECOND_NS);
	return put_fraction(e, p, (uint32_t)(distance % SECOND_NS));
}

char *put_epoch_ms(const struct encode *e, char *p, int64_t ts)
{
	return put_units(e, p, ts, 1000000);
}

char *put_epoch(const struct encode *e, char *p, int64_t ts)
{
	char *at = e->time_quoted ? p + 1 : p;
	char *end;

	if (e->time == TIME_EPOCH)
		end = put_seconds(e, at, ts);
	else
		end = put_units(e, at, ts, e->time == TIME_EPOCH_MS ? 1000000 : 1);
	return e->time_quoted ? put_quoted(p, end) : end;
}

const char *const put_keywords[256] = {
#define KEYWORD(number, keyword) [number] = keyword,
#include "encode/keywords.def"
};

char *put_keyword(char *p, uint8_t proto)
{
	*p = '"';
	return put_quoted(p, PUT_TEXT(p + 1, put_keywords[proto]));
}

static const char *const tunnel_names[TUNNELS] = {
	[TUNNEL_IPIP] = "ipip",     [TUNNEL_6IN4] = "6in4",       [TUNNEL_4IN6] = "4in6",     [TUNNEL_6IN6] = "6in6",
	[TUNNEL_GRE] = "gre",       [TUNNEL_NVGRE] = "nvgre",     [TUNNEL_ERSPAN] = "erspan", [TUNNEL_VXLAN] = "vxlan",
	[TUNNEL_GENEVE] = "geneve", [TUNNEL_GTPU] = "gtp-u",      [TUNNEL_L2TP] = "l2tp",     [TUNNEL_TEREDO] = "teredo",
	[TUNNEL_MPLS] = "mpls",     [TUNNEL_ETHERIP] = "etherip",
};

int text_tunnel(const char *name, size_t len)
{
	for (int i = 0; i < TUNNELS; i++)
		if (strlen(tunnel_names[i]) == len && !memcmp(tunnel_names[i], name, len))
			return i;
	return -1;
}

char *put_tunnels(char *p, const struct more *m)
{
	*p++ = '"';
	for (unsigned i = 0; i < m->ntunnels; i++) {
		p = PUT_TEXT(p, tunnel_names[m->tunnels[i]]);
		*p++ = ',';
	}
	p[-1] = '"';
	return p;
}
