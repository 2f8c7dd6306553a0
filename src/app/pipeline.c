/* SPDX-License-Identifier: Apache-2.0 */
#include "app/pipeline.h"

#include "app/crew.h"
#include "app/inputs.h"
#include "app/lane.h"
#include "app/message.h"
#include "app/output.h"
#include "app/progress.h"
#include "filter/filter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	WAIT_MS = 100,        /* at most so long until a signal or the end of --duration is seen */
	LOOK_NS = 100000000,  /* between two looks at what was lost */
	KERNEL_INSNS = 4096,  /* BPF_MAXINSNS */
	CLOCK_EVERY = 64 - 1, /* batches, from files: a mask */
};

volatile sig_atomic_t pipeline_stop;
volatile sig_atomic_t pipeline_reopen;

/* How a source came to its end. */
enum ending {
	ENDED,   /* all read, or stopped as asked */
	BROKEN,  /* the source or the output failed: said already */
	FINISHED /* nothing more is wanted from any source */
};

/* Packets lost in one place, as far as that was told. */
struct loss {
	uint64_t told;
	int64_t since; /* time of the last packet when nothing more had been lost */
};

struct pipeline {
	const struct conf *conf;
	struct totals *totals;
	struct inputs inputs;
	struct source source;
	struct progress progress;
	uint64_t deadline; /* ns of the monotonic clock; UINT64_MAX: none */
	uint64_t next_look;
	uint32_t batches;
	int64_t first_ts; /* of this source's packets, or TS_NONE */
	int64_t last_ts;
	struct loss kernel, lost_output;
	bool output_trouble_told;
	int status; /* the exit status so far */
	struct sock_filter kernel_filter[KERNEL_INSNS];
	struct batch batch;
	struct lane lane;
};

static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void complain(struct pipeline *p, const struct err *err)
{
	progress_wipe(&p->progress);
	message_error("%s", err->text);
}

/* Sees to signals and the clock. True if the source shall stop. */
static bool asked_to_stop(struct pipeline *p)
{
	if (pipeline_reopen && p->lane.output.sink) {
		pipeline_reopen = 0;
		sink_reopen(p->lane.output.sink);
	}
	return pipeline_stop || (p->deadline != UINT64_MAX && clock_ns() >= p->deadline);
}

static bool given_up(const void *pipeline)
{
	return asked_to_stop((struct pipeline *)(uintptr_t)pipeline);
}

/* Tells of what was lost in one place since the last time, if anything was. */
static void tell_loss(struct pipeline *p, struct loss *l, uint64_t lost, const char *cause, const char *where, const char *why)
{
	struct gap gap = {
		.ts = p->last_ts,
		.cause = cause,
		.where = where,
		.count = lost - l->told,
		.first_ts = l->since,
		.last_ts = p->last_ts,
		.why = why,
	};

	if (lost > l->told && !output_gap(&p->lane.output, &gap))
		return; /* there is no room for it now, of all times */
	l->told = lost;
	l->since = p->last_ts;
}

/* Losses of the source that is read, and at the output. */
static void tell_losses(struct pipeline *p)
{
	struct source_counters source = {0};
	struct sink_counters sink = {0};
	const char *name = p->conf->live ? p->conf->live : "captures";

	if (!p->lane.output.sink)
		return;
	if (p->source.ops->live && p->source.ops->counters)
		p->source.ops->counters(&p->source, &source);
	tell_loss(p, &p->kernel, source.kernel_drops, "kernel", name, "the kernel had no room for them: see --ring");
	sink_counters(p->lane.output.sink, &sink);
	tell_loss(p, &p->lost_output, p->lane.output.refused + sink.dropped, "output", p->lane.output.name,
		  "the output did not take their records in time");
}

/* What the program that wrote the capture says it lost. */
static void tell_capture_loss(struct pipeline *p, const char *name, uint64_t lost)
{
	struct loss l = {.since = p->first_ts};

	tell_loss(p, &l, lost, "capture-file", name, "the program that captured says that it lost them");
}

/* An output that fails is worth a word at once: a live capture goes on for months. */
static void tell_trouble(struct pipeline *p)
{
	struct err err;

	if (p->output_trouble_told || !sink_trouble(p->lane.output.sink, &err))
		return;
	p->output_trouble_told = true;
	complain(p, &err);
	if (!p->conf->quiet)
		message_notice("the capture goes on; what the output does not take is counted");
}

static void look_around(struct pipeline *p)
{
	uint64_t now = clock_ns(), done = 0, total;

	if (p->source.ops->live && now >= p->next_look) {
		p->next_look = now + LOOK_NS;
		tell_trouble(p);
		tell_losses(p);
	}
	if (progress_due(&p->progress, now)) {
		if (p->source.ops->progress)
			p->source.ops->progress(&p->source, &done, &total);
		progress_show(&p->progress, now, p->lane.received, done);
	}
}

