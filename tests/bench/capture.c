/* SPDX-License-Identifier: Apache-2.0 */
/* capture KIND N FILE: writes N packets of the synth source as a classic capture, so that other programs can read them too. */
#include "source/source.h"

#include <stdio.h>
#include <stdlib.h>

struct header {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, accuracy, snaplen, link;
};

struct record {
	uint32_t seconds, microseconds, caplen, wirelen;
};

static int write_all(struct source *s, FILE *out)
{
	static struct batch batch = {.max = BATCH_MAX};
	static const uint8_t rest[65536]; /* of packets that synth makes only the headers of */
	struct err err;

	while (s->ops->fill(s, &batch, 0, &err) == SOURCE_FRAMES) {
		for (uint32_t i = 0; i < batch.nframes; i++) {
			const struct frame *f = &batch.frames[i];
			struct record r = {
				.seconds = (uint32_t)(f->ts / 1000000000),
				.microseconds = (uint32_t)(f->ts / 1000 % 1000000),
				.caplen = f->wirelen,
				.wirelen = f->wirelen,
			};

			fwrite(&r, sizeof(r), 1, out);
			fwrite(f->data, 1, f->caplen, out);
			fwrite(rest, 1, f->wirelen - f->caplen, out);
		}
	}
	return ferror(out);
}

int main(int argc, char **argv)
{
	const struct header header = {.magic = 0xa1b2c3d4, .major = 2, .minor = 4, .snaplen = 262144, .link = 1};
	struct source_args args = {0};
	struct source s;
	struct err err;
	char word[128];
	FILE *out;

	if (argc != 4) {
		fputs("usage: capture tcp64|mix N FILE\n", stderr);
		return 1;
	}
	snprintf(word, sizeof(word), "synth:%s,count=%s", argv[1], argv[2]);
	if (source_open(&s, word, false, &args, &err)) {
		fprintf(stderr, "capture: %s\n", err.text);
		return 1;
	}
	out = fopen(argv[3], "wb");
	if (!out || fwrite(&header, sizeof(header), 1, out) != 1 || write_all(&s, out) || fclose(out)) {
		perror(argv[3]);
		return 2;
	}
	source_close(&s);
	return 0;
}
