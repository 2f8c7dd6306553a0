/* SPDX-License-Identifier: Apache-2.0 */
#include "app/crew.h"

#include "app/order.h"
#include "base/cond.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
	SPINS = 5000,  /* looks for a turn, where every worker has a processor */
	WAIT_MS = 100, /* at most so long until it is seen that we are asked to stop */
};

struct crew {
	struct crew_job *job;
	struct order order;
	unsigned spins;
	atomic_bool stop;             /* asked to */
	atomic_bool over;             /* the source has no more: ending is set */
	atomic_ullong packets, bytes; /* so far, for those who look */

	atomic_ullong turn; /* the chunk whose frames may be found; ending and err are its worker's */
	pthread_mutex_t lock;
	pthread_cond_t ended;                    /* all workers have */
	pthread_cond_t passed[CONF_WORKERS_MAX]; /* the turn has been, to the chunk with this remainder of workers */
	unsigned working;                        /* workers that have not ended */

	enum source_status ending; /* SOURCE_IDLE: not yet */
	struct err err;
};

struct worker {
	struct crew *crew;
	pthread_t thread;
	struct chunk chunk;
	struct lane lane;
};

static void pause_cpu(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static bool given_up(const void *crew)
{
	return atomic_load(&((const struct crew *)crew)->stop);
}

/* Those who wait have one chunk each, and these follow each other: no two have the same remainder. */
static pthread_cond_t *passed(struct crew *c, uint64_t chunk)
{
	return &c->passed[chunk % c->job->conf->workers];
}

/*
 * Waits until it is this chunk's turn. Every chunk's comes, whatever happens to the others; and soon, so that it is worth
 * looking for it a while before going to sleep.
 */
static void take_turn(struct crew *c, uint64_t chunk)
{
	for (unsigned i = 0; i < c->spins; i++) {
		if (atomic_load(&c->turn) == chunk)
			return;
		pause_cpu();
	}
	pthread_mutex_lock(&c->lock);
	while (atomic_load(&c->turn) != chunk)
		pthread_cond_wait(passed(c, chunk), &c->lock);
	pthread_mutex_unlock(&c->lock);
}

static void pass_turn(struct crew *c)
{
	pthread_mutex_lock(&c->lock);
	pthread_cond_signal(passed(c, atomic_fetch_add(&c->turn, 1) + 1));
	pthread_mutex_unlock(&c->lock);
}

/* What the frames' times are, for gaps at the end. In turn. */
static void note_times(struct crew_job *job, const struct chunk *chunk)
{
	for (unsigned i = 0; i < chunk->n; i++) {
		const struct batch *b = &chunk->batches[i];
		int64_t last = b->frames[b->nframes - 1].ts;

		if (job->first_ts == TS_NONE)
			job->first_ts = b->frames[0].ts;
		if (last != TS_NONE)
			job->last_ts = last;
	}
}

static void process(struct worker *w)
{
	for (unsigned i = 0; i < w->chunk.n; i++) {
		atomic_fetch_add(&w->crew->packets, w->chunk.batches[i].nframes);
		lane_process(&w->lane, &w->chunk.batches[i]);
	}
}

static void note_progress(struct crew *c)
{
	struct source *s = c->job->source;
	uint64_t done = 0, total;

	if (s->ops->progress)
		s->ops->progress(s, &done, &total);
	atomic_store(&c->bytes, done);
}

/* In turn: finds the frames of the chunk. Where some have to be done with before others can be found, that happens here. */
static void find_frames(struct worker *w)
{
	struct crew *c = w->crew;
	struct source *s = c->job->source;
	bool alone = false;

	w->chunk.n = 0;
	while (!atomic_load(&c->over) && !atomic_load(&c->stop)) {
		enum source_status status = s->ops->frames(s, &w->chunk, alone, WAIT_MS);

		note_times(c->job, &w->chunk);
		if (status == SOURCE_IDLE)
			break;
		if (status != SOURCE_FRAMES) {
			c->ending = status;
			c->err = w->chunk.err;
			atomic_store(&c->over, true);
			break;
		}
		process(w);
		w->chunk.n = 0;
		while (!order_is_next(&c->order, w->chunk.number, WAIT_MS))
			;
		alone = true;
	}
	note_progress(c);
}

static void work_on_chunk(struct worker *w)
{
	struct crew *c = w->crew;
	struct output *out = &w->lane.output;

	while (!order_begin(&c->order, w->chunk.number, WAIT_MS))
		;
	out->chunk = w->chunk.number;
	take_turn(c, w->chunk.number);
	find_frames(w);
	pass_turn(c);
	process(w);
	output_hand_in(out);
	order_done(&c->order, w->chunk.number, out->cut);
}

static void *worker_thread(void *arg)
{
	struct worker *w = arg;
	struct crew *c = w->crew;
	struct source *s = c->job->source;

	while (!atomic_load(&c->over) && !atomic_load(&c->stop) && sink_state(w->lane.output.sink) == SINK_OK) {
		s->ops->read(s, &w->chunk);
		work_on_chunk(w);
	}
	pthread_mutex_lock(&c->lock);
	if (!--c->working)
		pthread_cond_signal(&c->ended);
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

static void worker_free(struct worker *w)
{
	chunk_fini(&w->chunk);
	lane_fini(&w->lane);
	free(w);
}

static struct worker *worker_new(struct crew *c, struct err *err)
{
	struct worker *w = aligned_alloc(64, (sizeof(*w) + 63) / 64 * 64);

	if (!w) {
		err_set(err, ENOMEM, "no memory for a worker");
		return NULL;
	}
	memset(w, 0, offsetof(struct worker, lane));
	w->crew = c;
	if (lane_init(&w->lane, c->job->conf, err)) {
		worker_free(w);
		return NULL;
	}
	if (!chunk_init(&w->chunk, (uint32_t)c->job->conf->batch)) {
		err_set(err, ENOMEM, "no memory for a worker's packets");
		worker_free(w);
		return NULL;
	}
	w->lane.output.sink = c->job->lane->output.sink;
	w->lane.output.order = &c->order;
	w->lane.output.given_up = given_up;
	w->lane.output.context = c;
	return w;
}

/* Starts up to n workers, with all signals blocked: those go to the thread that looks. Returns how many. */
static unsigned start(struct crew *c, struct worker **workers, unsigned n, struct err *err)
{
	sigset_t all, before;
	unsigned i = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (; i < n; i++) {
		int ret;

		workers[i] = worker_new(c, err);
		if (!workers[i])
			break;
		c->working++; /* none looks at it before it ends, which takes the lock that we hold */
		ret = pthread_create(&workers[i]->thread, NULL, worker_thread, workers[i]);
		if (!ret)
			continue;
		c->working--;
		worker_free(workers[i]);
		err_set(err, ret, "cannot start worker %u of %u: %s", i + 1, n, strerror(ret));
		break;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return i;
}

/* Until all workers have ended. */
static void look_on(struct crew *c)
{
	while (c->working) {
		cond_wait_ms(&c->ended, &c->lock, WAIT_MS);
		pthread_mutex_unlock(&c->lock);
		if (c->job->look(c->job->context, atomic_load(&c->packets), atomic_load(&c->bytes)))
			atomic_store(&c->stop, true);
		pthread_mutex_lock(&c->lock);
	}
}

static void add(struct lane *sum, const struct lane *l)
{
	sum->received += l->received;
	sum->filtered += l->filtered;
	sum->output.refused += l->output.refused;
	sum->output.not_selected += l->output.not_selected;
	decode_counters_add(&sum->decode, &l->decode);
}

/* That we may run on. */
static unsigned processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) ? 1 : (unsigned)CPU_COUNT(&set);
}

enum source_status crew_run(struct crew_job *job, struct err *err)
{
	struct worker *workers[CONF_WORKERS_MAX];
	struct crew c = {.job = job, .spins = job->conf->workers <= processors() ? SPINS : 0, .ending = SOURCE_IDLE};
	unsigned n;

	job->first_ts = job->last_ts = TS_NONE;
	order_init(&c.order, job->lane->output.sink);
	pthread_mutex_init(&c.lock, NULL);
	for (unsigned i = 0; i < CONF_WORKERS_MAX; i++)
		cond_init(&c.passed[i]);
	cond_init(&c.ended);
	pthread_mutex_lock(&c.lock);
	n = start(&c, workers, (unsigned)job->conf->workers, &c.err);
	if (!n)
		c.ending = SOURCE_BROKEN;
	look_on(&c);
	pthread_mutex_unlock(&c.lock);
	for (unsigned i = 0; i < n; i++) {
		pthread_join(workers[i]->thread, NULL);
		add(job->lane, &workers[i]->lane);
		worker_free(workers[i]);
	}
	job->lane->output.refused += c.order.dropped;
	pthread_cond_destroy(&c.ended);
	for (unsigned i = 0; i < CONF_WORKERS_MAX; i++)
		pthread_cond_destroy(&c.passed[i]);
	pthread_mutex_destroy(&c.lock);
	order_fini(&c.order);
	*err = c.err;
	return c.ending;
}
