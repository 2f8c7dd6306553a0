/* SPDX-License-Identifier: Apache-2.0 */
/* Capture files: every format and byte order, cut at every length, as files and piped, broken, shrinking while they are read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "source/source.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FRAMES_MAX = 70000,
	NO_TIME_LIMIT = 10000
};

/* A file under construction, in either byte order. */
struct file {
	uint8_t *bytes;
	size_t len;
	bool swapped;
};

static struct file file;
static uint8_t file_bytes[4 << 20];
static char path[] = "/tmp/tapline-test-XXXXXX";

static void begin(bool swapped)
{
	file = (struct file){.bytes = file_bytes, .swapped = swapped};
}

static void add(const void *bytes, size_t n)
{
	assert_true(file.len + n <= sizeof(file_bytes));
	memcpy(file.bytes + file.len, bytes, n);
	file.len += n;
}

static void add16(uint16_t v)
{
	v = file.swapped ? __builtin_bswap16(v) : v;
	add(&v, 2);
}

static void add32(uint32_t v)
{
	v = file.swapped ? __builtin_bswap32(v) : v;
	add(&v, 4);
}

static void add64(uint64_t v)
{
	v = file.swapped ? __builtin_bswap64(v) : v;
	add(&v, 8);
}

static void pcap_header(uint32_t magic, uint32_t link)
{
	add32(magic);
	add16(2);
	add16(4);
	add32(0);
	add32(0);
	add32(262144);
	add32(link);
}

/* A record of n bytes, each of which is the record's number. */
static void pcap_record(uint32_t seconds, uint32_t fraction, uint32_t n, uint32_t wirelen, bool modified, uint8_t number)
{
	static uint8_t body[4096];

	memset(body, number, sizeof(body));
	add32(seconds);
	add32(fraction);
	add32(n);
	add32(wirelen);
	if (modified)
		add("\0\0\0\0\x08\0\0\0", 8);
	add(body, n);
}

/* What reading gave. */
static struct read {
	struct frame frames[FRAMES_MAX];
	uint8_t first_byte[FRAMES_MAX], last_byte[FRAMES_MAX];
	char iface[FRAMES_MAX][8];
	unsigned n;
	int opened;
	enum source_status ending;
	struct source_counters counters;
	struct err err;
} got;

static void keep(struct source *s, struct batch *b)
{
	for (uint32_t i = 0; i < b->nframes; i++, got.n++) {
		const struct origin *origin = b->frames[i].origin;

		assert_true(got.n < FRAMES_MAX);
		got.frames[got.n] = b->frames[i];
		got.frames[got.n].origin = NULL;
		snprintf(got.iface[got.n], sizeof(got.iface[0]), "%.*s", (int)origin->iface_len, origin->iface);
		if (b->frames[i].caplen) {
			got.first_byte[got.n] = b->frames[i].data[0];
			got.last_byte[got.n] = b->frames[i].data[b->frames[i].caplen - 1];
		}
	}
	if (s->ops->drop)
		s->ops->drop(s, b);
}

static void read_source(const char *word, uint32_t max)
{
	static struct batch batch;
	struct source_args args = {0};
	struct source s;

	got.n = 0;
	got.err.text[0] = '\0';
	got.opened = source_open(&s, word, false, &args, &got.err);
	if (got.opened)
		return;
	batch.max = max;
	while ((got.ending = s.ops->fill(&s, &batch, NO_TIME_LIMIT, &got.err)) >= SOURCE_IDLE)
		if (got.ending == SOURCE_FRAMES)
			keep(&s, &batch);
	s.ops->counters(&s, &got.counters);
	source_close(&s);
}

/* The first n bytes of the file under construction, as a file. */
static void read_file(size_t n, uint32_t max)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CREAT, 0600);

	assert_int_equal(write(fd, file.bytes, n), n);
	close(fd);
	read_source(path, max);
}

