/* SPDX-License-Identifier: Apache-2.0 */
/* value.h - texts to numbers; private to conf. */
#ifndef CONF_VALUE_H
#define CONF_VALUE_H

#include <stdbool.h>
#include <stdint.h>

/* A whole number in decimal, nothing else around it. false: not one, or it does not fit. */
bool value_count(const char *text, uint64_t *out);

/* Bytes: a whole number with an optional K, M or G (powers of 1024). */
bool value_size(const char *text, uint64_t *out);

/* Nanoseconds: a whole number with ms, s, m, h or d; a bare number counts seconds. */
bool value_duration(const char *text, uint64_t *out);

#endif
