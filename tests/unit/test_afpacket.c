/* SPDX-License-Identifier: Apache-2.0 */
/* The program that a packet socket gets: prefix, filter, limits. What it lets through is tested live. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "source/afpacket.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	INSNS = 4096,
	PREFIX = 9,
	RETURN = BPF_RET | BPF_K
};

/* Takes UDP over IPv4 whole, refuses all else. */
static const struct sock_filter udp[] = {
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x800, 0, 3),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 23),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 17, 0, 1),
	BPF_STMT(RETURN, 262144),
	BPF_STMT(RETURN, 0),
};

/* The largest value that the program can return. */
static uint32_t most(const struct sock_filter *insns, unsigned n)
{
	uint32_t max = 0;

	for (unsigned i = 0; i < n; i++)
		if (insns[i].code == RETURN && insns[i].k > max)
			max = insns[i].k;
	return max;
}

/* The kernel checks jumps and instructions when it takes a program. */
static void kernel_accepts(struct sock_filter *insns, uint16_t n)
{
	const struct sock_fprog program = {.len = n, .filter = insns};
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	assert_int_equal(setsockopt(pair[0], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)), 0);
	close(pair[0]);
	close(pair[1]);
}

static void prefix_alone(void **state)
{
	const struct source_args none = {0}, empty = {.filter = udp};
	struct sock_filter insns[INSNS];

	(void)state;
	assert_int_equal(afpacket_program(insns, INSNS, &none, 1000), PREFIX);
	assert_int_equal(most(insns, PREFIX), 1000);
	kernel_accepts(insns, PREFIX);
	assert_int_equal(afpacket_program(insns, INSNS, &empty, 1000), PREFIX);
}

static void filter_behind_prefix(void **state)
{
	const uint16_t len = sizeof(udp) / sizeof(udp[0]);
	const struct source_args args = {.filter = udp, .filter_len = len};
	struct sock_filter insns[INSNS];

	(void)state;
	assert_int_equal(afpacket_program(insns, INSNS, &args, AFPACKET_SNAPLEN_MAX), PREFIX + len);
	assert_memory_equal(insns + PREFIX, udp, sizeof(udp));
	kernel_accepts(insns, PREFIX + len);
	assert_int_equal(afpacket_program(insns, INSNS, &args, 96), PREFIX + len);
	assert_int_equal(most(insns, PREFIX + len), 96);
	assert_int_equal(insns[PREFIX + len - 1].k, 0);
	kernel_accepts(insns, PREFIX + len);
}

static void filter_that_does_not_fit(void **state)
{
	const uint16_t len = sizeof(udp) / sizeof(udp[0]);
	const struct source_args args = {.filter = udp, .filter_len = len};
	struct sock_filter insns[INSNS];

	(void)state;
	assert_int_equal(afpacket_program(insns, (uint16_t)(PREFIX + len), &args, 96), PREFIX + len);
	assert_int_equal(afpacket_program(insns, (uint16_t)(PREFIX + len - 1), &args, 96), PREFIX);
	kernel_accepts(insns, PREFIX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefix_alone),
		cmocka_unit_test(filter_behind_prefix),
		cmocka_unit_test(filter_that_does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
