/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several captures as one, in time order. Each input has a batch of its own frames; a heap tells whose next one is the
 * earliest. An input may only be filled again when none of its frames is lent, so a batch of ours ends where an input's does.
 */
#include "source/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

enum {
	INPUT_FRAMES = 64, /* of each input at a time */
	SPARE_FILES = 32,  /* descriptors for all else */
};

struct input {
	struct source source;
	struct batch *frames; /* of which those from next on are not given yet */
	uint32_t next;
	int64_t ts; /* of the next frame; of its predecessor if it has none */
};

struct merge {
	struct input *inputs;
	unsigned n;
	unsigned *heap; /* indices of inputs that have a frame, the earliest first */
	unsigned nheap;
	unsigned *starved; /* indices of inputs that have to be filled */
	unsigned nstarved;
	struct err *faults; /* of inputs that could not be opened, to be told one by one */
	unsigned nfaults, told;
	struct batch *batches; /* the inputs', in one piece */
};

static bool earlier(const struct merge *m, unsigned a, unsigned b)
{
	const struct input *x = &m->inputs[a], *y = &m->inputs[b];

	return x->ts < y->ts || (x->ts == y->ts && a < b);
}

/* The entry at place i sinks to where it belongs. */
static void sink(struct merge *m, unsigned i)
{
	for (;;) {
		unsigned child = 2 * i + 1, entry = m->heap[i];

		if (child + 1 < m->nheap && earlier(m, m->heap[child + 1], m->heap[child]))
			child++;
		if (child >= m->nheap || !earlier(m, m->heap[child], entry))
			return;
		m->heap[i] = m->heap[child];
		m->heap[child] = entry;
		i = child;
	}
}

static void push(struct merge *m, unsigned input)
{
	unsigned i = m->nheap++;

	m->heap[i] = input;
	while (i && earlier(m, m->heap[i], m->heap[(i - 1) / 2])) {
		unsigned parent = (i - 1) / 2;

		m->heap[i] = m->heap[parent];
		m->heap[parent] = input;
		i = parent;
	}
}

static void pop(struct merge *m)
{
	m->heap[0] = m->heap[--m->nheap];
	sink(m, 0);
}

/* The time by which the input's next frame is merged. */
static void look_at_next(struct input *in)
{
	int64_t ts = in->frames->frames[in->next].ts;

	if (ts != TS_NONE)
		in->ts = ts;
}

/* Fills an input that has no frame left. What fill() said, SOURCE_FRAMES if there is one now. */
static enum source_status feed(struct merge *m, unsigned i, int timeout_ms, struct err *err)
{
	struct input *in = &m->inputs[i];
	enum source_status status = in->source.ops->fill(&in->source, in->frames, timeout_ms, err);

	in->next = 0;
	if (status != SOURCE_FRAMES) {
		in->frames->nframes = 0;
		return status;
	}
	look_at_next(in);
	push(m, i);
	return SOURCE_FRAMES;
}

/* Fills all that starve. SOURCE_FRAMES if none does any more; SOURCE_IDLE, or SOURCE_DAMAGED with *err. */
static enum source_status feed_all(struct merge *m, int timeout_ms, struct err *err)
{
	while (m->nstarved) {
		unsigned i = m->starved[m->nstarved - 1];
		enum source_status status = feed(m, i, timeout_ms, err);

		if (status == SOURCE_IDLE)
			return SOURCE_IDLE;
		m->nstarved--;
		if (status == SOURCE_BROKEN || status == SOURCE_DAMAGED)
			return SOURCE_DAMAGED;
	}
	return SOURCE_FRAMES;
}

static enum source_status merge_fill(struct source *s, struct batch *b, int timeout_ms, struct err *err)
{
	struct merge *m = s->state;
	enum source_status status;

