/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch.h - the corridor: what passes from room to room.
 *
 * A source fills a batch with borrowed frames, decode turns each frame that carries IP into one record, encode turns records
 * into lines. A batch belongs to one worker, which uses it over and over; nothing in it is allocated per packet.
 */
#ifndef BATCH_H
#define BATCH_H

#include <stdint.h>

enum {
	BATCH_MAX = 256,       /* frames; a record's frame index fits eight bits */
	ORIGIN_IFACE_MAX = 80, /* bytes; Linux has 15, Windows "\\Device\\NPF_{...}" 50 */
};

#define TS_NONE INT64_MIN /* a packet without a time (pcapng Simple Packet Block) */

/* Where a frame came from, as people name it. A source owns it and never changes it while a frame of its is lent. */
struct origin {
	const char *capture;          /* the capture file as it was named; NULL where there is none */
	uint64_t serial;              /* tells this one from whatever stood at the same place before; never 0 */
	uint32_t iface_len;           /* 0: the interface is not known */
	char iface[ORIGIN_IFACE_MAX]; /* the interface's name: any bytes, as the capture has them */
};

/* A frame as it was on the wire: tags that the kernel had taken off are back in place. */
struct frame {
	const uint8_t *data;         /* caplen bytes, borrowed until source_drop() */
	int64_t ts;                  /* nanoseconds since 1970-01-01T00:00:00Z, or TS_NONE */
	uint64_t number;             /* in its capture, from 1 */
	const struct origin *origin; /* never NULL; borrowed like data */
	uint32_t caplen;             /* capture length: bytes at data */
	uint32_t wirelen;            /* wire length, link header included, frame check sequence too where it was captured */
	uint16_t link;               /* LINKTYPE_ value, or LINK_NOT_IP */
	uint8_t fcs;                 /* bytes of frame check sequence at the end of the frame */
};

enum {
	LINK_NOT_IP = 0xffff, /* the source knows that no IP can follow (a live device without link header) */
};

/* What is known of a packet: bits of rec.has. Encode writes a field when its bits are there. */
enum has {
	HAS_TS = 1 << 0,
	HAS_SRC = 1 << 1,
	HAS_DST = 1 << 2,
	HAS_V6 = 1 << 3, /* addresses are IPv6; else IPv4 in the first four bytes */
	HAS_PROTO = 1 << 4,
	HAS_PORTS = 1 << 5,       /* source and destination port of TCP or UDP */
	HAS_SPORT_ONLY = 1 << 6,  /* cut between the ports */
	HAS_OTHER_PORTS = 1 << 7, /* ports of SCTP, DCCP, UDP-Lite */
	HAS_TCP_FLAGS = 1 << 8,
	HAS_ICMP_TYPE = 1 << 9,
	HAS_ICMP_CODE = 1 << 10,
	HAS_PAYLOAD_LEN = 1 << 11,
	HAS_FRAG = 1 << 12, /* a fragment */
};

enum proto_name { /* the four values of proto_name, in every profile */
	PROTO_NAME_OTHER,
	PROTO_NAME_TCP,
	PROTO_NAME_UDP,
	PROTO_NAME_ICMP,
};

/* One IP packet, without pointers: one cache line. */
struct rec {
	int64_t ts;           /* nanoseconds since 1970, if HAS_TS */
	uint8_t src[16];      /* network byte order */
	uint8_t dst[16];      /* network byte order */
	uint32_t wirelen;     /* bytes */
	uint32_t payload_len; /* bytes after the transport header, from the headers and not from what was captured */
	uint32_t has;         /* enum has */
	uint16_t sport;       /* host byte order */
	uint16_t dport;
	uint16_t tcp_flags; /* bit 0 FIN ... bit 7 CWR, bit 8 NS (RFC 9293 3.1, RFC 3540 9) */
	uint8_t proto;      /* IANA protocol number, after IPv6's extension headers */
	uint8_t proto_name; /* enum proto_name */
	uint8_t icmp_type;
	uint8_t icmp_code;
	uint8_t malformed; /* enum drop_reason: why the packet is malformed, or 0 */
	uint8_t frame;     /* index of its frame in the batch */
};
_Static_assert(sizeof(struct rec) == 64, "a record is one cache line");

struct batch {
	struct frame frames[BATCH_MAX];
	_Alignas(64) struct rec recs[BATCH_MAX];
	uint32_t max; /* frames that a source may fill in: 1 to BATCH_MAX */
	uint32_t nframes;
	uint32_t nrecs;
};

#endif