static void *feed(void *arg)
{
	int fd = *(int *)arg;

	/* in odd pieces, so that headers come in parts */
	for (size_t at = 0, piece = 1; at < file.len; at += piece, piece = piece % 13 + 1) {
		if (piece > file.len - at)
			piece = file.len - at;
		if (write(fd, file.bytes + at, piece) < 0)
			break;
	}
	close(fd);
	return NULL;
}

/* The same through a pipe at standard input. */
static void read_pipe(size_t n)
{
	size_t whole = file.len;
	int fds[2], kept = dup(STDIN_FILENO);
	pthread_t feeder;

	file.len = n;
	assert_int_equal(pipe(fds), 0);
	dup2(fds[0], STDIN_FILENO);
	close(fds[0]);
	pthread_create(&feeder, NULL, feed, &fds[1]);
	read_source("-", 256);
	dup2(kept, STDIN_FILENO);
	close(kept);
	pthread_join(feeder, NULL);
	file.len = whole;
}

static void expect_says(const char *words)
{
	if (!strstr(got.err.text, words))
		fail_msg("`%s` does not say `%s`", got.err.text, words);
}

static void classic_formats(void **state)
{
	static const struct {
		uint32_t magic;
		int64_t ns;
		bool modified;
	} formats[] = {
		{0xa1b2c3d4, 1700000000999999000, false},
		{0xa1b23c4d, 1700000000000999999, false},
		{0xa1b2cd34, 1700000000999999000, true},
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(formats) / sizeof(formats[0]); i++) {
		begin(i & 1);
		pcap_header(formats[i / 2].magic, 1);
		pcap_record(1700000000, 999999, 60, 60, formats[i / 2].modified, 7);
		pcap_record(1700000001, 0, 0, 1500, formats[i / 2].modified, 8);
		read_file(file.len, 256);
		assert_int_equal(got.opened, 0);
		assert_int_equal(got.ending, SOURCE_END);
		assert_int_equal(got.n, 2);
		assert_true(got.frames[0].ts == formats[i / 2].ns);
		assert_int_equal(got.frames[0].caplen, 60);
		assert_int_equal(got.first_byte[0], 7);
		assert_int_equal(got.last_byte[0], 7);
		assert_int_equal(got.frames[0].number, 1);
		assert_int_equal(got.frames[1].number, 2);
		assert_int_equal(got.frames[1].caplen, 0);
		assert_int_equal(got.frames[1].wirelen, 1500);
		assert_int_equal(got.frames[1].link, 1);
	}
}

static void link_and_check_sequence(void **state)
{
	static const struct {
		uint32_t field;
		uint16_t link;
		uint8_t fcs;
	} cases[] = {{1, 1, 0}, {0x24000001, 1, 4}, {0x44000071, 113, 8}, {0x30000001, 1, 0}, {0xf4000114, 276, 30}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(false);
		pcap_header(0xa1b2c3d4, cases[i].field);
		pcap_record(1, 0, 60, 60, false, 1);
		read_file(file.len, 256);
		assert_int_equal(got.frames[0].link, cases[i].link);
		assert_int_equal(got.frames[0].fcs, cases[i].fcs);
	}
}

static void odd_numbers(void **state)
{
	(void)state;
	begin(false);
	pcap_header(0xa1b2c3d4, 1);
	pcap_record(1700000000, 4294967295, 10, 4294967295, false, 1);
	pcap_record(4294967295, 1000000, 10, 5, false, 1);
	read_file(file.len, 256);
	assert_int_equal(got.n, 2);
	assert_true(got.frames[0].ts == 1700004294967295000);
	assert_int_equal(got.frames[0].wirelen, 2147483647);
	assert_true(got.frames[1].ts == 4294967296000000000);
	assert_int_equal(got.frames[1].wirelen, 5);
	assert_int_equal(got.frames[1].caplen, 10);
}