	b->nframes = 0;
	if (m->told < m->nfaults) {
		*err = m->faults[m->told++];
		return SOURCE_DAMAGED;
	}
	status = feed_all(m, timeout_ms, err);
	if (status != SOURCE_FRAMES)
		return status;
	if (!m->nheap)
		return SOURCE_END;
	while (b->nframes < b->max && !m->nstarved) {
		unsigned i = m->heap[0];
		struct input *in = &m->inputs[i];

		b->frames[b->nframes++] = in->frames->frames[in->next++];
		if (in->next == in->frames->nframes) {
			pop(m);
			m->starved[m->nstarved++] = i;
			continue;
		}
		look_at_next(in);
		sink(m, 0);
	}
	return SOURCE_FRAMES;
}

static void merge_counters(struct source *s, struct source_counters *out)
{
	struct merge *m = s->state;

	*out = (struct source_counters){0};
	for (unsigned i = 0; i < m->n; i++) {
		struct source *in = &m->inputs[i].source;
		struct source_counters of = {0};

		if (in->ops->counters)
			in->ops->counters(in, &of);
		out->kernel_drops += of.kernel_drops;
	}
}

static void merge_progress(struct source *s, uint64_t *done, uint64_t *total)
{
	struct merge *m = s->state;

	*done = *total = 0;
	for (unsigned i = 0; i < m->n; i++) {
		struct source *in = &m->inputs[i].source;
		uint64_t of_done = 0, of_total = 0;

		if (in->ops->progress)
			in->ops->progress(in, &of_done, &of_total);
		*done += of_done;
		*total += of_total;
	}
}

static bool merge_digest(struct source *s, unsigned index, struct source_digest *out)
{
	struct merge *m = s->state;

	return index < m->n && m->inputs[index].source.ops->digest &&
	       m->inputs[index].source.ops->digest(&m->inputs[index].source, 0, out);
}

static void merge_close(struct source *s)
{
	struct merge *m = s->state;

	if (!m)
		return;
	for (unsigned i = 0; i < m->n; i++)
		source_close(&m->inputs[i].source);
	free(m->inputs);
	free(m->heap);
	free(m->starved);
	free(m->faults);
	free(m->batches);
	free(m);
	s->state = NULL;
}

static const struct source_ops merge_ops = {
	.name = "merge",
	.fill = merge_fill,
	.counters = merge_counters,
	.progress = merge_progress,
	.digest = merge_digest,
	.close = merge_close,
};

/* As many files may be open as the system lets us. */
static void raise_file_limit(unsigned n)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= n + SPARE_FILES)
		return;
	limit.rlim_cur = limit.rlim_max < n + SPARE_FILES ? limit.rlim_max : n + SPARE_FILES;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static bool take_memory(struct merge *m, unsigned n)
{
	m->inputs = calloc(n, sizeof(*m->inputs));
	m->heap = calloc(n, sizeof(*m->heap));
	m->starved = calloc(n, sizeof(*m->starved));
	m->faults = calloc(n, sizeof(*m->faults));
	/* Of a batch only the first frames are ever touched, and so are resident. */
	m->batches = malloc(n * sizeof(*m->batches));
	return m->inputs && m->heap && m->starved && m->faults && m->batches;
}

int source_open_merged(struct source *s, const char *const *paths, unsigned n, const struct source_args *args, struct err *err)
{
	struct merge *m = calloc(1, sizeof(*m));

	*s = (struct source){.ops = &merge_ops, .state = m};
	if (!m || !take_memory(m, n)) {
		source_close(s);
		return err_set(err, ENOMEM, "no memory to merge %u captures", n);
	}
	raise_file_limit(n);
	for (unsigned i = 0; i < n; i++) {
		struct input *in = &m->inputs[m->n];
		struct source_args own = *args;

		own.captures = n;
		if (source_open(&in->source, paths[i], false, &own, err)) {
			m->faults[m->nfaults++] = *err;
			continue;
		}
		in->frames = &m->batches[m->n];
		in->frames->max = INPUT_FRAMES;
		in->frames->nframes = 0;
		in->ts = INT64_MIN;
		m->starved[m->nstarved++] = m->n++;
	}
	if (m->n)
		return 0;
	*err = m->faults[0];
	source_close(s);
	return -ENOENT;
}
