/* SPDX-License-Identifier: Apache-2.0 */
/* pcapng (draft-ietf-opsawg-pcapng): blocks in sections, each section with a byte order and interfaces of its own. */
#include "source/capture.h"

#include "base/cursor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	BLOCK_MIN = 12,       /* type, length, length again */
	BLOCK_MAX = 16 << 20, /* no writer makes larger ones; it bounds the memory a pipe can take */
	SECTION_MIN = 28,
	BLOCKS_MAX = 4096, /* looked at in a row */
	MAX_DIGITS = 9,    /* decimal exponents up to here are whole nanoseconds */
	SECOND_NS = 1000000000,
	/* Block types. */
	INTERFACE_DESCRIPTION = 1,
	OBSOLETE_PACKET = 2,
	SIMPLE_PACKET = 3,
	INTERFACE_STATISTICS = 5,
	ENHANCED_PACKET = 6,
	/* Options. */
	OPT_END = 0,
	IF_NAME = 2,
	IF_TSRESOL = 9,
	IF_FCSLEN = 13,
	IF_TSOFFSET = 14,
	EPB_DROPCOUNT = 4,
	ISB_IFDROP = 5,
	DROPS_UNKNOWN = 0xffff, /* in an obsolete packet block */
};

#define SECTION_HEADER 0x0a0d0d0a
#define BYTE_ORDER_MAGIC 0x1a2b3c4d

bool capture_is_pcapng(uint32_t magic)
{
	return magic == SECTION_HEADER;
}

static uint64_t host64(struct cursor *cur, bool swapped)
{
	uint64_t v = 0;

	cursor_copy(cur, &v, sizeof(v));
	return swapped ? __builtin_bswap64(v) : v;
}

/*
 * The next option: its code and its value as a cursor of its own. False at the end, which need not be marked; options->failed
 * then says that one claims to reach beyond its block.
 */
static bool next_option(struct cursor *options, bool swapped, uint16_t *code, struct cursor *value)
{
	const uint8_t *at;
	uint16_t len;
	size_t padding;

	if (cursor_left(options) < 4)
		return false;
	*code = cursor_host16(options, swapped);
	len = cursor_host16(options, swapped);
	if (*code == OPT_END)
		return false;
	at = cursor_take(options, len);
	if (!at)
		return false;
	*value = cursor_of(at, len);
	padding = -(size_t)len & 3;
	cursor_skip(options, padding < cursor_left(options) ? padding : cursor_left(options));
	return true;
}

/* Sums the 64-bit values of one option: drop counts. */
static uint64_t drops_option(struct cursor *options, bool swapped, uint16_t wanted)
{
	struct cursor value;
	uint64_t sum = 0;
	uint16_t code;

	while (next_option(options, swapped, &code, &value))
		if (code == wanted && cursor_left(&value) == 8)
			sum += host64(&value, swapped);
	return sum;
}

static int64_t saturate(__int128 ns)
{
	return ns > INT64_MAX || ns <= INT64_MIN ? TS_NONE : (int64_t)ns;
}

/* Units of an interface's clock to nanoseconds since 1970; TS_NONE where 64 bits cannot hold them (before 1677, after 2262). */
static int64_t timestamp(const struct capture_interface *i, uint64_t units)
{
	__int128 offset = (__int128)i->offset * SECOND_NS;
	unsigned __int128 ns = units;

	if (i->multiply)
		return saturate((__int128)(ns * i->multiply) + offset);
	if (i->binary)
		ns = i->exponent >= 96 ? 0 : ns * SECOND_NS >> i->exponent;
	else
		for (unsigned n = MAX_DIGITS; n < i->exponent && ns; n++)
			ns /= 10;
	return saturate((__int128)ns + offset);
}

static void set_resolution(struct capture_interface *i, uint8_t resolution)
{
	i->binary = resolution >> 7;
	i->exponent = resolution & 0x7f;
	i->multiply = 0;
	if (i->binary || i->exponent > MAX_DIGITS)
		return;
	i->multiply = 1;
	for (unsigned n = i->exponent; n < MAX_DIGITS; n++)
		i->multiply *= 10;
}

/* A name costs memory of its own, which the interface of the same number in the next section uses again. */
static void name_interface(struct capture *c, struct capture_interface *i, struct cursor name)
{
	if (!i->origin)
		i->origin = malloc(sizeof(*i->origin));
	if (i->origin)
		origin_init(i->origin, c->origin.capture, name.p, cursor_left(&name));
	i->named = i->origin != NULL;
}

