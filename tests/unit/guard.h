/* SPDX-License-Identifier: Apache-2.0 */
/* guard.h - memory that ends where a page does, and the next page faults: an over-read by one byte fails in every build. */
#ifndef GUARD_H
#define GUARD_H

#include <stddef.h>
#include <stdint.h>

/* A copy of n bytes whose end lies at a page that cannot be read. n may be 0. Never fails (aborts). */
const uint8_t *guard_copy(const void *data, size_t n);

/* n writable bytes of zeros at the end of a page likewise. */
uint8_t *guard_new(size_t n);

/* Gives back what guard_copy(data, n), guard_new(n) gave. */
void guard_free(const void *data, size_t n);

#endif