/* One batch from frames to lines. False if no more is wanted. */
static bool process(struct pipeline *p)
{
	int64_t first_ts = p->batch.frames[0].ts, last_ts = p->batch.frames[p->batch.nframes - 1].ts;
	bool more = lane_process(&p->lane, &p->batch);

	if (p->first_ts == TS_NONE)
		p->first_ts = first_ts;
	if (last_ts != TS_NONE)
		p->last_ts = last_ts;
	if (p->source.ops->live || !(p->batches++ & CLOCK_EVERY))
		look_around(p);
	return more;
}

static int wait_ms(const struct pipeline *p)
{
	uint64_t now, left_ms;

	if (p->lane.output.block && p->lane.output.block->len)
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
		enum sink_state state = sink_state(p->lane.output.sink);
		bool more;

		if (asked_to_stop(p))
			return drain(p, true);
		if (state == SINK_CLOSED || (!s->ops->live && state == SINK_FAILED))
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
			output_flush(&p->lane.output);
			look_around(p);
			break;
		case SOURCE_END:
			return ENDED;
		case SOURCE_DAMAGED:
			complain(p, &err);
			p->status = 2;
			break;
		case SOURCE_BROKEN:
			complain(p, &err);
			return BROKEN;
		}
	}
}

/* While a crew works. */
static bool look_on(void *pipeline, uint64_t packets, uint64_t bytes)
{
	struct pipeline *p = pipeline;
	uint64_t now = clock_ns();

	if (progress_due(&p->progress, now))
		progress_show(&p->progress, now, p->lane.received + packets, bytes);
	return asked_to_stop(p);
}

/* Several workers, where that was asked for and can be. -c counts packets in their order, which one worker does. */
static bool wants_crew(struct pipeline *p)
{
	struct source *s = &p->source;

	return p->conf->workers > 1 && !p->conf->count && s->ops->share && s->ops->share(s);
}

static enum ending run_crew(struct pipeline *p)
{
	struct crew_job job = {.conf = p->conf, .source = &p->source, .lane = &p->lane, .look = look_on, .context = p};
	enum source_status status;
	struct err err;

	output_hand_in(&p->lane.output); /* it comes before theirs */
	status = crew_run(&job, &err);
	p->first_ts = job.first_ts;
	p->last_ts = job.last_ts;
	if (status == SOURCE_END)
		return ENDED;
	if (status != SOURCE_BROKEN)
		return FINISHED;
	complain(p, &err);
	return BROKEN;
}

/* Opens the i-th input, or the interface, or all inputs as one. */
static int open_source(struct pipeline *p, unsigned i, struct err *err)
{
	const struct conf *conf = p->conf;
	struct source_args args = {
		.snaplen = (uint32_t)conf->snaplen,
		.promiscuous = conf->promiscuous,
		.ring_bytes = (uint32_t)conf->ring,
		.follow = conf->follow,
		.hash = conf->hash,
		.given_up = given_up,
		.pipeline = p,
	};

	if (conf->merge)
		return source_open_merged(&p->source, p->inputs.paths, p->inputs.n, &args, err);
	if (conf->live && p->lane.filter) {
		args.filter_len = filter_kernel_program(p->lane.filter, p->kernel_filter, KERNEL_INSNS);
		args.filter = args.filter_len ? p->kernel_filter : NULL;
	}
	return source_open(&p->source, conf->live ? conf->live : p->inputs.paths[i], conf->live, &args, err);
}

static void close_source(struct pipeline *p, const char *name)
{
	struct source_counters *total = &p->totals->source, this = {0};
	struct source_digest digest;
	uint64_t done = 0, all;

	if (p->source.ops->counters)
		p->source.ops->counters(&p->source, &this);
	total->kernel_drops += this.kernel_drops;
	total->freezes += this.freezes;
	total->total += this.total;
	if (p->source.ops->live)
		tell_losses(p);
	else
		tell_capture_loss(p, name, this.kernel_drops);
	if (p->source.ops->progress)
		p->source.ops->progress(&p->source, &done, &all);
	p->progress.before += done;
	for (unsigned i = 0; p->conf->hash && p->source.ops->digest && p->source.ops->digest(&p->source, i, &digest); i++)
		fprintf(p->totals->digests, "sha256: %s  %s\n", *digest.hex ? digest.hex : "not computed", digest.name);
	source_close(&p->source);
}

static int open_output(struct pipeline *p, struct err *err)
{
	struct err notice = {0};

	if (p->lane.output.sink)
		return 0;
	if (inputs_have(&p->inputs, sink_argument(p->conf->output)))
		return err_set(err, EINVAL, "-o %s: that is the capture to be read, which lines would spoil", p->conf->output);
	if (output_open(&p->lane.output, p->source.ops->live, &notice, err))
		return -1;
	if (*notice.text && !p->conf->quiet)
		message_notice("%s", notice.text);
	return 0;
}

