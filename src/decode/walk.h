/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk.h - one packet's way through its headers; private to decode.
 *
 * Each header is a layer: a function that reads it through the walk's cursor, notes in the record what it learnt, and returns
 * the layer that follows. decode_batch() calls one after the other, so that nesting costs no stack and is bounded in one place.
 */
#ifndef DECODE_WALK_H
#define DECODE_WALK_H

#include "base/cursor.h"
#include "base/drops.h"
#include "batch.h"

enum layer {
	LAYER_DONE,        /* the record says what there is to say */
	LAYER_NOT_IP,      /* no IP packet in this frame */
	LAYER_UNDECODABLE, /* no record possible; walk.reason says why */
#define LAYER(id) LAYER_##id,
#include "decode/protocols.def"
	LAYERS,
	LAYERS_FIRST = LAYER_UNDECODABLE + 1
};

/* The record so far, when a tunnel is entered: it stands if what is inside turns out to be no IP packet. */
struct checkpoint {
	struct rec rec;
	struct more more;
};

struct walk {
	struct cursor c;           /* what is left of the innermost header's packet, as far as it was captured */
	const struct frame *frame; /* borrowed */
	struct rec *rec;           /* being filled in */
	struct more *more;         /* beside it, or NULL: nobody wants it */
	struct checkpoint *outer;  /* tunnels are entered, and this is where to come back from one; or NULL */
	size_t wire_end;           /* bytes from the frame's start to where its packet ends on the wire: >= what was captured */
	unsigned tags;             /* VLAN tags passed */
	bool wlan_padded;          /* the 802.11 header is followed by padding */
	unsigned tunnels;          /* entered: *outer holds the record of the IP layer around the last one */
	enum drop_reason reason;   /* with LAYER_UNDECODABLE */
};

#define LAYER(id) enum layer decode_##id(struct walk *w);
#include "decode/protocols.def"

/* The layer behind an EtherType that the walk has come to. */
enum layer walk_ethertype(struct walk *w, uint16_t type);

/* The layer that a link type begins with, or LAYER_NOT_IP, LAYER_UNDECODABLE (unknown). */
enum layer decode_link(uint32_t link);

/* The layer behind an EtherType (or LAYER_NOT_IP), a PPP protocol number (likewise). */
enum layer decode_ethertype(uint16_t type);
enum layer decode_ppptype(uint16_t type);

/* By IP protocol number: the layer behind the IP header (or LAYER_DONE), and enum proto_name, what a record calls it. */
extern const struct ip_protocol {
	uint8_t layer;
	uint8_t name;
} decode_ip_protocols[256];

/* Bytes that the packet still has on the wire from the cursor on; never fewer than were captured. */
static inline size_t walk_wire_left(const struct walk *w)
{
	return w->wire_end - (size_t)(w->c.p - w->frame->data);
}

/* What the first nibble says of the packet at the cursor: the IP of that version, or LAYER_NOT_IP. */
static inline enum layer walk_by_version(const struct walk *w)
{
	switch (cursor_peek_u8(&w->c, 0) >> 4) {
	case 4:
		return LAYER_ipv4;
	case 6:
		return LAYER_ipv6;
	default:
		return LAYER_NOT_IP;
	}
}

/* The packet ends n bytes from here: on the wire, and so in what we may read. Never moves the end farther away. */
static inline void walk_limit(struct walk *w, size_t n)
{
	if (n < walk_wire_left(w)) {
		w->wire_end = (size_t)(w->c.p - w->frame->data) + n;
		cursor_limit(&w->c, n);
	}
}

static inline enum layer walk_undecodable(struct walk *w, enum drop_reason reason)
{
	w->reason = reason;
	return LAYER_UNDECODABLE;
}

/* Notes why the record's packet is malformed; the first reason stays. */
static inline void walk_malformed(struct walk *w, enum drop_reason reason)
{
	if (w->rec->has & HAS_MALFORMED)
		return;
	w->rec->malformed = (uint8_t)reason;
	w->rec->has |= HAS_MALFORMED;
}

/* Walks on from this layer to the end: LAYER_DONE, LAYER_NOT_IP or LAYER_UNDECODABLE. */
enum layer walk_from(struct walk *w, enum layer layer);

/* Where tunnels are entered: like decode_ip_protocols, and the layer that a UDP packet's ports name, or LAYER_DONE. */
enum layer decode_tunnel_proto(uint8_t proto);
enum layer decode_tunnel_port(struct walk *w);

/* A read failed: was it the capture that ended early, or (reason) the packet itself? */
static inline void walk_short(struct walk *w, enum drop_reason reason)
{
	walk_malformed(w, walk_wire_left(w) > cursor_left(&w->c) ? DROP_CUT : reason);
}

#endif
