/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch.h - the corridor: what passes from room to room.
 *
 * A source fills a batch with borrowed frames, decode turns each frame that carries IP into one record, encode turns records
 * into lines. A batch belongs to one worker, which uses it over and over; nothing in it is allocated per packet.
 */
#ifndef BATCH_H
#define BATCH_H

#include <stdbool.h>
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
	uint32_t link;               /* LINKTYPE_ value, 16 bits; or LINK_NOT_IP */
	uint8_t fcs;                 /* bytes of frame check sequence at the end of the frame */
};

enum {
	LINK_NOT_IP = 0x10000, /* the source knows that no IP can follow (a live device without link header) */
};

/* What is known of a packet. Bits of rec.has: encode writes a field when its bits are there. */
enum has {
	HAS_TS = 1 << 0,
	HAS_SRC = 1 << 1, /* of an IP header; a record without it is of a packet without IP */
	HAS_DST = 1 << 2,
	HAS_V6 = 1 << 3, /* addresses are IPv6; else IPv4 in the first four bytes */
	HAS_PROTO = 1 << 4,
	HAS_PROTO_NAME = 1 << 5,
	HAS_WIRELEN = 1 << 6,
	HAS_PORTS = 1 << 7,       /* source and destination port of TCP or UDP */
	HAS_SPORT_ONLY = 1 << 8,  /* cut between the ports */
	HAS_OTHER_PORTS = 1 << 9, /* ports of SCTP, DCCP, UDP-Lite */
	HAS_TCP_FLAGS = 1 << 10,
	HAS_ICMP_TYPE = 1 << 11,
	HAS_ICMP_CODE = 1 << 12,
	HAS_PAYLOAD_LEN = 1 << 13,
	HAS_FRAG = 1 << 14,       /* a fragment */
	HAS_LATER_FRAG = 1 << 15, /* and not the first one */
	HAS_MALFORMED = 1 << 16,  /* rec.malformed says why */
};

/* Bits of more.has, which continue those above, so that both make one mask of 64. */
#define HAS_MORE(n) (1ull << (32 + (n)))
#define HAS_TTL HAS_MORE(0)
#define HAS_IP_ID HAS_MORE(1)
#define HAS_FRAG_OFF HAS_MORE(2) /* the header says whether this is a fragment, and which */
#define HAS_DF HAS_MORE(3)
#define HAS_TCP_NUMBERS HAS_MORE(4)
#define HAS_TCP_WINDOW HAS_MORE(5)
#define HAS_MACS HAS_MORE(6)
#define HAS_SRC_MAC HAS_MORE(7)
#define HAS_VLAN HAS_MORE(8)
#define HAS_INNER_VLAN HAS_MORE(9)
#define HAS_ETHER_TYPE HAS_MORE(10)
#define HAS_OUTER HAS_MORE(11)
#define HAS_OUTER_V6 HAS_MORE(12)
#define HAS_QUOTED HAS_MORE(13)
#define HAS_QUOTED_V6 HAS_MORE(14)
#define HAS_QUOTED_DST HAS_MORE(15)
#define HAS_QUOTED_PORTS HAS_MORE(16)
#define HAS_ARP HAS_MORE(17)
#define HAS_ARP_ADDRESSES HAS_MORE(18)
#define HAS_IFACE HAS_MORE(19)
#define HAS_CAPTURE HAS_MORE(20)
#define HAS_FRAME HAS_MORE(21) /* its number */
#define HAS_CAP_LEN HAS_MORE(22)
#define HAS_FLOW_LABEL HAS_MORE(23)
#define HAS_ALWAYS HAS_MORE(31)

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

enum {
	TUNNELS_MAX = 8, /* nested tunnels that are entered */
};

/* What only some profiles show of the same packet: filled in beside the record where somebody wants it. */
struct more {
	uint64_t has; /* HAS_MORE() bits */
	uint8_t src_mac[6];
	uint8_t dst_mac[6];
	uint16_t vlan;       /* identifier in the outermost tag */
	uint16_t inner_vlan; /* and in the next */
	uint16_t ether_type; /* of what the link carries, behind the tags */
	uint16_t frag_off;   /* bytes */
	uint32_t flow_label; /* IPv6, 20 bits */
	uint32_t ip_id;      /* 16 bits in IPv4, 32 in IPv6's fragment header */
	uint8_t ttl;         /* hop limit */
	uint8_t tos;         /* RFC 2474: DSCP in the upper six bits; RFC 3168: ECN in the lower two */
	bool df;             /* don't fragment */
	uint8_t ntunnels;
	uint8_t tunnels[TUNNELS_MAX]; /* enum tunnel, the outermost first */
	uint32_t tcp_seq;
	uint32_t tcp_ack;
	uint16_t tcp_window; /* as in the header, not scaled */
	uint16_t arp_op;
	uint8_t outer_src[16]; /* of the outermost IP header, where the record is of an inner one */
	uint8_t outer_dst[16];
	uint8_t quoted_src[16]; /* of the packet that an ICMP error quotes */
	uint8_t quoted_dst[16];
	uint16_t quoted_sport;
	uint16_t quoted_dport;
	uint8_t quoted_proto;
	uint8_t arp_src_mac[6];
	uint8_t arp_dst_mac[6];
	uint8_t arp_src_ip[4];
	uint8_t arp_dst_ip[4];
};

enum tunnel {
	TUNNEL_IPIP, /* IPv4 in IPv4, RFC 2003 */
	TUNNEL_6IN4, /* RFC 4213 */
	TUNNEL_4IN6, /* RFC 2473 */
	TUNNEL_6IN6, /* RFC 2473 */
	TUNNEL_GRE,
	TUNNEL_NVGRE,
	TUNNEL_ERSPAN,
	TUNNEL_VXLAN,
	TUNNEL_GENEVE,
	TUNNEL_GTPU,
	TUNNEL_L2TP,
	TUNNEL_TEREDO,
	TUNNEL_ETHERIP,
	TUNNEL_MPLS, /* in UDP, IP or GRE */
	TUNNELS,
};

struct batch {
	struct frame frames[BATCH_MAX];
	struct rec *recs;  /* BATCH_MAX of them, whoever decodes it has them; a source does not need them */
	struct more *more; /* one beside each record; NULL: nobody wants them */
	uint32_t max;      /* frames that a source may fill in: 1 to BATCH_MAX */
	uint32_t nframes;
	uint32_t nrecs;
};

#endif
