/* SPDX-License-Identifier: Apache-2.0 */
/* IEEE 802.11 and the capture headers in front of it. Only data frames that are not encrypted lead to IP. */
#include "decode/walk.h"

#include <string.h>

#define RADIOTAP_MORE_WORDS (1u << 31) /* another word of presence bits follows */

enum {
	TYPE_MASK = 0x0c, /* first byte of frame control, IEEE 802.11-2020 9.2.4.1 */
	TYPE_DATA = 0x08,
	SUBTYPE_NULL = 0x40, /* carries no data */
	SUBTYPE_QOS = 0x80,
	TO_DS = 0x01, /* second byte */
	FROM_DS = 0x02,
	PROTECTED = 0x40,
	ORDER = 0x80,       /* with QoS: an HT control field follows */
	AMSDU = 0x80,       /* in the QoS control field */
	FRAGMENT = 0x0f,    /* number of a fragment, in the sequence control field */
	SNAP_BOTH = 0xaaaa, /* IEEE 802-2014 9.2: how LLC with SNAP begins */
	AVS_MAGIC = 0x80211000,
	PPI_MIN = 8,
	RADIOTAP_MIN = 8,
	RADIOTAP_TSFT = 1 << 0,
	RADIOTAP_FLAGS = 1 << 1,
	RADIOTAP_FLAG_DATA_PAD = 0x20, /* the 802.11 header is followed by padding to a multiple of four */
};

struct ieee80211_header {
	uint8_t control;
	uint8_t flags;
	uint16_t duration;
	uint8_t addresses[3][6];
	uint16_t sequence; /* as it lies in the frame; the lower four bits number fragments */
};
_Static_assert(sizeof(struct ieee80211_header) == 24, "IEEE 802.11-2020 9.3.2.1");

/* Destination and source among the addresses, by the direction (IEEE 802.11-2020 table 9-30); fourth: where there are four. */
static void find_ends(const struct ieee80211_header *h, const uint8_t fourth[6], const uint8_t **dst, const uint8_t **src)
{
	*dst = h->flags & TO_DS ? h->addresses[2] : h->addresses[0];
	*src = !(h->flags & FROM_DS) ? h->addresses[1] : h->flags & TO_DS ? fourth : h->addresses[2];
}

static bool looks_like(const struct cursor *c, size_t offset, const uint8_t address[6])
{
	for (size_t i = 0; i < 6; i++)
		if (cursor_peek_u8(c, offset + i) != address[i])
			return false;
	return cursor_left(c) >= offset + 6;
}

/*
 * What a data frame carries: LLC. Some devices put a whole Ethernet frame there, which its addresses tell, or two bytes before
 * LLC: zeros, or the sequence control once more.
 */
static enum layer wlan_payload(struct walk *w, const struct ieee80211_header *h, const uint8_t *dst, const uint8_t *src)
{
	uint16_t first = cursor_peek_be16(&w->c, 0);

	if (first == SNAP_BOTH)
		return LAYER_llc;
	if (looks_like(&w->c, 0, dst) || looks_like(&w->c, 6, src))
		return LAYER_ethernet;
	if (first == 0 || first == __builtin_bswap16(h->sequence))
		cursor_skip(&w->c, 2);
	return LAYER_llc;
}

enum layer decode_ieee80211(struct walk *w)
{
	const uint8_t *start = w->c.p, *dst, *src;
	struct ieee80211_header h;
	uint8_t fourth[6] = {0};
	uint8_t qos = 0;

	if (cursor_left(&w->c) < 2)
		return walk_undecodable(w, DROP_LINK_CUT);
	cursor_header(&w->c, &h, sizeof(h));
	if ((h.control & TYPE_MASK) != TYPE_DATA || h.control & SUBTYPE_NULL || h.flags & PROTECTED)
		return LAYER_NOT_IP;
	if ((h.flags & TO_DS) && (h.flags & FROM_DS))
		cursor_copy(&w->c, fourth, sizeof(fourth));
	if (h.control & SUBTYPE_QOS) {
		qos = cursor_u8(&w->c);
		cursor_skip(&w->c, 1);
		if (h.flags & ORDER)
			cursor_skip(&w->c, 4);
	}
	if (w->wlan_padded)
		cursor_skip(&w->c, (size_t)(start - w->c.p) & 3);
	if (w->c.failed)
		return walk_undecodable(w, DROP_LINK_CUT);
	find_ends(&h, fourth, &dst, &src);
	if (w->more) {
		memcpy(w->more->dst_mac, dst, 6);
		memcpy(w->more->src_mac, src, 6);
		w->more->has |= HAS_MACS;
	}
	if (h.sequence & FRAGMENT) /* a later one: it begins in the middle */
		return LAYER_NOT_IP;
	if (!(qos & AMSDU))
		return wlan_payload(w, &h, dst, src);
	cursor_skip(&w->c, 12); /* the first subframe: addresses, length */
	walk_limit(w, cursor_be16(&w->c));
	return LAYER_llc;
}

