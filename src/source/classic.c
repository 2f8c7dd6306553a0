/* SPDX-License-Identifier: Apache-2.0 */
/* The classic capture format (draft-ietf-opsawg-pcap): a file header, then a header before each packet. */
#include "source/capture.h"

#include "base/cursor.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

enum {
	FILE_HEADER = 24,
	VERSION_MIN = 2,
	RECORD_HEADER = 16,
	MODIFIED_HEADER = 24, /* interface, protocol and packet type follow (Kuznetzov's libpcap) */
	SECOND_NS = 1000000000,
};

#define MAGIC_MICRO 0xa1b2c3d4
#define MAGIC_NANO 0xa1b23c4d
#define MAGIC_MODIFIED 0xa1b2cd34

#define LINK_FCS_GIVEN 0x04000000 /* then the top four bits count the check sequence in units of 16 bits */

static bool known(uint32_t magic)
{
	return magic == MAGIC_MICRO || magic == MAGIC_NANO || magic == MAGIC_MODIFIED;
}

bool capture_is_classic(uint32_t magic)
{
	return known(magic) || known(__builtin_bswap32(magic));
}

static int classic_open(struct capture *c, struct err *err)
{
	struct cursor header;
	uint32_t magic, link;
	uint16_t major;
	int ret = capture_need(c, FILE_HEADER, err);

	if (ret)
		return ret;
	header = cursor_of(c->window.p, FILE_HEADER);
	magic = cursor_host32(&header, false);
	c->swapped = !known(magic);
	if (c->swapped)
		magic = __builtin_bswap32(magic);
	major = cursor_host16(&header, c->swapped);
	if (major < VERSION_MIN)
		return err_set(err, EBADMSG, "%s: is a capture of version %u, before the format that we know (2.4)",
			       c->window.name, major);
	cursor_skip(&header, 14); /* minor version, time zone, accuracy, snap length: nobody relies on them */
	link = cursor_host32(&header, c->swapped);
	c->modified = magic == MAGIC_MODIFIED;
	c->subsecond_ns = magic == MAGIC_NANO ? 1 : 1000;
	c->interfaces = calloc(1, sizeof(*c->interfaces));
	if (!c->interfaces)
		return err_set(err, ENOMEM, "%s: no memory", c->window.name);
	c->interfaces[0].link = (uint16_t)link;
	if (link & LINK_FCS_GIVEN)
		c->interfaces[0].fcs = (uint8_t)(link >> 28 << 1);
	c->ninterfaces = c->max_interfaces = 1;
	c->window.p += FILE_HEADER;
	return 0;
}

/* A record's header, as it lies in the file. */
struct record_header {
	uint32_t seconds, fraction, caplen, wirelen;
} __attribute__((packed, aligned(1), may_alias));
_Static_assert(sizeof(struct record_header) == RECORD_HEADER, "no padding");

static inline uint32_t host32(uint32_t v, bool swapped)
{
	return swapped ? __builtin_bswap32(v) : v;
}

/* The loop over records. swapped and header are constants where it is called, so that its tests are gone. */
static inline __attribute__((always_inline)) enum capture_status records(struct capture *c, struct batch *b, bool swapped,
									 size_t header, struct err *err)
{
	const struct capture_interface link = c->interfaces[0];
	const int64_t unit = c->subsecond_ns;
	const uint64_t packets = c->packets - b->nframes;
	struct cursor cur = cursor_of(c->window.p, window_left(&c->window));
	enum capture_status status = CAPTURE_FULL;
	uint32_t n = b->nframes, max = b->max;
	size_t wanted = 0;

	for (; n < max; n++) {
		const struct record_header *h = (const void *)cur.p;
		struct frame *f = &b->frames[n];
		uint32_t caplen;

		wanted = header;
		if (cursor_left(&cur) < wanted) {
			status = CAPTURE_MORE;
			break;
		}
		caplen = host32(h->caplen, swapped);
		if (caplen > CAPLEN_MAX) {
			status = CAPTURE_BROKEN;
			break;
		}
		wanted = header + caplen;
		if (cursor_left(&cur) < wanted) {
			status = CAPTURE_MORE;
			break;
		}
		f->data = cursor_take(&cur, wanted) + header;
		f->ts = (int64_t)host32(h->seconds, swapped) * SECOND_NS + (int64_t)host32(h->fraction, swapped) * unit;
		f->number = packets + n + 1;
		f->caplen = caplen;
		f->wirelen = capture_wirelen(host32(h->wirelen, swapped));
		f->origin = &c->origin;
		f->link = link.link;
		f->fcs = link.fcs;
	}
	b->nframes = n;
	c->wanted = wanted;
	c->packets = packets + n;
	c->window.p = cur.p;
	if (status != CAPTURE_BROKEN)
		return status;
	cursor_skip(&cur, offsetof(struct record_header, caplen));
	return capture_broken(c, err, "a packet of %u bytes, where %d are the most,", cursor_host32(&cur, swapped), CAPLEN_MAX);
}

static enum capture_status classic_fill(struct capture *c, struct batch *b, struct err *err)
{
	if (c->modified)
		return records(c, b, c->swapped, MODIFIED_HEADER, err);
	if (c->swapped)
		return records(c, b, true, RECORD_HEADER, err);
	return records(c, b, false, RECORD_HEADER, err);
}

const struct capture_format capture_classic = {
	.name = "pcap",
	.open = classic_open,
	.fill = classic_fill,
};
