/* SPDX-License-Identifier: Apache-2.0 */
/* The classic capture format (draft-ietf-opsawg-pcap): a file header, then a header before each packet. */
#include "source/capture.h"

#include "base/cursor.h"

#include <errno.h>
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

/* The loop over records. swapped and header are constants where it is called, so that its tests are gone. */
static inline __attribute__((always_inline)) enum capture_status records(struct capture *c, struct batch *b, bool swapped,
									 size_t header, struct err *err)
{
	struct window *w = &c->window;
	const struct capture_interface link = c->interfaces[0];
	const int64_t unit = c->subsecond_ns;
	uint32_t n = b->nframes;
	enum capture_status status = CAPTURE_FULL;

	for (; n < b->max; n++) {
		struct cursor cur = cursor_of(w->p, window_left(w));
		struct frame *f = &b->frames[n];
		uint32_t seconds, fraction, caplen, wirelen;

		if (cursor_left(&cur) < header) {
			c->wanted = header;
			status = CAPTURE_MORE;
			break;
		}
		seconds = cursor_host32(&cur, swapped);
		fraction = cursor_host32(&cur, swapped);
		caplen = cursor_host32(&cur, swapped);
		wirelen = cursor_host32(&cur, swapped);
		cursor_skip(&cur, header - RECORD_HEADER);
		if (caplen > CAPLEN_MAX) {
			b->nframes = n;
			return capture_broken(c, err, "a packet of %u bytes, where %d are the most,", caplen, CAPLEN_MAX);
		}
		if (cursor_left(&cur) < caplen) {
			c->wanted = header + caplen;
			status = CAPTURE_MORE;
			break;
		}
		f->data = cursor_take(&cur, caplen);
		f->ts = (int64_t)seconds * SECOND_NS + (int64_t)fraction * unit;
		f->number = ++c->packets;
		f->caplen = caplen;
		f->wirelen = capture_wirelen(wirelen);
		f->origin = &c->origin;
		f->link = link.link;
		f->fcs = link.fcs;
		w->p = cur.p;
	}
	b->nframes = n;
	return status;
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
