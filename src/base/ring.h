/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring.h - a bounded queue of pointers from one thread to one other (single producer, single consumer).
 *
 * Push and pop never block, never allocate and cost a few nanoseconds; waiting is a call of its own. Any thread may wake a
 * waiter.
 */
#ifndef BASE_RING_H
#define BASE_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	RING_SLOTS = 64
}; /* a power of two */

struct ring {
	_Alignas(64) atomic_uint head; /* slots ever taken; the consumer's */
	_Alignas(64) atomic_uint tail; /* slots ever filled; the producer's */
	_Alignas(64) atomic_uint bell; /* futex word: changes at each wake */
	atomic_uint sleepers;
	unsigned heard; /* the consumer's: the bell when it last waited */
	_Alignas(64) void *slots[RING_SLOTS];
};

void ring_init(struct ring *r);

/* Producer: false if the ring is full. Wakes the consumer if it waits. */
bool ring_push(struct ring *r, void *item);

/* Consumer: NULL if the ring is empty. */
void *ring_pop(struct ring *r);

/* Items in the ring; exact for both ends' own decisions, a snapshot for others. */
unsigned ring_count(const struct ring *r);

/* Consumer: returns at once if there is an item, else at the next push or ring_wake(), or after timeout_ms (negative: never).
 */
void ring_wait(struct ring *r, int timeout_ms);

/* Any thread: let ring_wait() return. Safe in a signal handler. */
void ring_wake(struct ring *r);

#endif
