/* SPDX-License-Identifier: Apache-2.0 */
#include "app/pipeline.h"

#include "app/message.h"
#include "app/records.h"
#include "encode/encode.h"
#include "filter/filter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	WAIT_MS = 100,      /* at most so long until a signal or the end of --duration is seen */
	GRACE_MS = 2000,    /* for a destination that is stuck when we are asked to stop */
	KERNEL_INSNS = 4096 /* BPF_MAXINSNS */
};

volatile sig_atomic_t pipeline_stop;
volatile sig_atomic_t pipeline_reopen;

/* How a source came to its end. */
enum ending {
	ENDED,   /* all read, or stopped as asked */
	BROKEN,  /* the source or the output failed: said already */
	FINISHED /* nothing more is wanted from any source */
};

struct pipeline {
	const struct conf *conf;
	struct totals *totals;
	struct filter *filter; /* NULL: all packets */
	struct source source;
	struct sink *sink;
	bool live;           /* the output never makes the source wait */
	struct block *block; /* being filled; NULL: none at hand */
	struct encode encode;
	unsigned mode; /* enum decode_mode */
	struct batch batch;
	struct more more[BATCH_MAX]; /* the batch's, where a field needs it */
	uint64_t left;               /* packets still wanted by -c */
	uint64_t deadline;           /* ns of the monotonic clock; UINT64_MAX: none */
	struct sock_filter kernel_filter[KERNEL_INSNS];
};

static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Sees to signals, the clock and the sink between two batches. True if the source shall stop. */
static bool asked_to_stop(struct pipeline *p)
{
	if (pipeline_reopen) {
		pipeline_reopen = 0;
		sink_reopen(p->sink);
	}
	return pipeline_stop || (p->deadline != UINT64_MAX && clock_ns() >= p->deadline);
}

static void hand_over(struct pipeline *p)
{
	if (p->block && p->block->len) {
		sink_put(p->sink, p->block);
		p->block = NULL;
	}
}

/* A block to write to; false if there is none and waiting for one is not ours or not worth it. */
static bool have_block(struct pipeline *p)
{
	bool live = p->source.ops->live;

	while (!p->block) {
		p->block = sink_get(p->sink, live ? 0 : WAIT_MS);
		if (!p->block && (live || asked_to_stop(p) || sink_state(p->sink) != SINK_OK))
			return false;
	}
	return true;
}

/* The batch's records to lines, in as many blocks as they take. */
static void write_records(struct pipeline *p)
{
	uint32_t done = 0;

	while (done < p->batch.nrecs) {
		if (!have_block(p)) {
			p->totals->output_drops += p->batch.nrecs - done;
			return;
		}
		done = encode_batch(&p->encode, &p->batch, done, p->block);
		if (done < p->batch.nrecs)
			hand_over(p);
	}
}

/* Takes away what the filter refuses and what -c does not want any more; returns false if no more is wanted after this batch.
 */
static bool select_frames(struct pipeline *p)
{
	struct batch *b = &p->batch;
	uint32_t judged;

	/* What comes after the last packet that is wanted was never received, whatever the size of a batch. */
	if (p->filter) {
		judged = filter_batch(p->filter, b, p->left);
	} else {
		if (b->nframes > p->left)
			b->nframes = (uint32_t)p->left;
		judged = b->nframes;
	}
	p->left -= b->nframes;
	p->totals->received += judged;
	p->totals->filtered += judged - b->nframes;
	return p->left > 0;
}

/* One batch from frames to lines. False if no more is wanted. */
static bool process(struct pipeline *p)
{
	struct totals before = *p->totals;
	uint64_t left = p->left;
	bool more = select_frames(p);

	decode_batch(&p->batch, p->mode, &p->totals->decode);
	if (p->source.ops->intact && !p->source.ops->intact(&p->source)) {
		*p->totals = before; /* these bytes were not the capture's: none of this has happened */
		p->left = left;
		return true;
	}
	write_records(p);
	return more;
}

static int wait_ms(const struct pipeline *p)
{
	uint64_t now, left_ms;

	if (p->block && p->block->len)
		return 0; /* lines are waiting for us: only take what is there already */
	if (p->deadline == UINT64_MAX)
		return WAIT_MS;
	now = clock_ns();
	left_ms = now < p->deadline ? (p->deadline - now) / 1000000 + 1 : 0;
	return left_ms < WAIT_MS ? (int)left_ms : WAIT_MS;
}

/* From here on only what the source holds already: lets it give that. */
static enum ending drain(struct pipeline *p, bool more)
{
	struct source *s = &p->source;
	struct err err;

	if (!s->ops->stop || !more)
		return FINISHED;
	s->ops->stop(s);
	for (;;) {
		enum source_status status = s->ops->fill(s, &p->batch, WAIT_MS, &err);

		if (status == SOURCE_FRAMES) {
			more = process(p);
			if (s->ops->drop)
				s->ops->drop(s, &p->batch);
		} else if (status != SOURCE_IDLE)
			return FINISHED;
		if (!more)
			return FINISHED;
	}
}

static enum ending run_source(struct pipeline *p)
{
	struct source *s = &p->source;
	struct err err;

	for (;;) {
		bool more = true;

		if (asked_to_stop(p))
			return drain(p, true);
		if (sink_state(p->sink) == SINK_CLOSED || (!s->ops->live && sink_state(p->sink) == SINK_FAILED))
			return FINISHED;
		switch (s->ops->fill(s, &p->batch, wait_ms(p), &err)) {
		case SOURCE_FRAMES:
			more = process(p);
			if (s->ops->drop)
				s->ops->drop(s, &p->batch);
			if (!more)
				return drain(p, false);
			break;
		case SOURCE_IDLE:
			hand_over(p);
			break;
		case SOURCE_END:
			return ENDED;
		case SOURCE_BROKEN:
			message_error("%s", err.text);
			return BROKEN;
		}
	}
}

