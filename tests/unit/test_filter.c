/* SPDX-License-Identifier: Apache-2.0 */
/* Filters: who matches, on which link type, what is refused, and that the kernel's verdict is ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "filter/filter.h"
#include "filter/program.h"
#include "guard.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	IP_AT = 14, /* where IP begins in the frames below */
	KERNEL_INSNS = 4096,
	LINK_WLAN = 105,
	LINK_UNKNOWN = 9999,
};

/* Ethernet, IPv4, TCP from 192.0.2.1 port 40000 to 192.0.2.2 port 22, SYN. */
static const uint8_t tcp22[] = {
	2, 0, 0, 0,   0, 11, 2, 0,    0,    0, 0,  10, 8, 0, 0x45, 0, 0, 40, 0, 0,    0, 0,    64,   6, 0, 0, 192,
	0, 2, 1, 192, 0, 2,  2, 0x9c, 0x40, 0, 22, 0,  0, 0, 0,    0, 0, 0,  0, 0x50, 2, 0xff, 0xff, 0, 0, 0, 0,
};

/* The same behind the tag of VLAN 10. */
static const uint8_t tagged[] = {
	2, 0,   0, 0, 0, 11,  2, 0, 0, 0,    0,    10, 0x81, 0, 0, 10, 8, 0, 0x45, 0, 0, 40,   0, 0,    0,    0, 64, 6, 0,
	0, 192, 0, 2, 1, 192, 0, 2, 2, 0x9c, 0x40, 0,  22,   0, 0, 0,  0, 0, 0,    0, 0, 0x50, 2, 0xff, 0xff, 0, 0,  0, 0,
};

/* Ethernet, IPv4, UDP from 192.0.2.1 port 5353 to 192.0.2.2 port 53, a byte. */
static const uint8_t udp53[] = {
	2,  0,  0, 0, 0,   11, 2, 0, 0,   0, 0, 10, 8,    0,    0x45, 0,  0, 29, 0, 0, 0,   0,
	64, 17, 0, 0, 192, 0,  2, 1, 192, 0, 2, 2,  0x14, 0xe9, 0,    53, 0, 9,  0, 0, 'x',
};

static struct frame frame_of(const void *data, size_t len, uint16_t link)
{
	return (struct frame){.data = data, .caplen = (uint32_t)len, .wirelen = (uint32_t)len, .link = link};
}

static bool matches(struct filter *f, struct frame frame)
{
	static struct batch b = {.max = BATCH_MAX};

	b.frames[0] = frame;
	b.nframes = 1;
	assert_int_equal(filter_batch(f, &b, UINT64_MAX), 1);
	return b.nframes == 1;
}

static struct filter *new_filter(const char *expression)
{
	struct err err = {0};
	struct filter *f = filter_new(expression, &err);

	if (!f)
		fail_msg("%s: %s", expression, err.text);
	return f;
}

static void on_ethernet(void **state)
{
	static const struct {
		const char *expression;
		bool tcp, tag, udp;
	} cases[] = {
		{"", true, true, true},
		{"tcp port 22", true, false, false},
		{"tcp[tcpflags] & tcp-syn != 0", true, false, false},
		{"vlan", false, true, false},
		{"vlan 10 and tcp port 22", false, true, false},
		{"vlan 11", false, false, false},
		{"udp and host 192.0.2.2", false, false, true},
		{"net 192.0.2.0/24", true, false, true},
		{"not ip", false, true, false},
		{"greater 50", true, true, false},
		{"less 50", false, false, true},
		{"ether src 02:00:00:00:00:0a", true, true, true},
		{"udp[8] = 0x78", false, false, true},
		{"ip6 protochain 6", false, false, false},
		{"wlan type data", false, false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct filter *f = new_filter(cases[i].expression);

		assert_int_equal(matches(f, frame_of(tcp22, sizeof(tcp22), 1)), cases[i].tcp);
		assert_int_equal(matches(f, frame_of(tagged, sizeof(tagged), 1)), cases[i].tag);
		assert_int_equal(matches(f, frame_of(udp53, sizeof(udp53), 1)), cases[i].udp);
		filter_free(f);
	}
}

/* The packet of tcp22 behind other headers: each with the LINKTYPE_ number that files carry. */
static void on_other_links(void **state)
{
	static const uint8_t cooked[16] = {[14] = 8}, cooked2[20] = {8}, null[4] = {2}, loop[4] = {0, 0, 0, 2},
			     atm[8] = {0xaa, 0xaa, 3, 0, 0, 0, 8, 0};
	static const struct {
		uint16_t link;
		uint8_t header_len;
		const uint8_t *header;
	} cases[] = {
		{101, 0, cooked},   {12, 0, cooked}, {14, 0, cooked}, {228, 0, cooked}, {113, 16, cooked},
		{276, 20, cooked2}, {0, 4, null},    {108, 4, loop},  {100, 8, atm},    {106, 8, atm},
	};
	struct filter *ssh = new_filter("tcp dst port 22"), *dns = new_filter("udp port 53");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t data[64];
		size_t len = cases[i].header_len + sizeof(tcp22) - IP_AT;
		const uint8_t *copy;

		memcpy(data, cases[i].header, cases[i].header_len);
		memcpy(data + cases[i].header_len, tcp22 + IP_AT, sizeof(tcp22) - IP_AT);
		copy = guard_copy(data, len);
		assert_true(matches(ssh, frame_of(copy, len, cases[i].link)));
		assert_false(matches(dns, frame_of(copy, len, cases[i].link)));
		guard_free(copy, len);
	}
	filter_free(ssh);
	filter_free(dns);
}

