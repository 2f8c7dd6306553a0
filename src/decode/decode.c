/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/decode.h"

#include "decode/common.h"
#include "decode/walk.h"

enum {
	LAYERS_MAX = 512,   /* headers of one frame that are walked before it is given up */
	PREFETCH_AHEAD = 6, /* frames */
};

static enum layer (*const layers[LAYERS])(struct walk *w) = {
#define LAYER(id) [LAYER_##id] = decode_##id,
#include "decode/protocols.def"
};

enum layer decode_link(uint32_t link)
{
	switch (link) {
#define LINK(number, name, id)                                                                                                 \
	case number:                                                                                                           \
		return LAYER_##id;
#include "decode/protocols.def"
	case LINK_NOT_IP:
		return LAYER_NOT_IP;
	default:
		return LAYER_UNDECODABLE;
	}
}

enum layer decode_ethertype(uint16_t type)
{
	switch (type) {
#define ETHERTYPE(number, id)                                                                                                  \
	case number:                                                                                                           \
		return LAYER_##id;
#include "decode/protocols.def"
	default:
		return LAYER_NOT_IP;
	}
}

enum layer walk_ethertype(struct walk *w, uint16_t type)
{
	if (w->more) {
		w->more->ether_type = type;
		w->more->has |= HAS_ETHER_TYPE;
	}
	return decode_ethertype(type);
}

enum layer decode_ppptype(uint16_t type)
{
	switch (type) {
#define PPPTYPE(number, id)                                                                                                    \
	case number:                                                                                                           \
		return LAYER_##id;
#include "decode/protocols.def"
	default:
		return LAYER_NOT_IP;
	}
}

const struct ip_protocol decode_ip_protocols[256] = {
#define TRANSPORT(number, id, name) [number] = {LAYER_##id, PROTO_NAME_##name},
#include "decode/protocols.def"
};

enum layer walk_from(struct walk *w, enum layer layer)
{
	for (unsigned depth = 0; layer >= LAYERS_FIRST; depth++) {
		if (depth == LAYERS_MAX)
			return walk_undecodable(w, DROP_LINK_DEEP);
		layer = layers[layer](w);
	}
	return layer;
}

/* What was entered last held no IP packet: the one around it is the record's. */
static enum layer come_back(struct walk *w)
{
	*w->rec = w->outer->rec;
	if (w->more)
		*w->more = w->outer->more;
	return LAYER_DONE;
}

static enum layer walk_frame(struct walk *w)
{
	enum layer end;

	w->reason = DROP_LINK_UNKNOWN;
	end = walk_from(w, decode_link(w->frame->link));
	return end != LAYER_DONE && w->tunnels ? come_back(w) : end;
}

static void count_unknown_link(struct decode_counters *c, uint16_t link, uint64_t frames)
{
	for (unsigned i = 0; i < DECODE_UNKNOWN_LINKS; i++) {
		if (c->unknown_links[i].frames && c->unknown_links[i].link != link)
			continue;
		c->unknown_links[i].link = link;
		c->unknown_links[i].frames += frames;
		return;
	}
}

static void count_undecodable(struct decode_counters *c, enum drop_reason reason, uint32_t link)
{
	c->undecodable++;
	c->reasons[reason]++;
	if (reason == DROP_LINK_UNKNOWN)
		count_unknown_link(c, (uint16_t)link, 1);
}

void decode_counters_add(struct decode_counters *sum, const struct decode_counters *c)
{
	sum->no_ip += c->no_ip;
	sum->undecodable += c->undecodable;
	for (unsigned i = 0; i < DROP_REASONS; i++)
		sum->reasons[i] += c->reasons[i];
	for (unsigned i = 0; i < DECODE_UNKNOWN_LINKS && c->unknown_links[i].frames; i++)
		count_unknown_link(sum, c->unknown_links[i].link, c->unknown_links[i].frames);
}

/*
 * Where the frame's packets end on the wire: its check sequence is none of theirs. A capture that claims more bytes than the
 * wire had is believed in what it holds.
 */
static uint32_t packet_end(const struct frame *f)
{
	uint32_t end = f->wirelen > f->caplen ? f->wirelen : f->caplen;

	return end > f->fcs ? end - f->fcs : 0;
}

/* Layer by layer. True if the frame gives a record; *r and *more are then filled in, but for r->frame. */
static bool decode_layers(const struct frame *f, struct rec *r, struct more *more, struct checkpoint *outer, unsigned mode,
			  struct decode_counters *c)
{
	struct walk w = {.frame = f, .rec = r, .more = more, .outer = outer, .wire_end = packet_end(f)};

	w.c = cursor_of(f->data, f->caplen < w.wire_end ? f->caplen : w.wire_end);
	*r = (struct rec){.ts = f->ts, .wirelen = f->wirelen, .has = HAS_WIRELEN | (f->ts == TS_NONE ? 0 : HAS_TS)};
	if (more)
		more->has = more->ntunnels = 0;
	switch (walk_frame(&w)) {
	case LAYER_DONE:
		if (r->malformed)
			c->reasons[r->malformed]++;
		return true;
	case LAYER_NOT_IP:
		if (mode & DECODE_NON_IP)
			return true;
		c->no_ip++;
		return false;
	default:
		count_undecodable(c, w.reason, f->link);
		return false;
	}
}

/*
 * The short way, for as many frames from f on as it is good for, records from r on, which get the frames' indices from i on.
 * Returns how many. A loop of its own: what it keeps in registers, it keeps there.
 */
static __attribute__((noinline)) uint32_t decode_run(const struct frame *f, uint32_t nframes, struct rec *r, uint32_t i)
{
	uint32_t n = 0;

	for (; n < nframes && decode_common(f, r); n++, f++, r++, i++) {
		if (n + PREFETCH_AHEAD < nframes)
			__builtin_prefetch(f[PREFETCH_AHEAD].data);
		r->frame = (uint8_t)i;
	}
	return n;
}

void decode_batch(struct batch *b, unsigned mode, struct decode_counters *c)
{
	struct checkpoint outer, *enter = mode & DECODE_INNER ? &outer : NULL;
	bool plain = !b->more && !enter;
	uint32_t n = 0;

	for (uint32_t i = 0; i < b->nframes; i++) {
		if (plain) {
			uint32_t run = decode_run(&b->frames[i], b->nframes - i, &b->recs[n], i);

			i += run;
			n += run;
			if (i == b->nframes)
				break;
		}
		if (decode_layers(&b->frames[i], &b->recs[n], b->more ? &b->more[n] : NULL, enter, mode, c))
			b->recs[n++].frame = (uint8_t)i;
	}
	b->nrecs = n;
}
