/* SPDX-License-Identifier: Apache-2.0 */
/*
 * synth: packets made in memory, the same ones each time, for benchmarks and tests. They come as fast as they are taken, one
 * microsecond of packet time apart, out of a pool that is made at the start.
 */
#include "source/source.h"

#include "source/origin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	POOL = 4096, /* packets; a power of two */
	ROOM = 96,   /* bytes of one: the headers; the rest of the packet is said to have been cut off */
	INTERVAL_NS = 1000,
	DEFAULT_COUNT = 1000000,
};

#define START_NS 1700000000000000000 /* 2023-11-14T22:13:20Z */

struct synth {
	struct origin origin;
	uint64_t count, made;
	uint64_t random;
	struct {
		uint8_t bytes[ROOM];
		uint32_t caplen, wirelen;
	} pool[POOL];
};

/* Knuth's MMIX generator: the upper bits are good enough for packets. */
static uint32_t draw(struct synth *s)
{
	s->random = s->random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(s->random >> 33);
}

static uint8_t *put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
	return p + 2;
}

static uint8_t *put32(uint8_t *p, uint32_t v)
{
	return put16(put16(p, v >> 16), v & 0xffff);
}

static uint8_t *put_ethernet(uint8_t *p, unsigned vlan, unsigned type)
{
	memcpy(p, "\x02\0\0\0\0\x02\x02\0\0\0\0\x01", 12);
	p += 12;
	if (vlan)
		p = put16(put16(p, 0x8100), vlan);
	return put16(p, type);
}

/* 10.0.0.0/8 to 192.0.2.0/24; len: of the whole packet. */
static uint8_t *put_ipv4(struct synth *s, uint8_t *p, unsigned proto, unsigned len, unsigned fragment)
{
	p = put16(put16(p, 0x4500), len);
	p = put16(put16(p, draw(s) & 0xffff), fragment);
	p = put16(put16(p, 64 << 8 | proto), 0);
	p = put32(p, 0x0a000000 | (draw(s) & 0xffffff));
	return put32(p, 0xc0000200 | (draw(s) & 0xff));
}

/* 2001:db8::/32, both. */
static uint8_t *put_ipv6(struct synth *s, uint8_t *p, unsigned next, unsigned payload_len)
{
	p = put16(put32(p, 0x60000000), payload_len);
	p = put16(p, next << 8 | 64);
	for (int i = 0; i < 2; i++) {
		p = put32(put32(p, 0x20010db8), 0);
		p = put32(put32(p, 0), draw(s));
	}
	return p;
}

static uint8_t *put_tcp(struct synth *s, uint8_t *p, unsigned dport, unsigned flags)
{
	p = put16(put16(p, 1024 + draw(s) % 64512), dport);
	p = put32(put32(p, draw(s)), 0);
	p = put16(put16(p, 0x5000 | flags), 0xffff);
	return put32(p, 0);
}

static uint8_t *put_udp(struct synth *s, uint8_t *p, unsigned dport, unsigned len)
{
	p = put16(put16(p, 1024 + draw(s) % 64512), dport);
	return put16(put16(p, len), 0);
}

/* A SYN of 64 bytes on the wire, its check sequence not captured: the smallest that Ethernet has. */
static uint32_t make_tcp64(struct synth *s, uint8_t *p)
{
	p = put_ethernet(p, 0, 0x0800);
	p = put_ipv4(s, p, 6, 40, 0x4000);
	put_tcp(s, p, draw(s) & 0xffff, 0x02);
	return 64;
}