static void interface_options(struct capture *c, struct capture_interface *i, struct cursor *options)
{
	bool swapped = c->swapped;
	struct cursor value;
	uint16_t code;

	while (next_option(options, swapped, &code, &value)) {
		size_t len = cursor_left(&value);

		if (code == IF_NAME && len)
			name_interface(c, i, value);
		else if (code == IF_TSRESOL && len == 1)
			set_resolution(i, cursor_u8(&value));
		else if (code == IF_FCSLEN && len == 1)
			i->fcs = cursor_u8(&value);
		else if (code == IF_TSOFFSET && len == 8)
			i->offset = (int64_t)host64(&value, swapped);
	}
}

static bool room_for_interface(struct capture *c)
{
	uint32_t max = c->max_interfaces ? c->max_interfaces * 2 : 4;
	struct capture_interface *grown;

	if (c->ninterfaces < c->max_interfaces)
		return true;
	grown = realloc(c->interfaces, max * sizeof(*grown));
	if (!grown)
		return false;
	memset(grown + c->max_interfaces, 0, (max - c->max_interfaces) * sizeof(*grown));
	c->interfaces = grown;
	c->max_interfaces = max;
	return true;
}

static enum capture_status interface_block(struct capture *c, struct cursor *body, struct err *err)
{
	struct capture_interface *i;

	if (c->ninterfaces == INTERFACES_MAX)
		return capture_broken(c, err, "more than %d interfaces in a section", INTERFACES_MAX);
	if (!room_for_interface(c))
		return capture_broken(c, err, "no memory for interface %u", c->ninterfaces);
	i = &c->interfaces[c->ninterfaces];
	*i = (struct capture_interface){.link = cursor_host16(body, c->swapped), .origin = i->origin};
	cursor_skip(body, 2);
	i->snaplen = cursor_host32(body, c->swapped);
	if (body->failed)
		return capture_broken(c, err, "an interface description of %s", "less than 20 bytes");
	set_resolution(i, 6);
	interface_options(c, i, body);
	if (body->failed) /* it might have said what the times mean */
		return capture_broken(c, err, "an interface description with an option longer than its block");
	i->simple_max = i->multiply && !i->offset ? (uint64_t)INT64_MAX / i->multiply : 0;
	c->ninterfaces++;
	return CAPTURE_FULL;
}

/* The packet's bytes and what all three blocks have in common. */
static enum capture_status packet(struct capture *c, struct batch *b, struct cursor *body, uint32_t interface, uint32_t caplen,
				  uint32_t wirelen, struct err *err)
{
	struct frame *f = &b->frames[b->nframes];
	const struct capture_interface *i;

	if (body->failed)
		return capture_broken(c, err, "a packet block too short for its header");
	if (interface >= c->ninterfaces)
		return capture_broken(c, err, "a packet of interface %u, but %u are described", interface, c->ninterfaces);
	if (caplen > CAPLEN_MAX)
		return capture_broken(c, err, "a packet of %u bytes, where %d are the most,", caplen, CAPLEN_MAX);
	if (caplen > cursor_left(body))
		return capture_broken(c, err, "a packet of %u bytes in a block with room for %zu", caplen, cursor_left(body));
	i = &c->interfaces[interface];
	f->data = cursor_take(body, caplen);
	f->ts = TS_NONE;
	f->number = ++c->packets;
	f->caplen = caplen;
	f->wirelen = capture_wirelen(wirelen);
	f->origin = i->named ? i->origin : &c->origin;
	f->link = i->link;
	f->fcs = i->fcs;
	b->nframes++;
	return CAPTURE_FULL;
}

/* Enhanced and obsolete packet blocks differ in how they name the interface and count drops. */
static enum capture_status timed_packet(struct capture *c, struct batch *b, struct cursor *body, bool obsolete, struct err *err)
{
	struct frame *f = &b->frames[b->nframes];
	bool swapped = c->swapped;
	uint32_t interface, drops = 0, caplen, wirelen;
	enum capture_status status;
	uint64_t units, lost = 0;

