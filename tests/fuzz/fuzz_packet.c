/* SPDX-License-Identifier: Apache-2.0 */
/* One frame: its first two bytes choose the link type, the third how much of it was captured, whether tunnels are entered, and
 * the profile. */
#include "decode/decode.h"
#include "encode/encode.h"
#include "lines.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct encode encoders[PROFILES];

static void init(void)
{
	struct err err;

	for (enum encode_profile i = 0; i < PROFILES; i++)
		if (encode_init(&encoders[i], &(struct encode_options){.digits = 9, .profile = i}, &err))
			abort();
}

/* The short way of common packets, which is taken where nobody wants more, says what the long one does. */
static void check_ways(struct batch *b, struct more *more, unsigned mode)
{
	static struct decode_counters counters;
	uint32_t nrecs = b->nrecs;
	struct rec r = b->recs[0];

	b->more = b->more ? NULL : more;
	decode_batch(b, mode, &counters);
	if (b->nrecs != nrecs || (nrecs && memcmp(&r, &b->recs[0], sizeof(r))))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct origin origin = {.capture = "/capture", .serial = 1, .iface_len = 4, .iface = "eth0"};
	static struct decode_counters counters;
	static struct rec recs[BATCH_MAX];
	static struct batch batch = {.recs = recs};
	static struct more more[BATCH_MAX];
	static char text[BLOCK_SIZE];
	struct block block = {.text = text};
	enum encode_profile profile;
	uint8_t *bytes;

	if (size < 3)
		return 0;
	if (!encoders[0].tail)
		init();
	profile = (data[2] >> 4) % PROFILES;
	bytes = malloc(size - 3 ? size - 3 : 1); /* so that the sanitizer sees a read beyond it */
	memcpy(bytes, data + 3, size - 3);
	memset(&counters, 0, sizeof(counters));
	batch.frames[0] = (struct frame){
		.data = bytes,
		.caplen = (uint32_t)(size - 3),
		.wirelen = (uint32_t)(size - 3) + data[2],
		.link = (uint16_t)(data[0] << 8 | data[1]),
		.ts = (int64_t)size * 1234567891011,
		.fcs = data[2] & 4,
		.number = 1,
		.origin = &origin,
	};
	batch.nframes = 1;
	batch.more = encode_wants_more(&encoders[profile]) ? more : NULL;
	decode_batch(&batch, data[2] & 3, &counters);
	if (batch.nrecs + counters.no_ip + counters.undecodable != 1)
		abort();
	if (encode_batch(&encoders[profile], &batch, 0, &block) != batch.nrecs)
		abort();
	check_lines(block.text, block.len, block.lines);
	check_ways(&batch, more, data[2] & 3);
	free(bytes);
	return 0;
}
