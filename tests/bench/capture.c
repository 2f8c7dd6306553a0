/* SPDX-License-Identifier: Apache-2.0 */
/* capture KIND N FILE [pcapng]: writes N packets of the synth source as a capture, so that other programs can read them too. */
#include "source/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pcap_header {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, accuracy, snaplen, link;
};

struct pcap_record {
	uint32_t seconds, microseconds, caplen, wirelen;
};

/* pcapng's section header, and behind it one interface of microseconds. */
static const uint32_t pcapng_header[] = {0x0a0d0d0a, 28, 0x1a2b3c4d, 1, UINT32_MAX, UINT32_MAX, 28, 1, 20, 1, 0, 20};

/* Its enhanced packet block, up to the packet. */
struct pcapng_packet {
	uint32_t type, len, interface, units_high, units_low, caplen, wirelen;
};

static const uint8_t zeros[65536]; /* of packets that synth makes only the headers of */

static void write_packet(const struct frame *f, size_t padding, FILE *out)
{
	fwrite(f->data, 1, f->caplen, out);
	fwrite(zeros, 1, f->wirelen - f->caplen + padding, out);
}

static void write_pcap(const struct frame *f, FILE *out)
{
	struct pcap_record r = {
		.seconds = (uint32_t)(f->ts / 1000000000),
		.microseconds = (uint32_t)(f->ts / 1000 % 1000000),
		.caplen = f->wirelen,
		.wirelen = f->wirelen,
	};

	fwrite(&r, sizeof(r), 1, out);
	write_packet(f, 0, out);
}

static void write_pcapng(const struct frame *f, FILE *out)
{
	uint64_t units = (uint64_t)f->ts / 1000;
	uint32_t padding = -f->wirelen & 3;
	struct pcapng_packet p = {
		.type = 6,
		.len = (uint32_t)sizeof(p) + f->wirelen + padding + 4,
		.units_high = (uint32_t)(units >> 32),
		.units_low = (uint32_t)units,
		.caplen = f->wirelen,
		.wirelen = f->wirelen,
	};

	fwrite(&p, sizeof(p), 1, out);
	write_packet(f, padding, out);
	fwrite(&p.len, sizeof(p.len), 1, out);
}

static int write_all(struct source *s, FILE *out, bool pcapng)
{
	static const struct pcap_header header = {.magic = 0xa1b2c3d4, .major = 2, .minor = 4, .snaplen = 262144, .link = 1};
	static struct batch batch = {.max = BATCH_MAX};
	struct err err;

	if (pcapng)
		fwrite(pcapng_header, sizeof(pcapng_header), 1, out);
	else
		fwrite(&header, sizeof(header), 1, out);
	while (s->ops->fill(s, &batch, 0, &err) == SOURCE_FRAMES)
		for (uint32_t i = 0; i < batch.nframes; i++)
			(pcapng ? write_pcapng : write_pcap)(&batch.frames[i], out);
	return ferror(out);
}

int main(int argc, char **argv)
{
	struct source_args args = {0};
	struct source s;
	struct err err;
	char word[128];
	FILE *out;

	if (argc != 4 && (argc != 5 || strcmp(argv[4], "pcapng"))) {
		fputs("usage: capture tcp64|mix N FILE [pcapng]\n", stderr);
		return 1;
	}
	snprintf(word, sizeof(word), "synth:%s,count=%s", argv[1], argv[2]);
	if (source_open(&s, word, false, &args, &err)) {
		fprintf(stderr, "capture: %s\n", err.text);
		return 1;
	}
	out = fopen(argv[3], "wb");
	if (!out || write_all(&s, out, argc == 5) || fclose(out)) {
		perror(argv[3]);
		return 2;
	}
	source_close(&s);
	return 0;
}