	if (obsolete) {
		interface = cursor_host16(body, swapped);
		drops = cursor_host16(body, swapped);
	} else {
		interface = cursor_host32(body, swapped);
	}
	units = (uint64_t)cursor_host32(body, swapped) << 32;
	units |= cursor_host32(body, swapped);
	caplen = cursor_host32(body, swapped);
	wirelen = cursor_host32(body, swapped);
	status = packet(c, b, body, interface, caplen, wirelen, err);
	if (status != CAPTURE_FULL)
		return status;
	f->ts = timestamp(&c->interfaces[interface], units);
	cursor_skip(body, (-caplen & 3) < cursor_left(body) ? (-caplen & 3) : cursor_left(body));
	if (obsolete)
		lost = drops == DROPS_UNKNOWN ? 0 : drops;
	else if (cursor_left(body))
		lost = drops_option(body, swapped, EPB_DROPCOUNT);
	c->interfaces[interface].lost += lost;
	c->lost += lost;
	return CAPTURE_FULL;
}

/* Interface 0, no time; what was captured is what the block has room for, up to the snap length. */
static enum capture_status simple_packet(struct capture *c, struct batch *b, struct cursor *body, struct err *err)
{
	uint32_t wirelen = cursor_host32(body, c->swapped), caplen = wirelen;

	if (c->ninterfaces && c->interfaces[0].snaplen && caplen > c->interfaces[0].snaplen)
		caplen = c->interfaces[0].snaplen;
	if (caplen > cursor_left(body))
		caplen = (uint32_t)cursor_left(body);
	return packet(c, b, body, 0, caplen, wirelen, err);
}

/* Drops since the capture began, so that the last block of an interface counts, and what its packets' blocks said is in it. */
static enum capture_status statistics_block(struct capture *c, struct cursor *body)
{
	uint32_t interface = cursor_host32(body, c->swapped);
	struct capture_interface *i;
	uint64_t lost;

	cursor_skip(body, 8); /* time */
	if (body->failed || interface >= c->ninterfaces)
		return CAPTURE_FULL;
	i = &c->interfaces[interface];
	lost = drops_option(body, c->swapped, ISB_IFDROP);
	if (lost > i->lost) {
		c->lost += lost - i->lost;
		i->lost = lost;
	}
	return CAPTURE_FULL;
}

static enum capture_status block(struct capture *c, struct batch *b, uint32_t type, struct cursor *body, struct err *err)
{
	switch (type) {
	case ENHANCED_PACKET:
	case OBSOLETE_PACKET:
		return timed_packet(c, b, body, type == OBSOLETE_PACKET, err);
	case SIMPLE_PACKET:
		return simple_packet(c, b, body, err);
	case INTERFACE_DESCRIPTION:
		return interface_block(c, body, err);
	case INTERFACE_STATISTICS:
		return statistics_block(c, body);
	default:
		return CAPTURE_FULL; /* names, secrets, custom and unknown blocks: passed over */
	}
}

/* A section begins: its byte order, and none of the interfaces so far. At least SECTION_MIN bytes are at p. */
static enum capture_status section(struct capture *c, struct err *err)
{
	struct cursor cur = cursor_of(c->window.p, SECTION_MIN);
	uint32_t magic;
	uint16_t major, minor;

	cursor_skip(&cur, 8);
	magic = cursor_host32(&cur, false);
	if (magic != BYTE_ORDER_MAGIC && magic != __builtin_bswap32(BYTE_ORDER_MAGIC))
		return capture_broken(c, err, "a section with byte-order magic %08x, not %08x,", magic, BYTE_ORDER_MAGIC);
	c->swapped = magic != BYTE_ORDER_MAGIC;
	major = cursor_host16(&cur, c->swapped);
	minor = cursor_host16(&cur, c->swapped);
	if (major != 1 || (minor != 0 && minor != 2)) /* 1.2 was written by mistake, and is 1.0 */
		return capture_broken(c, err, "a section of pcapng version %u.%u, where 1.0 is known,", major, minor);
	c->ninterfaces = 0;
	return CAPTURE_FULL;
}

/* The block at p, of which at least BLOCK_MIN bytes are there: its length, or 0 with *status set. */
static size_t block_len(struct capture *c, uint32_t type, enum capture_status *status, struct err *err)
{
	struct cursor cur = cursor_of(c->window.p, BLOCK_MIN);
	uint32_t len;

	cursor_skip(&cur, 4);
	len = cursor_host32(&cur, c->swapped);
	if (len >= BLOCK_MIN && len <= BLOCK_MAX && len % 4 == 0)
		return len;
	*status = capture_broken(c, err, "a block (type 0x%08x) that claims to be %u bytes long", type, len);
	return 0;
}

