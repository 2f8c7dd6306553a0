/* SPDX-License-Identifier: Apache-2.0 */
/* cond.h - condition variables that wait for a time on the monotonic clock. */
#ifndef BASE_COND_H
#define BASE_COND_H

#include <pthread.h>

void cond_init(pthread_cond_t *c);

/* With the lock held, which is let go meanwhile: returns at a signal or broadcast, or after at most ms milliseconds. */
void cond_wait_ms(pthread_cond_t *c, pthread_mutex_t *lock, int ms);

#endif