/* What a network carries: about 400 bytes on average, a third IPv6, some tags, fragments, ICMP errors. */
static uint32_t make_mix(struct synth *s, uint8_t *p)
{
	static const uint16_t sizes[] = {60, 60, 60, 90, 120, 250, 576, 1514, 60, 80, 60, 600, 1200, 1514, 66, 100};
	uint32_t what = draw(s) % 100, size = sizes[draw(s) % 16];
	unsigned vlan = draw(s) % 8 == 0 ? 1 + draw(s) % 4094 : 0;
	unsigned header = vlan ? 18 : 14, len = size - header;

	if (what < 20) {
		p = put_ethernet(p, vlan, 0x86dd);
		put_tcp(s, put_ipv6(s, p, 6, len > 60 ? len - 40 : 20), 443, 0x10);
		return len > 60 ? size : header + 60;
	}
	if (what < 33) {
		p = put_ethernet(p, vlan, 0x86dd);
		len = len > 60 ? len : 60;
		put_udp(s, put_ipv6(s, p, 17, len - 40), 443, len - 40);
		return header + len;
	}
	p = put_ethernet(p, vlan, 0x0800);
	if (what < 75)
		put_tcp(s, put_ipv4(s, p, 6, len, 0x4000), 443, what & 1 ? 0x10 : 0x18);
	else if (what < 92)
		put_udp(s, put_ipv4(s, p, 17, len, 0), 53, len - 20);
	else if (what < 96)
		put_ipv4(s, p, 17, len, 0x2000 | 185); /* a later fragment */
	else
		put_udp(s, put_ipv4(s, put32(put32(put_ipv4(s, p, 1, len, 0), 0x03030000), 0), 17, 28, 0), 53, 8);
	return size;
}

static const struct {
	const char *name;
	uint32_t (*make)(struct synth *s, uint8_t *p); /* returns the wire length */
} kinds[] = {
	{"tcp64", make_tcp64},
	{"mix", make_mix},
};

static int bad(const char *arg, const char *what, struct err *err)
{
	return err_set(err, EINVAL, "synth:%s: %s; the form is synth:tcp64 or synth:mix, with ,count=N and ,seed=N", arg, what);
}

/* ",count=N,seed=N" */
static int parse_options(struct synth *s, const char *arg, const char *options, struct err *err)
{
	while (*options) {
		bool count = !strncmp(options, ",count=", 7);
		char *end;
		unsigned long long v;

		if (!count && strncmp(options, ",seed=", 6))
			return bad(arg, "an unknown option", err);
		options += count ? 7 : 6;
		errno = 0;
		v = strtoull(options, &end, 10);
		if (end == options || *options < '0' || *options > '9' || errno || (*end && *end != ','))
			return bad(arg, "not a number", err);
		*(count ? &s->count : &s->random) = v;
		options = end;
	}
	return 0;
}

static int synth_open(struct source *source, const struct source_args *args, struct err *err)
{
	size_t name_len = strcspn(args->arg, ",");
	struct synth *s;
	int ret;

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		if (strlen(kinds[k].name) != name_len || memcmp(kinds[k].name, args->arg, name_len))
			continue;
		s = calloc(1, sizeof(*s));
		if (!s)
			return err_set(err, ENOMEM, "synth:%s: no memory", args->arg);
		s->count = DEFAULT_COUNT;
		origin_init(&s->origin, NULL, NULL, 0);
		ret = parse_options(s, args->arg, args->arg + name_len, err);
		if (ret) {
			free(s);
			return ret;
		}
		for (unsigned i = 0; i < POOL; i++) {
			s->pool[i].wirelen = kinds[k].make(s, s->pool[i].bytes);
			s->pool[i].caplen = s->pool[i].wirelen < ROOM ? s->pool[i].wirelen : ROOM;
		}
		source->state = s;
		return 0;
	}
	return bad(args->arg, "an unknown kind of packets", err);
}

static enum source_status synth_fill(struct source *source, struct batch *b, int timeout_ms, struct err *err)
{
	struct synth *s = source->state;
	uint32_t n = 0;

	(void)timeout_ms;
	(void)err;
	for (; n < b->max && s->made < s->count; n++, s->made++) {
		unsigned i = s->made & (POOL - 1);

		b->frames[n] = (struct frame){
			.data = s->pool[i].bytes,
			.ts = START_NS + (int64_t)s->made * INTERVAL_NS,
			.number = s->made + 1,
			.origin = &s->origin,
			.caplen = s->pool[i].caplen,
			.wirelen = s->pool[i].wirelen,
			.link = 1,
		};
	}
	b->nframes = n;
	return n ? SOURCE_FRAMES : SOURCE_END;
}

static void synth_close(struct source *source)
{
	free(source->state);
	source->state = NULL;
}

static const struct source_ops synth_ops = {
	.name = "synth",
	.arg = "KIND",
	.about = "packets made in memory, for benchmarks: synth:tcp64,count=N or synth:mix,count=N,seed=N",
	.either = true,
	.open = synth_open,
	.fill = synth_fill,
	.close = synth_close,
};
SOURCE_REGISTER(synth_ops);