static bool given_up(const void *pipeline)
{
	const struct pipeline *p = pipeline;

	return pipeline_stop || clock_ns() >= p->deadline;
}

static int open_source(struct pipeline *p, const char *word, bool live, struct err *err)
{
	struct source_args args = {
		.snaplen = (uint32_t)p->conf->snaplen,
		.promiscuous = p->conf->promiscuous,
		.ring_bytes = (uint32_t)p->conf->ring,
		.given_up = given_up,
		.pipeline = p,
	};

	if (live && p->filter) {
		args.filter_len = filter_kernel_program(p->filter, p->kernel_filter, KERNEL_INSNS);
		args.filter = args.filter_len ? p->kernel_filter : NULL;
	}
	return source_open(&p->source, word, live, &args, err);
}

static void close_source(struct pipeline *p)
{
	struct source_counters *total = &p->totals->source, this = {0};

	if (p->source.ops->counters)
		p->source.ops->counters(&p->source, &this);
	total->kernel_drops += this.kernel_drops;
	total->freezes += this.freezes;
	total->total += this.total;
	source_close(&p->source);
}

/* Whether the output is a capture that we read: a line at its end would spoil it. */
static bool writes_to_input(const struct conf *conf)
{
	struct stat output, input;

	if (stat(conf->output, &output) || !S_ISREG(output.st_mode))
		return false;
	for (unsigned i = 0; i < conf->reads.n; i++)
		if (stat(conf->reads.items[i], &input) == 0 && input.st_dev == output.st_dev && input.st_ino == output.st_ino)
			return true;
	return false;
}

static int open_output(struct pipeline *p, struct err *err)
{
	struct err notice = {0};

	if (writes_to_input(p->conf))
		return err_set(err, EINVAL, "-o %s: that is the capture to be read, which lines would spoil", p->conf->output);
	p->sink = sink_open(p->conf->output, p->source.ops->live, &notice, err);
	if (!p->sink)
		return -1;
	p->live = p->source.ops->live;
	if (*notice.text && !p->conf->quiet)
		message_notice("%s", notice.text);
	return 0;
}

/* From files the reader is waited for, until somebody wants us to stop; then, and live, he has a grace. */
static int close_output(struct pipeline *p)
{
	struct totals *t = p->totals;
	struct err err;
	int ret;

	if (p->block)
		sink_put(p->sink, p->block);
	while (!p->live && !asked_to_stop(p) && !sink_drain(p->sink, WAIT_MS))
		;
	ret = sink_close(p->sink, GRACE_MS, &t->sink, &err);
	t->output_drops += t->sink.dropped;
	if (ret)
		message_error("%s", err.text);
	return ret;
}

/* Reads one input after the other. The first one has to open; what opened is read even if another one fails. */
static int run_inputs(struct pipeline *p, bool *started)
{
	bool live = p->conf->live != NULL;
	unsigned n = live ? 1 : p->conf->reads.n;
	enum ending ending = ENDED;
	struct err err;
	int status = 0;

	for (unsigned i = 0; i < n && ending != FINISHED; i++) {
		const char *word = live ? p->conf->live : p->conf->reads.items[i];

		if (open_source(p, word, live, &err)) {
			if (given_up(p)) { /* before a single packet came: as good an end as any */
				*started = true;
				break;
			}
			message_error("%s", err.text);
			status = 2;
			continue;
		}
		if (!p->sink && open_output(p, &err)) {
			message_error("%s", err.text);
			source_close(&p->source);
			return 1;
		}
		*started = true;
		if (p->source.ops->live && !p->conf->quiet)
			message_notice("capturing from %s; Ctrl-C ends it", word);
		ending = run_source(p);
		if (ending == BROKEN)
			status = 2;
		close_source(p);
	}
	return *started ? status : 1;
}

int pipeline_run(const struct conf *conf, struct totals *totals, bool *started)
{
	struct pipeline *p = aligned_alloc(64, (sizeof(*p) + 63) / 64 * 64);
	uint64_t start = clock_ns();
	struct err err;
	int status;

	*started = false;
	*totals = (struct totals){0};
	if (!p) {
		message_error("no memory for a batch of packets (%zu bytes)", sizeof(*p));
		return 1;
	}
	memset(p, 0, sizeof(*p));
	p->conf = conf;
	p->totals = totals;
	p->left = conf->count ? conf->count : UINT64_MAX;
	p->deadline = conf->duration ? start + conf->duration : UINT64_MAX;
	p->batch.max = (uint32_t)conf->batch;
	p->mode = (conf->inner ? DECODE_INNER : 0) | (conf->non_ip ? DECODE_NON_IP : 0);
	if (records_init(&p->encode, conf, &err)) {
		message_error("%s", err.text);
		free(p);
		return 1;
	}
	p->batch.more = encode_wants_more(&p->encode) ? p->more : NULL;
	if (conf->expression) {
		p->filter = filter_new(conf->expression, &err);
		if (!p->filter) {
			message_error("%s", err.text);
			if (access(conf->first_word, F_OK) == 0)
				message_notice("`%s` is a file: did you mean `-r %s`?", conf->first_word, conf->first_word);
			encode_fini(&p->encode);
			free(p);
			return 1;
		}
	}
	status = run_inputs(p, started);
	if (p->sink && close_output(p))
		status = 2;
	totals->seconds = (double)(clock_ns() - start) / 1e9;
	filter_free(p->filter);
	encode_fini(&p->encode);
	free(p);
	return status;
}