/* Nothing to judge by: no match, for any number of link types; those with a program keep it. */
static void on_unknown_links(void **state)
{
	struct filter *f = new_filter("tcp port 22"), *all = new_filter("");

	(void)state;
	for (unsigned link = 1000; link <= LINK_NOT_IP; link++)
		assert_false(matches(f, frame_of(tcp22, sizeof(tcp22), (uint16_t)link)));
	assert_false(matches(all, frame_of(tcp22, sizeof(tcp22), LINK_UNKNOWN)));
	assert_true(matches(f, frame_of(tcp22, sizeof(tcp22), 1)));
	assert_true(matches(f, frame_of(tcp22 + IP_AT, sizeof(tcp22) - IP_AT, 101)));
	filter_free(f);
	filter_free(all);
}

static void expression_of_another_link(void **state)
{
	static const uint8_t data_frame[32] = {0x08}, beacon[32] = {0x80};
	struct filter *f = new_filter("wlan type data");

	(void)state;
	assert_true(matches(f, frame_of(data_frame, sizeof(data_frame), LINK_WLAN)));
	assert_false(matches(f, frame_of(beacon, sizeof(beacon), LINK_WLAN)));
	filter_free(f);
}

/* A frame cut anywhere matches only when all that the expression asks for was captured; nothing beyond is read. */
static void cut_frames(void **state)
{
	struct filter *f = new_filter("tcp dst port 22");

	(void)state;
	for (size_t len = 0; len <= sizeof(tcp22); len++) {
		const uint8_t *copy = guard_copy(tcp22, len);
		struct frame frame = frame_of(copy, len, 1);

		frame.wirelen = sizeof(tcp22);
		assert_int_equal(matches(f, frame), len >= IP_AT + 24);
		guard_free(copy, len);
	}
	filter_free(f);
}

static void batch_keeps_its_order(void **state)
{
	static struct batch b;
	struct filter *f = new_filter("tcp");

	(void)state;
	for (uint32_t i = 0; i < BATCH_MAX; i++) {
		b.frames[i] = i % 3 ? frame_of(udp53, sizeof(udp53), 1) : frame_of(tcp22, sizeof(tcp22), 1);
		b.frames[i].number = i;
	}
	b.nframes = BATCH_MAX;
	assert_int_equal(filter_batch(f, &b, UINT64_MAX), 256);
	assert_int_equal(b.nframes, 86);
	for (uint32_t i = 0; i < b.nframes; i++)
		assert_int_equal(b.frames[i].number, 3 * i);
	assert_int_equal(filter_batch(f, &b, UINT64_MAX), 86);
	assert_int_equal(b.nframes, 86);
	b.nframes = 0;
	assert_int_equal(filter_batch(f, &b, UINT64_MAX), 0);
	filter_free(f);
}

static void batch_ends_with_the_last_wanted(void **state)
{
	static struct batch b;
	struct filter *f = new_filter("tcp");

	(void)state;
	for (uint32_t i = 0; i < BATCH_MAX; i++)
		b.frames[i] = i % 3 ? frame_of(udp53, sizeof(udp53), 1) : frame_of(tcp22, sizeof(tcp22), 1);
	b.nframes = BATCH_MAX;
	assert_int_equal(filter_batch(f, &b, 5), 13); /* the fifth match is the thirteenth frame */
	assert_int_equal(b.nframes, 5);
	filter_free(f);
}

static void mistakes(void **state)
{
	static const struct {
		const char *expression, *says;
	} cases[] = {
		{"tcp prot 22", "syntax error at `prot`, character 5 "},
		{"tcp port 22 adn udp", "syntax error at `adn`, character 13 "},
		{"tcp)", "syntax error at `)`, character 4 "},
		{"((tcp or udp) and (ip[6:2] & 0x1fff) port 3", "syntax error at `port`, character 38 "},
		{"ip[0] & 1 = 1 and x", "at `x`, character 19 "},
		{"tcp port", "at its end"},
		{"(tcp", "at its end"},
		{"ip[0", "at its end"},
		{"port 70000", "illegal port number 70000 > 65535"},
		{"host 192.0.2.1.5.6", "192.0.2.1.5.6"},
		{"inbound", "choose the interface with -i"},
		{"tcp and ifindex 3", "choose the interface with -i"},
		{"ether[4294963204] = 1", "choose the interface with -i"},
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		err.text[0] = '\0';
		assert_null(filter_new(cases[i].expression, &err));
		if (!strstr(err.text, cases[i].says))
			fail_msg("%s: %s", cases[i].expression, err.text);
	}
}

