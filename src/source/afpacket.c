/* SPDX-License-Identifier: Apache-2.0 */
/* A live interface, or all of them. */
#include "source/afpacket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	LINK_ETHERNET = 1,
	LINK_RAW_IP = 101,
	LINK_80211 = 105,
	LINK_80211_PRISM = 119,
	LINK_80211_RADIOTAP = 127,
	MAC_ADDRESSES = 12, /* bytes: destination and source */
	/* The kernel's counters have 32 bits: every so many blocks they are taken over, long before they go round. */
	COUNT_EVERY_BLOCKS = 256,
	GIVE_UP_MS = 1000,
};

static int64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static struct tpacket_hdr_v1 *block_header(const struct afpacket *a)
{
	struct tpacket_block_desc *block = (void *)(a->map + (size_t)a->block * AFPACKET_BLOCK_BYTES);

	return &block->hdr.bh1;
}

/* The kernel's writes to a block come before its handing it over, ours (and reads) before our handing it back. */
static bool take_block(struct afpacket *a)
{
	struct tpacket_hdr_v1 *header = block_header(a);

	if (!(__atomic_load_n(&header->block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
		return false;
	a->held = true;
	a->frames_left = header->num_pkts;
	a->next = (uint8_t *)header - offsetof(struct tpacket_block_desc, hdr) + header->offset_to_first_pkt;
	return true;
}

/* Adds what the kernel counted since the last call, which sets its counters to zero. tp_packets includes tp_drops. */
static void take_counters(struct afpacket *a)
{
	struct tpacket_stats_v3 stats = {0};
	socklen_t len = sizeof(stats);

	if (a->counted || getsockopt(a->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len))
		return;
	a->counters.total += stats.tp_packets;
	a->counters.kernel_drops += stats.tp_drops;
	a->counters.freezes += stats.tp_freeze_q_cnt;
}

static void return_block(struct afpacket *a)
{
	__atomic_store_n(&block_header(a)->block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	a->held = false;
	a->block = a->block + 1 < a->blocks ? a->block + 1 : 0;
	if (++a->returned % COUNT_EVERY_BLOCKS == 0)
		take_counters(a);
}

/*
 * The device or the stack took the outermost tag off and shows it beside the frame: back it goes, behind the addresses, which
 * move into the room that PACKET_RESERVE keeps. The frame then reads as on the wire and is as long as there.
 */
static void restore_tag(const struct afpacket *a, const struct tpacket3_hdr *header, struct frame *f, uint8_t *data)
{
	uint16_t tag[2];

	f->wirelen += AFPACKET_VLAN_BYTES;
	if (f->caplen < MAC_ADDRESSES)
		return;
	tag[0] = htons(header->tp_status & TP_STATUS_VLAN_TPID_VALID ? header->hv1.tp_vlan_tpid : ETH_P_8021Q);
	tag[1] = htons((uint16_t)header->hv1.tp_vlan_tci);
	memmove(data - AFPACKET_VLAN_BYTES, data, MAC_ADDRESSES);
	memcpy(data - AFPACKET_VLAN_BYTES + MAC_ADDRESSES, tag, sizeof(tag));
	f->data = data - AFPACKET_VLAN_BYTES;
	f->caplen += AFPACKET_VLAN_BYTES;
	if (f->caplen > a->snaplen)
		f->caplen = a->snaplen;
}

/* A device whose frames begin with something else than Ethernet, or with nothing. */
static void describe_other(const struct tpacket3_hdr *header, const struct sockaddr_ll *from, struct frame *f)
{
	uint32_t skip = (uint32_t)header->tp_net - header->tp_mac;

	switch (from->sll_hatype) {
	case AFPACKET_ARPHRD_80211:
		f->link = LINK_80211;
		return;
	case AFPACKET_ARPHRD_80211_PRISM:
		f->link = LINK_80211_PRISM;
		return;
	case AFPACKET_ARPHRD_80211_RADIOTAP:
		f->link = LINK_80211_RADIOTAP;
		return;
	}
	f->link = LINK_NOT_IP;
	if (from->sll_protocol != htons(ETH_P_IP) && from->sll_protocol != htons(ETH_P_IPV6))
		return;
	/* Tunnels and the like: the stack knows where IP begins. wirelen still counts the device's own header. */
	f->link = LINK_RAW_IP;
	if (skip > f->caplen)
		skip = f->caplen;
	f->data += skip;
	f->caplen -= skip;
}

/* The interface's name, asked for once. NULL if another one's stands in its place and is lent to this batch, which began at
 * first.
 */
static const struct origin *origin_of(struct afpacket *a, int index, uint64_t first)
{
	struct afpacket_origin *o = &a->origins[(unsigned)index % AFPACKET_ORIGINS];
	char name[IF_NAMESIZE];

	if (__builtin_expect(o->index != index, 0)) {
		if (o->until >= first)
			return NULL;
		if (!if_indextoname((unsigned)index, name))
			*name = '\0'; /* it is gone by now */
		o->index = index;
		origin_init(&o->origin, NULL, name, strlen(name));
	}
	o->until = a->number + 1;
	return &o->origin;
}

static void read_frame(const struct afpacket *a, uint8_t *at, struct frame *f)
{
	const struct tpacket3_hdr *header = (void *)at;
	const struct sockaddr_ll *from = (void *)(at + TPACKET_ALIGN(sizeof(*header)));

	f->data = at + header->tp_mac;
	f->ts = (int64_t)header->tp_sec * 1000000000 + header->tp_nsec;
	f->caplen = header->tp_snaplen;
	f->wirelen = header->tp_len;
	f->link = LINK_ETHERNET;
	f->fcs = 0;
	if (__builtin_expect(from->sll_hatype != AFPACKET_ARPHRD_ETHER && from->sll_hatype != AFPACKET_ARPHRD_LOOPBACK, 0))
		describe_other(header, from, f);
	else if (header->tp_status & TP_STATUS_VLAN_VALID)
		restore_tag(a, header, f, at + header->tp_mac);
}

/* Frames of the block that is held, which stays ours until drop(): a batch never has frames of two. */
static void take_frames(struct afpacket *a, struct batch *b)
{
	uint32_t n = a->frames_left < b->max ? a->frames_left : b->max;
	uint64_t first = a->number + 1;
	uint8_t *at = a->next;

	for (uint32_t i = 0; i < n; i++) {
		const struct tpacket3_hdr *header = (void *)at;
		const struct sockaddr_ll *from = (void *)(at + TPACKET_ALIGN(sizeof(*header)));
		uint8_t *next = at + header->tp_next_offset;
		struct frame *f = &b->frames[i];

		__builtin_prefetch(next);
		__builtin_prefetch(next + 64);
		f->origin = origin_of(a, from->sll_ifindex, first);
		if (!f->origin) {
			n = i;
			break;
		}
		read_frame(a, at, f);
		f->number = ++a->number;
		at = next;
	}
	a->next = at;
	a->frames_left -= n;
	b->nframes = n;
}

/*
 * After the last packet came in: whether we have given all that the kernel counted. Frames in a block that is still open are
 * counted already, so the wait goes on until the kernel retires it. What a CPU lets in at this very moment comes after the end:
 * the counters stay as they are now, and total = given + kernel_drops holds for good.
 */
static bool all_given(struct afpacket *a)
{
	int64_t now = clock_ns();

	take_counters(a);
	if (!a->give_up_ns)
		a->give_up_ns = now + (int64_t)GIVE_UP_MS * 1000000;
	a->counted = a->counted || a->counters.total - a->counters.kernel_drops == a->number || now >= a->give_up_ns;
	return a->counted;
}

/* The interface was removed, or moved to another network namespace: the socket is then bound to index -1. */
static bool interface_gone(const struct afpacket *a)
{
	struct sockaddr_ll address = {0};
	socklen_t len = sizeof(address);

	return getsockname(a->fd, (struct sockaddr *)&address, &len) == 0 && address.sll_ifindex < 0;
}

/* An interface that goes down says so once (ENETDOWN); packets come again when it is up again. */
static void forget_error(const struct afpacket *a)
{
	int error;
	socklen_t len = sizeof(error);

	getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &error, &len);
}

static void wait_for_block(struct afpacket *a, int timeout_ms)
{
	struct pollfd p = {.fd = a->fd, .events = POLLIN};
	int n = poll(&p, 1, timeout_ms);

	if (n > 0 && p.revents & POLLIN)
		return;
	if (n > 0)
		forget_error(a);
	if (n >= 0 && interface_gone(a))
		a->phase = AFPACKET_GONE;
}

static enum source_status nothing_left(const struct afpacket *a, struct err *err)
{
	if (a->phase == AFPACKET_STOPPED)
		return SOURCE_END;
	err_set(err, ENODEV,
		"interface %s is gone: it was removed or moved to another network namespace while we captured from it",
		a->name);
	return SOURCE_BROKEN;
}

static enum source_status fill(struct source *s, struct batch *b, int timeout_ms, struct err *err)
{
	struct afpacket *a = s->state;

	for (bool waited = false;; waited = true) {
		while (a->held || take_block(a)) {
			take_frames(a, b);
			if (b->nframes)
				return SOURCE_FRAMES;
			return_block(a);
		}
		b->nframes = 0;
		if (a->phase != AFPACKET_OPEN && all_given(a))
			return nothing_left(a, err);
		if (waited)
			return SOURCE_IDLE;
		wait_for_block(a, timeout_ms);
	}
}

static void drop(struct source *s, struct batch *b)
{
	struct afpacket *a = s->state;

	(void)b;
	if (a->held && !a->frames_left)
		return_block(a);
}

static void stop(struct source *s)
{
	struct afpacket *a = s->state;

	afpacket_refuse_all(a->fd);
	if (a->phase == AFPACKET_OPEN)
		a->phase = AFPACKET_STOPPED;
}

static void counters(struct source *s, struct source_counters *out)
{
	struct afpacket *a = s->state;

	take_counters(a);
	*out = a->counters;
}

static void close_socket(struct source *s)
{
	struct afpacket *a = s->state;

	if (!a)
		return;
	if (a->map)
		munmap(a->map, a->map_len);
	if (a->fd >= 0)
		close(a->fd);
	free(a);
	s->state = NULL;
}

static int open_interface(struct source *s, const struct source_args *args, struct err *err)
{
	struct afpacket *a = calloc(1, sizeof(*a));
	int ret;

	s->state = a;
	if (!a)
		return err_set(err, ENOMEM, "no memory to capture from %s", args->arg);
	a->fd = -1;
	ret = afpacket_open(a, args, err);
	if (ret)
		close_socket(s);
	return ret;
}

static const struct source_ops afpacket = {
	.name = "afpacket",
	.arg = "INTERFACE",
	.about = "a live interface, or any for all of them",
	.live = true,
	.open = open_interface,
	.fill = fill,
	.drop = drop,
	.stop = stop,
	.counters = counters,
	.close = close_socket,
};
SOURCE_REGISTER(afpacket);
