/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ring.h"

#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

_Static_assert((RING_SLOTS & (RING_SLOTS - 1)) == 0, "slots are found by masking");

void ring_init(struct ring *r)
{
	atomic_init(&r->head, 0);
	atomic_init(&r->tail, 0);
	atomic_init(&r->bell, 0);
	atomic_init(&r->sleepers, 0);
	r->heard = 0;
}

unsigned ring_count(const struct ring *r)
{
	unsigned head = atomic_load(&r->head);

	return atomic_load(&r->tail) - head;
}

void ring_wake(struct ring *r)
{
	atomic_fetch_add(&r->bell, 1);
	if (atomic_load(&r->sleepers))
		syscall(SYS_futex, &r->bell, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

bool ring_push(struct ring *r, void *item)
{
	unsigned tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

	if (tail - atomic_load_explicit(&r->head, memory_order_acquire) == RING_SLOTS)
		return false;
	r->slots[tail & (RING_SLOTS - 1)] = item;
	atomic_store(&r->tail, tail + 1);
	ring_wake(r);
	return true;
}

void *ring_pop(struct ring *r)
{
	unsigned head = atomic_load_explicit(&r->head, memory_order_relaxed);
	void *item;

	if (atomic_load_explicit(&r->tail, memory_order_acquire) == head)
		return NULL;
	item = r->slots[head & (RING_SLOTS - 1)];
	atomic_store_explicit(&r->head, head + 1, memory_order_release);
	return item;
}

void ring_wait(struct ring *r, int timeout_ms)
{
	struct timespec limit = {.tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000L};
	unsigned bell = atomic_load(&r->bell);

	/* A bell that rang since the last wait is an answer: what it announced may have come after the caller looked. */
	if (bell == r->heard) {
		atomic_fetch_add(&r->sleepers, 1);
		if (ring_count(r) == 0)
			syscall(SYS_futex, &r->bell, FUTEX_WAIT_PRIVATE, bell, timeout_ms < 0 ? NULL : &limit, NULL, 0);
		atomic_fetch_sub(&r->sleepers, 1);
		bell = atomic_load(&r->bell);
	}
	r->heard = bell;
}
