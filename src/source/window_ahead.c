/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unpacking on a thread of its own, a few parts ahead of the worker: the decompressor is what takes longest. Parts travel
 * through two rings, full ones to the worker and empty ones back.
 */
#include "source/window.h"

#include "base/ring.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
	PARTS = 4,
	PART_BYTES = 256 << 10,
	WAIT_MS = 50, /* at most so long until the thread sees that nobody wants more */
};

struct part {
	size_t len, from; /* bytes, and how many of them are taken */
	ssize_t end;      /* what comes behind them: 0 the end, -errno with *err; else more */
	struct err err;
	uint8_t bytes[PART_BYTES];
};

struct ahead {
	struct window *window;
	struct part *parts;
	struct part *current; /* the worker's, or NULL */
	struct ring full, empty;
	atomic_bool unwanted; /* no more is */
	pthread_t thread;
};

/* As much as fits, or as there is for now. False if nobody wants it. */
static bool fill(struct ahead *a, struct part *part)
{
	part->len = part->from = 0;
	part->end = 1;
	while (part->len < PART_BYTES && !atomic_load(&a->unwanted)) {
		ssize_t n = unpack_read(a->window, part->bytes + part->len, PART_BYTES - part->len, part->len ? 0 : WAIT_MS,
					&part->err);

		if (n > 0) {
			part->len += (size_t)n;
		} else if (n != -EAGAIN) {
			part->end = n;
			return true;
		} else if (part->len) {
			return true;
		}
	}
	return part->len > 0;
}

static void *ahead_thread(void *arg)
{
	struct ahead *a = arg;
	bool more = true;

	while (more && !atomic_load(&a->unwanted)) {
		struct part *part = ring_pop(&a->empty);

		if (!part) {
			ring_wait(&a->empty, WAIT_MS);
			continue;
		}
		if (!fill(a, part))
			break;
		more = part->end > 0;
		ring_push(&a->full, part);
	}
	return NULL;
}

/* Signals are for the worker. */
static int start(struct ahead *a)
{
	sigset_t all, before;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ret = pthread_create(&a->thread, NULL, ahead_thread, a);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return ret;
}

int ahead_start(struct window *w, struct err *err)
{
	struct ahead *a = aligned_alloc(64, sizeof(*a));
	int ret;

	if (!a || !(a->parts = malloc(PARTS * sizeof(*a->parts)))) { /* a part is resident once it was filled */
		free(a);
		return err_set(err, ENOMEM, "%s: no memory to unpack ahead", w->name);
	}
	a->window = w;
	a->current = NULL;
	atomic_init(&a->unwanted, false);
	ring_init(&a->full);
	ring_init(&a->empty);
	for (unsigned i = 0; i < PARTS; i++)
		ring_push(&a->empty, &a->parts[i]);
	ret = start(a);
	if (ret) {
		free(a->parts);
		free(a);
		return err_set(err, ret, "%s: cannot start the thread that unpacks it: %s", w->name, strerror(ret));
	}
	w->ahead = a;
	return 0;
}

void ahead_stop(struct window *w)
{
	struct ahead *a = w->ahead;

	if (!a)
		return;
	w->ahead = NULL;
	atomic_store(&a->unwanted, true);
	ring_wake(&a->empty);
	pthread_join(a->thread, NULL);
	free(a->parts);
	free(a);
}

ssize_t ahead_read(struct window *w, void *out, size_t room, int timeout_ms, struct err *err)
{
	struct ahead *a = w->ahead;
	struct part *part = a->current;

	if (!part && !(part = ring_pop(&a->full))) {
		ring_wait(&a->full, timeout_ms);
		part = ring_pop(&a->full);
	}
	a->current = part;
	if (!part)
		return -EAGAIN;
	if (part->from == part->len) { /* it stays: the end is the end however often it is asked for */
		*err = part->err;
		return part->end;
	}
	if (room > part->len - part->from)
		room = part->len - part->from;
	memcpy(out, part->bytes + part->from, room);
	part->from += room;
	if (part->from == part->len && part->end > 0) {
		a->current = NULL;
		ring_push(&a->empty, part);
	}
	return (ssize_t)room;
}
