/* SPDX-License-Identifier: Apache-2.0 */
/* lines.h - what holds of every line that is written; aborts where it does not. */
#ifndef LINES_H
#define LINES_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The UTF-8 sequence at p, of which only the form is looked at: behind it, or NULL. */
static inline const char *check_character(const char *p)
{
	unsigned char c = (unsigned char)*p;
	int more = c < 0x80 ? 0 : c < 0xc2 ? -1 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : c < 0xf5 ? 3 : -1;

	if (c < 0x20 || c == 0x7f || more < 0)
		return NULL;
	while (more--)
		if (((unsigned char)*++p & 0xc0) != 0x80)
			return NULL;
	return p + 1;
}

/* A string: behind its closing quote, or NULL. */
static inline const char *check_string(const char *p)
{
	if (*p++ != '"')
		return NULL;
	while (p && *p != '"') {
		if (*p != '\\')
			p = check_character(p);
		else if (p[1] == '"' || p[1] == '\\')
			p += 2;
		else if (!strncmp(p + 1, "u00", 3) && strchr("01234567", p[4]) && strchr("0123456789abcdef", p[5]))
			p += 6;
		else
			return NULL;
	}
	return p ? p + 1 : NULL;
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
	const char *keys[96];
	size_t lens[96], n = 0;

	if (*p++ != '{')
		abort();
	do {
		const char *key = p + (n > 0);

		if ((n && *p != ',') || n == 96 || !(p = check_string(key)) || *p != ':')
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
