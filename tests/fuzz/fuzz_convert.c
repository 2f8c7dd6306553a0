/* SPDX-License-Identifier: Apache-2.0 */
/* A line of somebody's, converted to the profile that the first byte chooses: an error, or one valid line. */
#include "encode/encode.h"
#include "lines.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct encode to[PROFILES];
	struct encode_options options = {.digits = 6};
	struct convert *c;
	struct err err;
	char *text = NULL;
	size_t len = 0;
	FILE *out;

	if (size < 2 || size > 20000)
		return 0;
	options.profile = (enum encode_profile)(data[0] % PROFILES);
	if (!to[options.profile].tail && encode_init(&to[options.profile], &options, &err))
		abort();
	out = open_memstream(&text, &len);
	c = convert_new(&to[options.profile], data[0] & 0x80 ? (enum encode_profile)(data[1] % PROFILES) : PROFILES, false,
			out);
	if (!out || !c)
		abort();
	if (convert_line(c, (const char *)data + 2, size - 2, &err)) {
		fflush(out);
		if (len)
			abort();
	} else {
		fflush(out);
		if (!memchr(text, '\n', len) || memchr(text, '\n', len - 1) || text[0] != '{')
			abort();
	}
	convert_free(c);
	fclose(out);
	free(text);
	return 0;
}
