/* SPDX-License-Identifier: Apache-2.0 */
/* Opening the packet socket: nothing is let in before ring, filter and interface are right. */
#include "source/afpacket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	FRAME_BYTES = 2048, /* TPACKET_V3 packs frames by their own size; the kernel only checks that this divides a block */
};

static int set(int fd, int option, const void *value, socklen_t len)
{
	return setsockopt(fd, SOL_PACKET, option, value, len) ? -errno : 0;
}

/* The interface's index, 0 for all of them; or -errno. */
static int find_interface(struct afpacket *a, const char *name, struct err *err)
{
	char there[1024];
	unsigned index;
	size_t len;

	if (!strcmp(name, "any"))
		return 0;
	index = if_nametoindex(name);
	if (index && if_indextoname(index, a->name))
		return (int)index;
	len = source_list_interfaces(there, sizeof(there));
	if (len && there[len - 1] == '\n')
		there[len - 1] = '\0';
	return err_set(err, ENODEV, "there is no interface `%.64s`; those there are:\n%s", name, there);
}

static int open_socket(struct afpacket *a, const char *name, struct err *err)
{
	a->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0); /* protocol 0: deaf until bound */
	if (a->fd >= 0)
		return 0;
	if (errno == EPERM || errno == EACCES)
		return err_set(err, errno,
			       "no permission to capture from %s: it takes the capability CAP_NET_RAW; either\n"
			       "  sudo tapline -i %s ...\n"
			       "or once, and then without sudo:\n"
			       "  sudo setcap cap_net_raw+ep $(command -v tapline)",
			       name, name);
	if (errno == EAFNOSUPPORT)
		return err_set(err, errno, "%s: this kernel has no packet sockets (CONFIG_PACKET)", name);
	return err_set(err, errno, "%s: cannot open a packet socket: %s", name, strerror(errno));
}

static int make_ring(struct afpacket *a, uint32_t blocks)
{
	struct tpacket_req3 request = {
		.tp_block_size = AFPACKET_BLOCK_BYTES,
		.tp_block_nr = blocks,
		.tp_frame_size = FRAME_BYTES,
		.tp_frame_nr = blocks * (AFPACKET_BLOCK_BYTES / FRAME_BYTES),
		.tp_retire_blk_tov = AFPACKET_RETIRE_MS,
	};
	size_t len = (size_t)blocks * AFPACKET_BLOCK_BYTES;
	const struct tpacket_req3 none = {0};
	void *map;
	int ret = set(a->fd, PACKET_RX_RING, &request, sizeof(request));

	if (ret)
		return ret;
	map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, a->fd, 0);
	if (map == MAP_FAILED) {
		ret = -errno;
		set(a->fd, PACKET_RX_RING, &none, sizeof(none));
		return ret;
	}
	a->map = map;
	a->map_len = len;
	a->blocks = blocks;
	return 0;
}

/* A size that was asked for is given or refused; the default becomes smaller where memory is short. */
static int open_ring(struct afpacket *a, uint32_t asked_bytes, struct err *err)
{
	uint32_t blocks = asked_bytes ? asked_bytes / AFPACKET_BLOCK_BYTES : AFPACKET_BLOCKS_DEFAULT;
	int version = TPACKET_V3, reserve = AFPACKET_VLAN_BYTES; /* room in front of a frame for a tag to be put back */
	int ret;

	ret = set(a->fd, PACKET_VERSION, &version, sizeof(version));
	if (ret)
		return err_set(err, -ret, "this kernel is older than 3.2: it has no TPACKET_V3 (%s)", strerror(-ret));
	ret = set(a->fd, PACKET_RESERVE, &reserve, sizeof(reserve));
	if (ret)
		return err_set(err, -ret, "cannot reserve room for VLAN tags: %s", strerror(-ret));
	if (blocks < AFPACKET_BLOCKS_MIN)
		blocks = AFPACKET_BLOCKS_MIN;
	ret = make_ring(a, blocks);
	while (!asked_bytes && (ret == -ENOMEM || ret == -EAGAIN) && blocks / 2 >= AFPACKET_BLOCKS_MIN)
		ret = make_ring(a, blocks /= 2);
	if (ret)
		return err_set(err, -ret, "the kernel gives no ring of %u MiB (%s): ask for less with --ring, at least %uM",
			       blocks * (AFPACKET_BLOCK_BYTES >> 20), strerror(-ret),
			       AFPACKET_BLOCKS_MIN * (AFPACKET_BLOCK_BYTES >> 20));
	return 0;
}

/* Ends with the interface leaving the mode by itself when the socket closes. */
static int be_promiscuous(const struct afpacket *a, int index, struct err *err)
{
	const struct packet_mreq request = {.mr_ifindex = index, .mr_type = PACKET_MR_PROMISC};
	int ret = set(a->fd, PACKET_ADD_MEMBERSHIP, &request, sizeof(request));

	if (ret)
		return err_set(err, -ret, "%s cannot be made promiscuous (%s): try --no-promiscuous", a->name, strerror(-ret));
	return 0;
}

/* From here on packets come. Binding to an interface that is down succeeds and leaves an error behind. */
static int listen_to(const struct afpacket *a, int index, struct err *err)
{
	const struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = index,
	};
	int error = 0;
	socklen_t len = sizeof(error);

	if (bind(a->fd, (const struct sockaddr *)&address, sizeof(address)))
		error = errno;
	else
		getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error == ENETDOWN)
		return err_set(err, error, "interface %s is down: `sudo ip link set %s up` and start again", a->name, a->name);
	if (error)
		return err_set(err, error, "cannot capture from %s: %s", a->name, strerror(error));
	return 0;
}

int afpacket_open(struct afpacket *a, const struct source_args *args, struct err *err)
{
	int index, ret;

	strcpy(a->name, "any");
	index = find_interface(a, args->arg, err);
	if (index < 0)
		return index;
	a->snaplen = args->snaplen && args->snaplen < AFPACKET_SNAPLEN_MAX ? args->snaplen : AFPACKET_SNAPLEN_MAX;
	ret = open_socket(a, a->name, err);
	if (ret)
		return ret;
	if (!afpacket_attach_filter(a->fd, args, a->snaplen))
		return err_set(err, errno, "%s: the kernel refuses the filter: %s", a->name, strerror(errno));
	ret = open_ring(a, args->ring_bytes, err);
	if (!ret && index && args->promiscuous)
		ret = be_promiscuous(a, index, err);
	return ret ? ret : listen_to(a, index, err);
}
