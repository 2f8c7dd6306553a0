/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/value.h"

#include <stddef.h>
#include <string.h>

struct unit {
	const char *name;
	uint64_t factor;
};

/* The digits at *text, which moves behind them. */
static bool digits(const char **text, uint64_t *out)
{
	const char *p = *text;
	uint64_t v = 0;

	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return false;
	*text = p;
	*out = v;
	return true;
}

static bool with_unit(const char *text, const struct unit *units, size_t n, uint64_t *out)
{
	uint64_t v;

	if (!digits(&text, &v))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!strcmp(text, units[i].name))
			return !__builtin_mul_overflow(v, units[i].factor, out);
	return false;
}

bool value_count(const char *text, uint64_t *out)
{
	return digits(&text, out) && !*text;
}

bool value_size(const char *text, uint64_t *out)
{
	static const struct unit units[] = {{"", 1}, {"K", 1ull << 10}, {"M", 1ull << 20}, {"G", 1ull << 30}};

	return with_unit(text, units, sizeof(units) / sizeof(units[0]), out);
}

bool value_duration(const char *text, uint64_t *out)
{
	static const struct unit units[] = {
		{"", 1000000000ull},       {"s", 1000000000ull},        {"ms", 1000000ull},
		{"m", 60 * 1000000000ull}, {"h", 3600 * 1000000000ull}, {"d", 86400 * 1000000000ull},
	};

	return with_unit(text, units, sizeof(units) / sizeof(units[0]), out);
}
