/* SPDX-License-Identifier: Apache-2.0 */
/* progress.h - a line on the terminal while captures are read, when it takes longer than a second. */
#ifndef APP_PROGRESS_H
#define APP_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool on;         /* somebody can see it, and the records go elsewhere */
	bool shown;      /* there is a line to be wiped */
	uint64_t start;  /* ns of the monotonic clock */
	uint64_t next;   /* when the line is written again */
	uint64_t before; /* bytes of the inputs that are done */
	uint64_t total;  /* bytes of all inputs; 0: not known */
};

/* now: ns of the monotonic clock. quiet or a place where it would disturb: nothing will ever be shown. */
void progress_init(struct progress *p, bool quiet, uint64_t total, uint64_t now);

/* Cheap when nothing is due. done: bytes of the input that is being read. */
static inline bool progress_due(const struct progress *p, uint64_t now)
{
	return p->on && now >= p->next;
}
void progress_show(struct progress *p, uint64_t now, uint64_t packets, uint64_t done);

void progress_wipe(struct progress *p); /* before anything else is written to standard error, and at the end */

#endif
