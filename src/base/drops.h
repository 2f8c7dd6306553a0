/* SPDX-License-Identifier: Apache-2.0 */
/* drops.h - the reasons of drops.def as an enum and a table. */
#ifndef BASE_DROPS_H
#define BASE_DROPS_H

#include <stdbool.h>

enum drop_reason {
	DROP_NONE,
#define UNDECODABLE(id, key, words) DROP_##id,
#define MALFORMED(id, key, words) DROP_##id,
#include "base/drops.def"
#undef UNDECODABLE
#undef MALFORMED
	DROP_REASONS
};

struct drop_info {
	const char *key;   /* in statistics */
	const char *words; /* for a person */
	bool undecodable;  /* no record; else an attribute of one */
};

extern const struct drop_info drop_infos[DROP_REASONS];

#endif