/* One block at p. CAPTURE_FULL if it was handled. */
static enum capture_status next_block(struct capture *c, struct batch *b, struct err *err)
{
	struct window *w = &c->window;
	struct cursor cur = cursor_of(w->p, window_left(w)), body;
	enum capture_status status;
	uint32_t type;
	size_t len;

	c->wanted = BLOCK_MIN;
	if (cursor_left(&cur) < BLOCK_MIN)
		return CAPTURE_MORE;
	type = cursor_host32(&cur, c->swapped);
	if (type == SECTION_HEADER) {
		c->wanted = SECTION_MIN;
		if (window_left(w) < SECTION_MIN || b->nframes || c->lent) /* frames borrow this section's names */
			return CAPTURE_MORE;
		status = section(c, err);
		if (status != CAPTURE_FULL)
			return status;
	}
	len = block_len(c, type, &status, err);
	if (!len)
		return status;
	c->wanted = len;
	if (window_left(w) < len)
		return CAPTURE_MORE;
	body = cursor_of(w->p, len);
	cursor_skip(&body, len - 4);
	if (cursor_host32(&body, c->swapped) != len)
		return capture_broken(c, err, "a block (type 0x%08x) whose two lengths differ", type);
	body = cursor_of(w->p, len - 4);
	cursor_skip(&body, 8);
	status = block(c, b, type, &body, err);
	if (status == CAPTURE_FULL)
		w->p += len;
	return status;
}

/* An enhanced packet block without options, as most are, up to the packet. */
struct plain_packet {
	uint32_t type, len, interface, units_high, units_low, caplen, wirelen;
} __attribute__((packed, aligned(1), may_alias));

enum {
	PLAIN_AROUND = sizeof(struct plain_packet) + 4, /* and the length again */
};

/* The blocks that are exactly that, from p on; next_block() sees to the first other one, and is what this one has to agree
 * with.
 */
static void plain_packets(struct capture *c, struct batch *b)
{
	struct window *w = &c->window;
	uint32_t n = b->nframes;

	for (; n < b->max; n++) {
		struct cursor cur = cursor_of(w->p, window_left(w));
		const struct plain_packet *h = (const void *)cursor_take(&cur, sizeof(*h));
		const struct capture_interface *i;
		struct frame *f = &b->frames[n];
		const uint8_t *data;
		uint64_t units;

		if (!h || h->type != ENHANCED_PACKET || h->interface >= c->ninterfaces || h->caplen > CAPLEN_MAX ||
		    h->len != PLAIN_AROUND + ((h->caplen + 3) & ~3u))
			break;
		i = &c->interfaces[h->interface];
		units = (uint64_t)h->units_high << 32 | h->units_low;
		data = cursor_take(&cur, h->len - PLAIN_AROUND);
		if (units >= i->simple_max || cursor_host32(&cur, false) != h->len || cur.failed)
			break;
		f->data = data;
		f->ts = (int64_t)(units * i->multiply);
		f->number = ++c->packets;
		f->origin = i->named ? i->origin : &c->origin;
		f->caplen = h->caplen;
		f->wirelen = capture_wirelen(h->wirelen);
		f->link = i->link;
		f->fcs = i->fcs;
		w->p = cur.p;
	}
	b->nframes = n;
}

static enum capture_status pcapng_fill(struct capture *c, struct batch *b, struct err *err)
{
	enum capture_status status = CAPTURE_FULL;

	for (unsigned n = 0; n < BLOCKS_MAX && b->nframes < b->max && status == CAPTURE_FULL; n++) {
		if (!c->swapped)
			plain_packets(c, b);
		if (b->nframes < b->max)
			status = next_block(c, b, err);
	}
	return status;
}

static int pcapng_open(struct capture *c, struct err *err)
{
	int ret = capture_need(c, SECTION_MIN, err);

	if (ret)
		return ret;
	return section(c, err) == CAPTURE_FULL ? 0 : -EBADMSG;
}

const struct capture_format capture_pcapng = {
	.name = "pcapng",
	.open = pcapng_open,
	.fill = pcapng_fill,
};