/* After a header of length bytes in all, of which done were read already, comes an 802.11 frame. */
static enum layer wlan_after(struct walk *w, uint32_t length, uint32_t done)
{
	if (w->c.failed)
		return walk_undecodable(w, DROP_LINK_CUT);
	if (length < done)
		return walk_undecodable(w, DROP_LINK_BAD);
	cursor_skip(&w->c, length - done);
	return w->c.failed ? walk_undecodable(w, DROP_LINK_CUT) : LAYER_ieee80211;
}

/* The flags field of a radiotap header, whose first eight bytes are read already and which the cursor is limited to. */
static uint8_t radiotap_flags(struct cursor c, uint32_t present)
{
	const uint8_t *start = c.p - RADIOTAP_MIN;
	uint32_t more = present;

	while (more & RADIOTAP_MORE_WORDS && !c.failed)
		more = cursor_le32(&c);
	if (present & RADIOTAP_TSFT) {
		cursor_skip(&c, (size_t)(start - c.p) & 7); /* fields are aligned to their size */
		cursor_skip(&c, 8);
	}
	return present & RADIOTAP_FLAGS ? cursor_u8(&c) : 0;
}

/* radiotap.org: version, pad, length, which fields are present; all little endian. */
enum layer decode_radiotap(struct walk *w)
{
	struct cursor fields;
	uint32_t present;
	uint16_t length;

	cursor_skip(&w->c, 2);
	length = cursor_le16(&w->c);
	present = cursor_le32(&w->c);
	if (!w->c.failed && length > RADIOTAP_MIN) {
		fields = w->c;
		cursor_limit(&fields, length - RADIOTAP_MIN);
		w->wlan_padded = radiotap_flags(fields, present) & RADIOTAP_FLAG_DATA_PAD;
	}
	return wlan_after(w, length, RADIOTAP_MIN);
}

/* LINKTYPE_IEEE802_11_AVS: magic and version, length, both in network order. */
enum layer decode_avs(struct walk *w)
{
	cursor_skip(&w->c, 4);
	return wlan_after(w, cursor_be32(&w->c), 8);
}

/* LINKTYPE_PRISM_HEADER: message code and length in the order of the host that captured, or an AVS header. */
enum layer decode_prism(struct walk *w)
{
	uint32_t code = cursor_be32(&w->c), length = cursor_be32(&w->c);

	if ((code & 0xfffff000) != AVS_MAGIC && length > 0xffff)
		length = __builtin_bswap32(length);
	return wlan_after(w, length, 8);
}

/* The fields of a PPI header, each a type, a length and so many bytes, fill it to its end. */
static bool ppi_fields_fit(struct cursor fields)
{
	while (cursor_left(&fields) && !fields.failed) {
		cursor_skip(&fields, 2);
		cursor_skip(&fields, cursor_le16(&fields));
	}
	return !fields.failed;
}

/* LINKTYPE_PPI: version, flags, length, the link type of what follows; all little endian. Then fields. */
enum layer decode_ppi(struct walk *w)
{
	struct cursor fields;
	uint16_t length;
	uint32_t link;

	cursor_skip(&w->c, 2);
	length = cursor_le16(&w->c);
	link = cursor_le32(&w->c);
	fields = w->c;
	if (wlan_after(w, length, PPI_MIN) == LAYER_UNDECODABLE)
		return LAYER_UNDECODABLE;
	cursor_limit(&fields, length - PPI_MIN);
	if (!ppi_fields_fit(fields))
		return walk_undecodable(w, DROP_LINK_BAD);
	return link == LINK_NOT_IP ? LAYER_UNDECODABLE : decode_link(link);
}
