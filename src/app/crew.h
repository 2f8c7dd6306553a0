/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crew.h - several workers on one capture (-j).
 *
 * Each worker has a chunk of the capture and a lane of its own. They take turns, in the order of the chunks, at finding the
 * frames, which is the short part; all else they do side by side. The lines are those of one worker, in the same order.
 */
#ifndef APP_CREW_H
#define APP_CREW_H

#include "app/lane.h"
#include "base/err.h"
#include "conf/conf.h"
#include "source/source.h"

#include <stdbool.h>
#include <stdint.h>

struct crew_job {
	const struct conf *conf; /* workers: how many */
	struct source *source;   /* on which share() was called */
	struct lane *lane;       /* its output is open; what the workers count is added to it */
	int64_t first_ts;        /* out: of the packets; TS_NONE if no batch had one */
	int64_t last_ts;

	/* Asked every WAIT_MS: true to stop. packets: received so far; bytes: read of the input. */
	bool (*look)(void *context, uint64_t packets, uint64_t bytes);
	void *context;
};

/* SOURCE_END, SOURCE_IDLE (stopped, or the output is closed), or SOURCE_BROKEN with *err. */
enum source_status crew_run(struct crew_job *job, struct err *err);

#endif