/* An input did not open. True if the others are still wanted. */
static bool not_opened(struct pipeline *p, unsigned i, int ret, const struct err *err, bool *started)
{
	if (given_up(p)) { /* before a single packet came: as good an end as any */
		*started = true;
		return false;
	}
	if (ret == -ENOMSG && !p->conf->live && !p->conf->merge && p->inputs.from_folder[i]) {
		inputs_skip(&p->inputs, i);
		return true;
	}
	complain(p, err);
	p->status = 2;
	return true;
}

/* Reads one input after the other. What opens is read even if another one does not. */
static void run_inputs(struct pipeline *p, bool *started)
{
	unsigned n = p->conf->live || p->conf->merge ? 1 : p->inputs.n;
	enum ending ending = ENDED;
	struct err err;

	for (unsigned i = 0; i < n && ending != FINISHED; i++) {
		bool again = false;
		int ret = open_source(p, i, &err);

		if (ret) {
			if (!not_opened(p, i, ret, &err, started))
				return;
			continue;
		}
		if (open_output(p, &err)) {
			complain(p, &err);
			source_close(&p->source);
			p->status = 1;
			*started = false;
			return;
		}
		*started = true;
		if (p->source.ops->live && !p->conf->quiet)
			message_notice("capturing from %s; Ctrl-C ends it", p->conf->live);
		p->first_ts = p->last_ts = TS_NONE;
		ending = wants_crew(p) ? run_crew(p) : run_source(p);
		if (ending == BROKEN)
			p->status = 2;
		again = ending != FINISHED && p->source.ops->replaced && p->source.ops->replaced(&p->source);
		close_source(p, p->conf->merge ? "captures" : p->conf->live ? p->conf->live : p->inputs.paths[i]);
		if (again) { /* the one that took its place */
			if (!p->conf->quiet)
				message_notice("%s was replaced: going on with the new one", p->inputs.paths[i]);
			i--;
		}
	}
}

static void tell_skipped(const struct pipeline *p, bool started)
{
	const struct inputs *in = &p->inputs;

	if (!started && in->folders && in->skipped == in->n)
		message_error("no capture is in what -r named, only other files: %u of them (%s%s)", in->skipped,
			      in->first_skipped, in->skipped > 3 ? ", ..." : "");
	else if (in->skipped && !p->conf->quiet)
		message_notice("passed over what is no capture: %u (%s%s)", in->skipped, in->first_skipped,
			       in->skipped > 3 ? ", ..." : "");
}

static int finish(struct pipeline *p, bool started)
{
	struct totals *t = p->totals;
	struct err err;

	progress_wipe(&p->progress);
	tell_skipped(p, started);
	if (p->lane.output.sink && output_close(&p->lane.output, &t->sink, &err)) {
		if (!p->output_trouble_told)
			message_error("%s", err.text);
		p->status = 2;
	}
	t->received = p->lane.received;
	t->filtered = p->lane.filtered;
	t->decode = p->lane.decode;
	t->output_drops = p->lane.output.refused + t->sink.dropped;
	t->not_selected = p->lane.output.not_selected;
	return started ? p->status : 1;
}

static int lane_failed(const struct lane *l, const struct conf *conf, const struct err *err)
{
	message_error("%s", err->text);
	if (l->filter_wrong && access(conf->first_word, F_OK) == 0)
		message_notice("`%s` is a file: did you mean `-r %s`?", conf->first_word, conf->first_word);
	return 1;
}

/* All that can fail before a source is opened. 0, or the exit status, said already. */
static int prepare(struct pipeline *p)
{
	const struct conf *conf = p->conf;
	struct err err;

	p->totals->digests = conf->hash ? open_memstream(&p->totals->digest_text, &p->totals->digest_len) : NULL;
	if (inputs_init(&p->inputs, conf, &err)) {
		message_error("%s", err.text);
		return 1;
	}
	if (lane_init(&p->lane, conf, &err))
		return lane_failed(&p->lane, conf, &err);
	p->lane.output.given_up = given_up;
	p->lane.output.context = p;
	return 0;
}

int pipeline_run(const struct conf *conf, struct totals *totals, bool *started)
{
	struct pipeline *p = aligned_alloc(64, (sizeof(*p) + 63) / 64 * 64);
	uint64_t start = clock_ns();
	int status;

	*started = false;
	*totals = (struct totals){0};
	if (!p) {
		message_error("no memory for a batch of packets (%zu bytes)", sizeof(*p));
		return 1;
	}
	memset(p, 0, offsetof(struct pipeline, lane.recs));
	p->conf = conf;
	p->totals = totals;
	p->deadline = conf->duration ? start + conf->duration : UINT64_MAX;
	p->kernel.since = p->lost_output.since = TS_NONE;
	p->batch.max = (uint32_t)conf->batch;
	status = prepare(p);
	if (!status) {
		progress_init(&p->progress, conf->quiet || conf->live || conf->follow, p->inputs.bytes, start);
		run_inputs(p, started);
		status = finish(p, *started);
	}
	totals->seconds = (double)(clock_ns() - start) / 1e9;
	lane_fini(&p->lane);
	inputs_fini(&p->inputs);
	free(p);
	return status;
}
