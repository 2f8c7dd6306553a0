/* SPDX-License-Identifier: Apache-2.0 */
/* The record of a gap. Seldom: so its table is walked, and not compiled into the lines of packets. */
#include "encode/encode.h"

#include "encode/put.h"

enum {
	GAP_MAX = 3 * PUT_TEXT_ROOM, /* bytes of a line: three texts, the longest of which is a path */
	GAP_TEXT = 512,
};

static char *put_string(char *p, const char *text)
{
	return put_text(p, strlen(text) > GAP_TEXT ? PUT_TEXT_ROOM : strlen(text) * 6 + PUT_SLACK, text, strlen(text));
}

bool encode_gap(struct encode *e, const struct gap *g, struct block *out)
{
	char *p = out->text + out->len, *line = p;

	if (BLOCK_SIZE - out->len < GAP_MAX + e->tail_len)
		return false;
#define GAP(id, type, known, value, about, sniffer, siem, wazuh, ecs, ocsf, eve, full)                                         \
	{                                                                                                                      \
		static const char *const names[PROFILES] = {sniffer, siem, wazuh, ecs, ocsf, eve, full};                       \
		const char *name = names[e->profile];                                                                          \
                                                                                                                               \
		if (*name && (known)) {                                                                                        \
			p = put_bytes(p, ",\"", 2);                                                                            \
			p = PUT_TEXT(p, name);                                                                                 \
			p = put_bytes(p, "\":", 2);                                                                            \
			p = value;                                                                                             \
		}                                                                                                              \
	}
#include "encode/gap.def"
	p = put_tail(e, line, p);
	out->len = (uint32_t)(p - out->text);
	out->lines++;
	return true;
}
