/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel lets into the ring.
 *
 * The user's filter judges frames of Ethernet as they were on the wire. Where the kernel shows something else, a prefix lets
 * the frame pass, and the program in user space, which decides in any case, judges it.
 */
#include "source/afpacket.h"

#include <linux/bpf_common.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#define LOAD(what) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + (what)))
#define IF_EQUAL(k, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, yes, no)
#define RETURN(k) BPF_STMT(BPF_RET | BPF_K, k)

enum {
	PREFIX_LEN = 9,
	PROGRAM_MAX = 4096, /* BPF_MAXINSNS */
};

/*
 * A loopback device shows each packet twice, on its way out and on its way in: the first is refused, here and not in user
 * space, so that the kernel does not count it either. All jumps are forward, by instructions to pass over.
 */
static void put_prefix(struct sock_filter *out, bool more, uint32_t snaplen)
{
	const struct sock_filter prefix[PREFIX_LEN] = {
		LOAD(SKF_AD_HATYPE),                      /* 0 */
		IF_EQUAL(AFPACKET_ARPHRD_LOOPBACK, 0, 2), /* 1: else 4 */
		LOAD(SKF_AD_PKTTYPE),                     /* 2 */
		IF_EQUAL(PACKET_OUTGOING, 4, 1),          /* 3: 8, else 5 */
		IF_EQUAL(AFPACKET_ARPHRD_ETHER, 0, 2),    /* 4: else 7 */
		LOAD(SKF_AD_VLAN_TAG_PRESENT),            /* 5 */
		IF_EQUAL(0, more ? 2 : 0, 0),             /* 6: 9 if there is more, else 7 */
		RETURN(snaplen),                          /* 7 */
		RETURN(0),                                /* 8 */
	};

	memcpy(out, prefix, sizeof(prefix));
}

/*
 * A program returns how many bytes of the packet to keep: nothing, or libpcap's constant, which is more than any packet has. So
 * it is returned as it is where all is wanted, and where snaplen is smaller it is that.
 */
static struct sock_filter limit(struct sock_filter insn, uint32_t snaplen)
{
	if (insn.code == (BPF_RET | BPF_K) && insn.k > snaplen)
		insn.k = snaplen;
	return insn;
}

uint16_t afpacket_program(struct sock_filter *out, uint16_t max, const struct source_args *args, uint32_t snaplen)
{
	bool more = args->filter && args->filter_len && args->filter_len <= max - PREFIX_LEN;

	put_prefix(out, more, snaplen);
	if (!more)
		return PREFIX_LEN;
	for (unsigned i = 0; i < args->filter_len; i++)
		out[PREFIX_LEN + i] = limit(args->filter[i], snaplen);
	return (uint16_t)(PREFIX_LEN + args->filter_len);
}

static bool attach(int fd, struct sock_filter *insns, uint16_t len)
{
	struct sock_fprog program = {.len = len, .filter = insns};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0;
}

/* The kernel may find the whole too long (net.core.optmem_max) or refuse an instruction: the prefix is enough then. */
bool afpacket_attach_filter(int fd, const struct source_args *args, uint32_t snaplen)
{
	const struct source_args unfiltered = {0};
	struct sock_filter insns[PROGRAM_MAX];

	return attach(fd, insns, afpacket_program(insns, PROGRAM_MAX, args, snaplen)) ||
	       attach(fd, insns, afpacket_program(insns, PROGRAM_MAX, &unfiltered, snaplen));
}

void afpacket_refuse_all(int fd)
{
	struct sock_filter refuse = RETURN(0);

	(void)attach(fd, &refuse, 1);
}