static void impossible_length(void **state)
{
	static const uint32_t lengths[] = {262145, 0x7fffffff, 0xffffffff};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		begin(false);
		pcap_header(0xa1b2c3d4, 1);
		pcap_record(1, 0, 60, 60, false, 1);
		add32(2);
		add32(0);
		add32(lengths[i]);
		add32(60);
		add("rest", 4);
		read_file(file.len, 256);
		assert_int_equal(got.n, 1);
		assert_int_equal(got.ending, SOURCE_BROKEN);
		expect_says("at offset 100, after 1 packets");
	}
}

/* A small file of each format, cut at every length: the packets before the cut, then an error that names the place. */
static void cut_everywhere(size_t header, const size_t *ends, unsigned n_ends)
{
	for (size_t n = 0; n <= file.len; n++) {
		unsigned whole = 0;
		bool clean = n == header;

		for (unsigned i = 0; i < n_ends; i++) {
			whole += n >= ends[i];
			clean |= n == ends[i];
		}
		for (int piped = 0; piped < 2; piped++) {
			if (piped)
				read_pipe(n);
			else
				read_file(n, 256);
			if (n < header) {
				assert_true(got.opened < 0);
				expect_says(n ? "cut short inside its file header" : "is empty");
				continue;
			}
			assert_int_equal(got.opened, 0);
			assert_int_equal(got.n, whole);
			assert_int_equal(got.ending, clean ? SOURCE_END : SOURCE_BROKEN);
			if (!clean)
				expect_says("cut short");
		}
	}
}

static void classic_cut(void **state)
{
	size_t ends[3];

	(void)state;
	begin(true);
	pcap_header(0xa1b2c3d4, 1);
	for (unsigned i = 0; i < 3; i++) {
		pcap_record(i, 0, 5 * i, 60, false, (uint8_t)i);
		ends[i] = file.len;
	}
	cut_everywhere(24, ends, 3);
}

static void batches_of_any_size(void **state)
{
	static struct frame first[600];

	(void)state;
	begin(false);
	pcap_header(0xa1b2c3d4, 1);
	for (unsigned i = 0; i < 600; i++)
		pcap_record(i, i, i % 100, 60, false, (uint8_t)i);
	read_file(file.len, 256);
	assert_int_equal(got.n, 600);
	for (unsigned i = 0; i < 600; i++) {
		first[i] = got.frames[i];
		first[i].data = NULL;
	}
	read_file(file.len, 1);
	assert_int_equal(got.n, 600);
	for (unsigned i = 0; i < 600; i++) {
		got.frames[i].data = NULL;
		assert_memory_equal(&got.frames[i], &first[i], sizeof(first[i]));
	}
}

static void not_captures(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *says;
	} cases[] = {
		{"not a capture", 13, "is not a capture file (pcap or pcapng): it begins with 6e 6f 74"},
		{"BZh91AY&SY", 10, "bzip2: unpack it first"},
		{"\x7f"
		 "ELF\2\1\1\0",
		 8, "a program"},
		{"abc", 3, "cut short inside its file header"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(false);
		add(cases[i].bytes, cases[i].len);
		read_file(file.len, 256);
		assert_true(got.opened < 0);
		expect_says(cases[i].says);
	}
	read_source("/nowhere", 256);
	expect_says("/nowhere: cannot open: No such file");
	read_source("/tmp", 256);
	expect_says("/tmp: is a directory");
}

/* The file is cut to keep_bytes when its first frames were given: what was read before that is still given. */
static void shrink_to(size_t keep_bytes, unsigned expected)
{
	static struct batch batch;
	struct source_args args = {0};
	struct source s;
	unsigned n = 0;

	read_file(file.len, 256); /* leaves the file in place */
	assert_int_equal(source_open(&s, path, false, &args, &got.err), 0);
	batch.max = 100;
	while ((got.ending = s.ops->fill(&s, &batch, 0, &got.err)) == SOURCE_FRAMES) {
		if (!n)
			assert_int_equal(truncate(path, (off_t)keep_bytes), 0);
		for (uint32_t i = 0; i < batch.nframes; i++, n++)
			for (uint32_t k = 0; k < batch.frames[i].caplen; k++)
				assert_int_equal(batch.frames[i].data[k], (uint8_t)n);
	}
	assert_int_equal(got.ending, SOURCE_BROKEN);
	expect_says("shrank to");
	assert_int_equal(n, expected);
	source_close(&s);
}

