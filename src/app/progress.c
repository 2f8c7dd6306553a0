/* SPDX-License-Identifier: Apache-2.0 */
#include "app/progress.h"

#include <stdio.h>
#include <unistd.h>

enum {
	SECOND_NS = 1000000000,
	EVERY_NS = SECOND_NS / 4,
};

void progress_init(struct progress *p, bool quiet, uint64_t total, uint64_t now)
{
	*p = (struct progress){
		.on = !quiet && isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO),
		.start = now,
		.next = now + SECOND_NS,
		.total = total,
	};
}

static void put_time_left(double seconds)
{
	unsigned s = (unsigned)(seconds + 0.5);

	if (s >= 3600)
		fprintf(stderr, ", %u h %u min left", s / 3600, s / 60 % 60);
	else if (s >= 60)
		fprintf(stderr, ", %u min %u s left", s / 60, s % 60);
	else
		fprintf(stderr, ", %u s left", s);
}

void progress_show(struct progress *p, uint64_t now, uint64_t packets, uint64_t done)
{
	double seconds = (double)(now - p->start) / SECOND_NS, bytes = (double)(p->before + done), total = (double)p->total;

	p->next = now + EVERY_NS;
	p->shown = true;
	fputs("\r\033[K", stderr);
	if (p->total)
		fprintf(stderr, "%.0f %%, ", bytes < total ? 100 * bytes / total : 100);
	fprintf(stderr, "%.2f million packets/s, %.0f MB/s", (double)packets / seconds / 1e6, bytes / seconds / 1e6);
	if (p->total && bytes > 0 && bytes < total)
		put_time_left((total - bytes) * seconds / bytes);
	fflush(stderr);
}

void progress_wipe(struct progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
	p->shown = false;
}