/* Expressions of any length and depth end in a message or a filter, soon. */
static void hostile(void **state)
{
	static char text[EXPRESSION_MAX + 2];
	struct filter *f;
	struct err err;

	(void)state;
	memset(text, '(', EXPRESSION_MAX);
	assert_null(filter_new(text, &err));
	memset(text, ' ', EXPRESSION_MAX + 1);
	assert_null(filter_new(text, &err));
	assert_non_null(strstr(err.text, "at most 16384"));
	for (size_t i = 0; i + 8 <= EXPRESSION_MAX; i += 8)
		memcpy(text + i, "not not ", 8);
	memcpy(text + EXPRESSION_MAX - 4, "tcp", 4); /* behind an odd number of them */
	f = filter_new(text, &err);
	assert_non_null(f);
	assert_true(matches(f, frame_of(udp53, sizeof(udp53), 1)));
	assert_false(matches(f, frame_of(tcp22, sizeof(tcp22), 1)));
	filter_free(f);
}

/* A socket pair with this filter on one end: does the kernel let the frame through? */
static bool kernel_takes(int sender, int receiver, const struct frame *frame)
{
	uint8_t buffer[256];

	assert_true(send(sender, frame->data, frame->caplen, MSG_DONTWAIT) >= 0);
	return recv(receiver, buffer, sizeof(buffer), MSG_DONTWAIT) > 0;
}

static void compare_with_kernel(struct filter *f, const struct sock_filter *insns, uint16_t n)
{
	const struct sock_fprog program = {.len = n, .filter = (struct sock_filter *)(uintptr_t)insns};
	uint32_t random = 1;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	assert_int_equal(setsockopt(pair[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)), 0);
	for (unsigned round = 0; round < 3000; round++) {
		uint8_t data[sizeof(tagged)];
		struct frame frame;

		memcpy(data, round & 1 ? tcp22 : tagged, sizeof(tcp22));
		for (unsigned i = 0; i < round % 4; i++) {
			random = random * 1664525 + 1013904223;
			data[random >> 8 & 31] = (uint8_t)(random >> 24);
		}
		frame = frame_of(data, 1 + random % sizeof(tcp22), 1);
		if (round % 5)
			frame = frame_of(data, sizeof(tcp22), 1);
		assert_int_equal(kernel_takes(pair[0], pair[1], &frame), matches(f, frame));
	}
	close(pair[0]);
	close(pair[1]);
}

static void same_verdict_in_the_kernel(void **state)
{
	static const char *const expressions[] = {
		"tcp port 22",
		"not tcp port 22",
		"vlan 10 and host 192.0.2.1",
		"ip[ip[0] & 0xf] = 0",
		"ip[2:2] / ip[8] < 3 or ip[1] % ip[9] = 1",
		"ip[0] << 3 = 0x228 or ip[12] >> 2 = 3",
		"greater 54 and ip[0] * ip[1] - ip[3] != 7",
		"ip[ip[2:2] - 1000] = 1 or ether[0] = 2",
		"((ip[2:2] - ((ip[0] & 0xf) << 2)) - ((tcp[12] & 0xf0) >> 2)) != 0",
	};
	struct sock_filter insns[KERNEL_INSNS];

	(void)state;
	for (size_t i = 0; i < sizeof(expressions) / sizeof(expressions[0]); i++) {
		struct filter *f = new_filter(expressions[i]);
		uint16_t n = filter_kernel_program(f, insns, KERNEL_INSNS);

		assert_true(n > 1);
		assert_int_equal(filter_kernel_program(f, insns, n), n);
		assert_int_equal(filter_kernel_program(f, insns, (uint16_t)(n - 1)), 0);
		compare_with_kernel(f, insns, n);
		filter_free(f);
	}
}

/* Shifts by 32 bits and more differ there, loops are not taken, and other link types' programs are none for Ethernet. */
static void not_for_the_kernel(void **state)
{
	static const char *const expressions[] = {"1 << ip[8] = 0", "1000 >> ip[8] = 0", "ip6 protochain 6", "wlan type data"};
	struct sock_filter insns[KERNEL_INSNS];

	(void)state;
	for (size_t i = 0; i < sizeof(expressions) / sizeof(expressions[0]); i++) {
		struct filter *f = new_filter(expressions[i]);

		assert_false(matches(f, frame_of(udp53, 1, 1)));
		assert_int_equal(filter_kernel_program(f, insns, KERNEL_INSNS), 0);
		filter_free(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(on_ethernet),
		cmocka_unit_test(on_other_links),
		cmocka_unit_test(on_unknown_links),
		cmocka_unit_test(expression_of_another_link),
		cmocka_unit_test(cut_frames),
		cmocka_unit_test(batch_keeps_its_order),
		cmocka_unit_test(batch_ends_with_the_last_wanted),
		cmocka_unit_test(mistakes),
		cmocka_unit_test(hostile),
		cmocka_unit_test(same_verdict_in_the_kernel),
		cmocka_unit_test(not_for_the_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