static void shrinking(void **state)
{
	const size_t record = 16 + 1000;
	const unsigned read = ((256 << 10) - 24) / (unsigned)record; /* with the first bytes */

	(void)state;
	begin(false);
	pcap_header(0xa1b2c3d4, 1);
	for (unsigned i = 0; i < 1000; i++)
		pcap_record(i, 0, 1000, 1000, false, (uint8_t)i);
	shrink_to(24 + 500 * record, 500);
	shrink_to(24 + 500 * record + 1, 500);
	shrink_to(24 + 500 * record - 1, 499);
	shrink_to(24 + 750 * record + 16, 750);
	shrink_to(file.len - 1, 999);
	shrink_to(24 + 50 * record, read);
	shrink_to(30, read);
}

/* --- pcapng --- */

static size_t block_start;

static void block_begin(uint32_t type)
{
	block_start = file.len;
	add32(type);
	add32(0);
}

static void block_end(void)
{
	uint32_t len;

	while (file.len % 4)
		add("", 1);
	len = (uint32_t)(file.len - block_start) + 4;
	add32(len);
	len = file.swapped ? __builtin_bswap32(len) : len;
	memcpy(file.bytes + block_start + 4, &len, 4);
}

static void option(uint16_t code, const void *value, uint16_t len)
{
	add16(code);
	add16(len);
	add(value, len);
	while (file.len % 4)
		add("", 1);
}

static void section(void)
{
	block_begin(0x0a0d0d0a);
	add32(0x1a2b3c4d);
	add16(1);
	add16(0);
	add64(UINT64_MAX);
	block_end();
}

/* resolution 0xff..: none given; offset 0: none given */
static void interface(uint16_t link, uint32_t snaplen, int resolution, int64_t offset)
{
	char name[16];

	block_begin(1);
	add16(link);
	add16(0);
	add32(snaplen);
	option(2, name, (uint16_t)snprintf(name, sizeof(name), "if%u", link));
	if (resolution >= 0)
		option(9, (uint8_t[]){(uint8_t)resolution}, 1);
	if (offset) {
		add16(14);
		add16(8);
		add64((uint64_t)offset);
	}
	option(13, "\4", 1);
	block_end(); /* without opt_endofopt */
}

static void enhanced(uint32_t iface, uint64_t units, uint32_t n, uint8_t number)
{
	static uint8_t body[4096];

	memset(body, number, sizeof(body));
	block_begin(6);
	add32(iface);
	add32((uint32_t)(units >> 32));
	add32((uint32_t)units);
	add32(n);
	add32(n + 10);
	add(body, n);
	while (file.len % 4)
		add("", 1);
}

static void ng_sections_and_interfaces(void **state)
{
	(void)state;
	begin(false);
	section();
	interface(1, 0, -1, 0);
	interface(101, 0, 9, 0);
	enhanced(0, 1700000000000001, 60, 1);
	block_end();
	enhanced(1, 1700000000000000001, 61, 2);
	block_end();
	file.swapped = true;
	section();
	interface(113, 0, -1, 0);
	enhanced(0, 5000000, 62, 3);
	block_end();
	block_begin(0xbad); /* unknown */
	add("whatever", 8);
	block_end();
	enhanced(0, 6000000, 63, 4);
	block_end();
	for (int piped = 0; piped < 2; piped++) {
		if (piped)
			read_pipe(file.len);
		else
			read_file(file.len, 256);
		assert_int_equal(got.opened, 0);
		assert_int_equal(got.ending, SOURCE_END);
		assert_int_equal(got.n, 4);
		assert_true(got.frames[0].ts == 1700000000000001000);
		assert_true(got.frames[1].ts == 1700000000000000001);
		assert_true(got.frames[2].ts == 5000000000);
		assert_int_equal(got.frames[1].link, 101);
		assert_string_equal(got.iface[0], "if1");
		assert_string_equal(got.iface[1], "if101");
		assert_int_equal(got.frames[2].link, 113);
		assert_string_equal(got.iface[2], "if113");
		assert_int_equal(got.frames[3].caplen, 63);
		assert_int_equal(got.frames[3].wirelen, 73);
		assert_int_equal(got.frames[3].number, 4);
		assert_int_equal(got.frames[3].fcs, 4);
		assert_int_equal(got.last_byte[3], 4);
	}
}

