/* SPDX-License-Identifier: Apache-2.0 */
/* The queue between two threads: order, bounds, and that no wake is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/ring.h"

#include <pthread.h>
#include <time.h>

enum {
	ITEMS = 200000
};

static struct ring ring;

static void bounds(void **state)
{
	static char items[RING_SLOTS + 1];

	(void)state;
	ring_init(&ring);
	for (int round = 0; round < 3; round++) {
		assert_null(ring_pop(&ring));
		for (int i = 0; i < RING_SLOTS; i++)
			assert_true(ring_push(&ring, &items[i]));
		assert_false(ring_push(&ring, &items[RING_SLOTS]));
		assert_int_equal(ring_count(&ring), RING_SLOTS);
		for (int i = 0; i < RING_SLOTS; i++)
			assert_ptr_equal(ring_pop(&ring), &items[i]);
		assert_int_equal(ring_count(&ring), 0);
	}
}

static void *produce(void *arg)
{
	(void)arg;
	for (uintptr_t i = 1; i <= ITEMS; i++)
		while (!ring_push(&ring, (void *)i))
			;
	return NULL;
}

/* Without a timeout: a lost wake would hang the test. */
static void order_across_threads(void **state)
{
	pthread_t producer;

	(void)state;
	ring_init(&ring);
	assert_int_equal(pthread_create(&producer, NULL, produce, NULL), 0);
	for (uintptr_t i = 1; i <= ITEMS; i++) {
		void *item;

		while (!(item = ring_pop(&ring)))
			ring_wait(&ring, -1);
		assert_int_equal((uintptr_t)item, i);
	}
	pthread_join(producer, NULL);
}

static void *wake_later(void *arg)
{
	(void)arg;
	nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	ring_wake(&ring);
	return NULL;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void waits(void **state)
{
	pthread_t waker;
	int64_t start;

	(void)state;
	ring_init(&ring);
	start = now_ms();
	ring_wait(&ring, 30);
	assert_true(now_ms() - start >= 29);
	assert_int_equal(pthread_create(&waker, NULL, wake_later, NULL), 0);
	ring_wait(&ring, -1);
	pthread_join(waker, NULL);
	/* A wake before the wait is not lost, and is heard once. */
	ring_wake(&ring);
	ring_wait(&ring, -1);
	start = now_ms();
	ring_wait(&ring, 30);
	assert_true(now_ms() - start >= 29);
	/* With an item there is no waiting. */
	assert_true(ring_push(&ring, &ring));
	ring_wait(&ring, -1);
	ring_wait(&ring, -1);
	assert_ptr_equal(ring_pop(&ring), &ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounds),
		cmocka_unit_test(order_across_threads),
		cmocka_unit_test(waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
