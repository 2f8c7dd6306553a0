/* SPDX-License-Identifier: Apache-2.0 */
/*
 * afpacket.h - a packet socket with a ring that the kernel fills; private to source.
 *
 * The ring (TPACKET_V3) is an array of blocks. The kernel appends frames to one block until it is full or RETIRE_MS have
 * passed, then hands it over whole: block_status is the token. We walk its frames where they lie and hand it back.
 */
#ifndef SOURCE_AFPACKET_H
#define SOURCE_AFPACKET_H

#include "source/origin.h"
#include "source/source.h"

#include <linux/if_packet.h>
#include <net/if.h>

enum {
	/* A frame lies in one block, and the largest that offloads make (BIG TCP: 512 KiB) is cut at 256 KiB. */
	AFPACKET_BLOCK_BYTES = 1 << 20,
	AFPACKET_BLOCKS_MIN = 4,
	/* 64 MiB: at 10 Gbit/s 50 ms of full frames, at 1 Gbit/s half a second, for a worker that loses its CPU. */
	AFPACKET_BLOCKS_DEFAULT = 64,
	/*
	 * A frame waits at most two of these for its block, so a line is out within 100 ms. Shorter would spend a block of the
	 * ring on fewer frames of a slow link: 64 blocks are 2.5 seconds of a reader that sleeps.
	 */
	AFPACKET_RETIRE_MS = 40,
	AFPACKET_SNAPLEN_MAX = 262144,
	AFPACKET_VLAN_BYTES = 4, /* IEEE 802.1Q-2022 9.3: a tag */
	AFPACKET_ORIGINS = 256,  /* interfaces whose names are remembered */
};

/* linux/if_arp.h: what a device's frames begin with. */
enum {
	AFPACKET_ARPHRD_ETHER = 1,
	AFPACKET_ARPHRD_LOOPBACK = 772,
	AFPACKET_ARPHRD_80211 = 801,
	AFPACKET_ARPHRD_80211_PRISM = 802,
	AFPACKET_ARPHRD_80211_RADIOTAP = 803,
};

enum afpacket_phase {
	AFPACKET_OPEN,
	AFPACKET_STOPPED, /* nothing more comes in: what is there is still given */
	AFPACKET_GONE,    /* so is the interface */
};

struct afpacket {
	uint8_t *map; /* the ring */
	size_t map_len;
	uint32_t blocks;
	uint32_t block;       /* index of the block that is read, or awaited */
	bool held;            /* that block is ours */
	uint32_t frames_left; /* in it */
	uint8_t *next;        /* header of the next of these */
	uint32_t snaplen;
	uint64_t number; /* frames given so far */

	int fd;
	enum afpacket_phase phase;
	int64_t give_up_ns; /* monotonic: no use in waiting longer for what the kernel counted; 0: not yet set */
	uint32_t returned;  /* blocks given back so far, modulo 2^32 */
	bool counted;       /* the counters are final */
	struct source_counters counters;
	char name[IF_NAMESIZE];

	/* Names of interfaces by index: with `any`, many. */
	struct afpacket_origin {
		int index;      /* 0: free */
		uint64_t until; /* the number of the last frame that was given with it */
		struct origin origin;
	} origins[AFPACKET_ORIGINS];
};

/* Makes the socket and its ring and lets packets in. 0 or -errno with *err filled; a->fd, a->map are then closed by the caller.
 */
int afpacket_open(struct afpacket *a, const struct source_args *args, struct err *err);

/* Lets only what the filter takes into the ring; false if the kernel refused every form of it. */
bool afpacket_attach_filter(int fd, const struct source_args *args, uint32_t snaplen);

/* Lets nothing more into the ring. */
void afpacket_refuse_all(int fd);

/*
 * The program that afpacket_attach_filter() gives to the kernel: args->filter behind a prefix. Writes at most max instructions
 * to out and returns their number; if both do not fit, the prefix alone.
 */
uint16_t afpacket_program(struct sock_filter *out, uint16_t max, const struct source_args *args, uint32_t snaplen);

#endif