static void ng_times(void **state)
{
	static const struct {
		int resolution;
		int64_t offset;
		uint64_t units;
		int64_t ns;
	} cases[] = {
		{0, 0, 1700000000, 1700000000000000000},
		{3, 0, 1700000000123, 1700000000123000000},
		{6, 0, 1700000000123456, 1700000000123456000},
		{9, 0, 1700000000123456789, 1700000000123456789},
		{12, 0, 1700000000123456789, 1700000000123456},
		{19, 0, 17000000000000000000u, 1700000000},
		{127, 0, UINT64_MAX, 0},
		{0x80 | 10, 0, 1024 + 512, 1500000000},
		{0x80 | 32, 0, 3ull << 31, 1500000000},
		{0x80 | 63, 0, 3ull << 62, 1500000000},
		{0x80 | 127, 0, UINT64_MAX, 0},
		{6, 100, 1000000, 101000000000},
		{6, -100, 1000000, -99000000000},
		{6, INT64_MAX, 1, TS_NONE},
		{6, INT64_MIN, 1, TS_NONE},
		{0, 0, UINT64_MAX, TS_NONE},
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		begin(i & 1);
		section();
		interface(1, 0, cases[i / 2].resolution, cases[i / 2].offset);
		enhanced(0, cases[i / 2].units, 4, 1);
		block_end();
		read_file(file.len, 256);
		assert_int_equal(got.n, 1);
		if (got.frames[0].ts != cases[i / 2].ns)
			fail_msg("case %zu: %lld", i / 2, (long long)got.frames[0].ts);
	}
}

static void ng_simple_and_obsolete(void **state)
{
	(void)state;
	begin(false);
	section();
	interface(1, 8, -1, 0);
	block_begin(3);
	add32(100); /* of which the snap length let 8 in */
	add("12345678", 8);
	block_end();
	block_begin(2);
	add16(0);
	add16(5); /* lost since the last */
	add32(0);
	add32(77);
	add32(4);
	add32(4);
	add("abcd", 4);
	block_end();
	block_begin(2);
	add16(0);
	add16(0xffff); /* it does not know */
	add32(0);
	add32(78);
	add32(4);
	add32(4);
	add("abcd", 4);
	block_end();
	read_file(file.len, 256);
	assert_int_equal(got.n, 3);
	assert_true(got.frames[0].ts == TS_NONE);
	assert_int_equal(got.frames[0].caplen, 8);
	assert_int_equal(got.frames[0].wirelen, 100);
	assert_true(got.frames[1].ts == 77000);
	assert_int_equal(got.counters.kernel_drops, 5);
}

static void ng_drop_counts(void **state)
{
	(void)state;
	begin(true);
	section();
	interface(1, 0, -1, 0);
	enhanced(0, 1, 6, 1);
	add16(4); /* epb_dropcount */
	add16(8);
	add64(3);
	add32(0);
	block_end();
	for (uint32_t i = 0; i < 4; i++) { /* of an interface since the capture began; the last is of none */
		block_begin(5);
		add32(i == 3 ? 7 : 0);
		add64(0);
		add16(5); /* isb_ifdrop */
		add16(8);
		add64(i == 3 ? 5000 : 400 + 300 * i);
		block_end();
	}
	read_file(file.len, 256);
	assert_int_equal(got.n, 1);
	assert_int_equal(got.counters.kernel_drops, 1000);
}

