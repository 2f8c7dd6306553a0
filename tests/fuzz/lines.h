/* SPDX-License-Identifier: Apache-2.0 */
/* lines.h - what holds of every line that is written; aborts where it does not. */
#ifndef LINES_H
#define LINES_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A string of printable ASCII without quotes and backslashes in it: behind its closing quote, or NULL. */
static inline const char *check_string(const char *p)
{
	if (*p++ != '"')
		return NULL;
	for (; *p != '"'; p++)
		if (*p < 0x20 || *p > 0x7e || *p == '\\')
			return NULL;
	return p + 1;
}

/* A string, a number without leading zeros, true or false: behind it, or NULL. */
static inline const char *check_value(const char *p)
{
	if (*p == '"')
		return check_string(p);
	if (!strncmp(p, "true", 4))
		return p + 4;
	if (!strncmp(p, "false", 5))
		return p + 5;
	if (*p < '0' || *p > '9' || (*p == '0' && p[1] >= '0' && p[1] <= '9'))
		return NULL;
	while (*p >= '0' && *p <= '9')
		p++;
	return p;
}

/* {"key":value,...} and a newline, no blanks, each key once: behind it. */
static inline const char *check_line(const char *p)
{
	const char *keys[64];
	size_t lens[64], n = 0;

	if (*p++ != '{')
		abort();
	do {
		const char *key = p + (n > 0);

		if ((n && *p != ',') || n == 64 || !(p = check_string(key)) || *p != ':')
			abort();
		keys[n] = key;
		lens[n] = (size_t)(p - key);
		for (size_t i = 0; i < n; i++)
			if (lens[i] == lens[n] && !memcmp(keys[i], keys[n], lens[n]))
				abort();
		n++;
		p = check_value(p + 1);
		if (!p)
			abort();
	} while (*p != '}');
	if (*++p != '\n')
		abort();
	return p + 1;
}

static inline void check_lines(const char *text, size_t len, uint32_t lines)
{
	const char *p = text;

	for (uint32_t i = 0; i < lines; i++)
		p = check_line(p);
	if (p != text + len)
		abort();
}

#endif
