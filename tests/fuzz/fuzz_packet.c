/* SPDX-License-Identifier: Apache-2.0 */
/* One frame: its first two bytes choose the link type, the third how much of it was captured. */
#include "decode/decode.h"
#include "encode/encode.h"
#include "lines.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct decode_counters counters;
	static struct encode encode;
	static struct batch batch;
	static char text[BLOCK_SIZE];
	struct block block = {.text = text};
	uint8_t *bytes;

	if (size < 3)
		return 0;
	if (!encode.digits)
		encode_init(&encode, 9);
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
	};
	batch.nframes = 1;
	decode_batch(&batch, &counters);
	if (batch.nrecs + counters.no_ip + counters.undecodable != 1)
		abort();
	encode_batch(&encode, &batch, &block);
	check_lines(block.text, block.len, block.lines);
	free(bytes);
	return 0;
}