static void ng_broken_blocks(void **state)
{
	static const uint32_t lengths[] = {0, 4, 8, 10, 13, 0x7fffffff, 0xffffffff, 0xfffffffc};

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		begin(false);
		section();
		interface(1, 0, -1, 0);
		enhanced(0, 1, 4, 1);
		block_end();
		enhanced(0, 1, 4, 2);
		block_end();
		memcpy(file.bytes + block_start + 4, &lengths[i], 4);
		read_file(file.len, 256);
		assert_int_equal(got.n, 1);
		assert_int_equal(got.ending, SOURCE_BROKEN);
		expect_says("after 1 packets");
	}
	file.bytes[file.len - 4] ^= 4; /* the trailing length */
	memcpy(file.bytes + block_start + 4, &(uint32_t){(uint32_t)(file.len - block_start)}, 4);
	read_file(file.len, 256);
	assert_int_equal(got.n, 1);
	expect_says("whose two lengths differ");
}

static void ng_impossible_packets(void **state)
{
	(void)state;
	begin(false);
	section();
	interface(1, 0, -1, 0);
	enhanced(7, 1, 4, 1);
	block_end();
	read_file(file.len, 256);
	expect_says("a packet of interface 7, but 1 are described");
	memcpy(file.bytes + block_start + 8, &(uint32_t){0}, 4);
	memcpy(file.bytes + block_start + 20, &(uint32_t){5}, 4);
	read_file(file.len, 256);
	expect_says("a packet of 5 bytes in a block with room for 4");
	memcpy(file.bytes + block_start + 20, &(uint32_t){262145}, 4);
	read_file(file.len, 256);
	expect_says("where 262144 are the most");
	begin(false);
	section();
	block_begin(3);
	add32(4);
	add("abcd", 4);
	block_end();
	read_file(file.len, 256);
	expect_says("a packet of interface 0, but 0 are described");
}

static void ng_many_interfaces(void **state)
{
	(void)state;
	begin(false);
	section();
	for (unsigned i = 0; i < 65537; i++) {
		block_begin(1);
		add16(1);
		add16(0);
		add32(0);
		block_end();
	}
	read_file(file.len, 256);
	assert_int_equal(got.ending, SOURCE_BROKEN);
	expect_says("more than 65536 interfaces");
}

static void ng_cut(void **state)
{
	size_t ends[4];

	(void)state;
	begin(false);
	section();
	interface(1, 0, 6, 0);
	ends[0] = file.len; /* a clean end, without a packet */
	enhanced(0, 1, 5, 1);
	block_end();
	ends[1] = file.len;
	enhanced(0, 2, 8, 2);
	block_end();
	ends[2] = file.len;
	for (size_t n = 28; n <= file.len; n++) {
		bool clean = n == 28 || n == ends[0] || n == ends[1] || n == ends[2];

		for (int piped = 0; piped < 2; piped++) {
			if (piped)
				read_pipe(n);
			else
				read_file(n, 256);
			assert_int_equal(got.opened, 0);
			assert_int_equal(got.n, (n >= ends[1]) + (n >= ends[2]));
			assert_int_equal(got.ending, clean ? SOURCE_END : SOURCE_BROKEN);
		}
	}
}

static int setup(void **state)
{
	(void)state;
	close(mkstemp(path));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classic_formats),
		cmocka_unit_test(link_and_check_sequence),
		cmocka_unit_test(odd_numbers),
		cmocka_unit_test(impossible_length),
		cmocka_unit_test(classic_cut),
		cmocka_unit_test(batches_of_any_size),
		cmocka_unit_test(not_captures),
		cmocka_unit_test(shrinking),
		cmocka_unit_test(ng_sections_and_interfaces),
		cmocka_unit_test(ng_times),
		cmocka_unit_test(ng_simple_and_obsolete),
		cmocka_unit_test(ng_drop_counts),
		cmocka_unit_test(ng_broken_blocks),
		cmocka_unit_test(ng_impossible_packets),
		cmocka_unit_test(ng_many_interfaces),
		cmocka_unit_test(ng_cut),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
