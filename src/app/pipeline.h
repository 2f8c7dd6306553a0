/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline.h - the rooms in a row: source, filter, decode, encode, sink.
 *
 * One worker, the calling thread, takes batches from the source to lines in a block; the sink's own thread writes. The app is
 * the only one that knows all rooms.
 */
#ifndef APP_PIPELINE_H
#define APP_PIPELINE_H

#include "base/err.h"
#include "conf/conf.h"
#include "decode/decode.h"
#include "sink/sink.h"
#include "source/source.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* What the signal handlers ask for; read between batches. */
extern volatile sig_atomic_t pipeline_stop;   /* SIGINT, SIGTERM: end in good order */
extern volatile sig_atomic_t pipeline_reopen; /* SIGHUP: open the output anew */

/*
 * What became of the packets. It adds up:
 * received = filtered + decode.no_ip + decode.undecodable + sink.lines + output_drops + not_selected.
 */
struct totals {
	uint64_t received;
	uint64_t filtered;
	struct decode_counters decode;
	struct source_counters source;
	struct sink_counters sink; /* sink.dropped is part of output_drops */
	uint64_t output_drops;     /* records that did not reach the output, refused here or lost there */
	uint64_t not_selected;     /* records of a kind that is not written */
	FILE *digests;             /* lines of --hash, into digest_text; or NULL */
	char *digest_text;
	size_t digest_len;
	double seconds; /* on the clock */
};

/*
 * Does what the configuration asks until its end, or a signal. Returns the exit status: 0 done, 1 nothing could be opened, 2
 * stopped part-way. Errors and notices are printed as they happen; *started says whether *totals has anything to tell.
 */
int pipeline_run(const struct conf *conf, struct totals *totals, bool *started);

#endif
