/* SPDX-License-Identifier: Apache-2.0 */
#include "encode/put.h"

enum {
	MILLI_NS = 1000000,
	SECOND_NS = 1000000000,
};

/* Days since 1970-01-01 to a date of the proleptic Gregorian calendar, counted in 400-year eras that begin on 1 March. */
static void civil_date(int64_t days, int *year, unsigned *month, unsigned *day)
{
	int64_t since = days + 719468; /* from 0000-03-01 */
	int64_t era = (since >= 0 ? since : since - 146096) / 146097;
	unsigned of_era = (unsigned)(since - era * 146097);
	unsigned year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	unsigned of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	unsigned shifted = (5 * of_year + 2) / 153; /* month, from March */

	*day = of_year - (153 * shifted + 2) / 5 + 1;
	*month = shifted < 10 ? shifted + 3 : shifted - 9;
	*year = (int)(year_of_era + era * 400) + (*month <= 2);
}

/* Two digits. v < 100. */
static char *put_pair(char *p, uint32_t v)
{
	*p++ = (char)('0' + v / 10);
	*p++ = (char)('0' + v % 10);
	return p;
}

static void put_new_second(struct encode *e, int64_t ts)
{
	int64_t seconds = ts / SECOND_NS - (ts % SECOND_NS < 0);
	int64_t days = seconds / 86400 - (seconds % 86400 < 0);
	uint32_t of_day = (uint32_t)(seconds - days * 86400);
	unsigned month, day;
	int year;
	char *p = e->milli_text;

	civil_date(days, &year, &month, &day);
	*p++ = '"';
	p = put_pair(p, (uint32_t)year / 100);
	p = put_pair(p, (uint32_t)year % 100);
	*p++ = '-';
	p = put_pair(p, month);
	*p++ = '-';
	p = put_pair(p, day);
	*p++ = 'T';
	p = put_pair(p, of_day / 3600);
	*p++ = ':';
	p = put_pair(p, of_day / 60 % 60);
	*p++ = ':';
	put_pair(p, of_day % 60);
	/* The first second that int64 nanoseconds can name begins before the first nanosecond: the subtraction wraps, and so
	 * do those of whoever asks how far a time is from there. */
	e->second_start = (int64_t)((uint64_t)seconds * SECOND_NS);
}

void put_new_milli(struct encode *e, int64_t ts)
{
	uint32_t millis;

	if (!*e->milli_text || (uint64_t)ts - (uint64_t)e->second_start >= SECOND_NS)
		put_new_second(e, ts);
	millis = (uint32_t)((uint64_t)ts - (uint64_t)e->second_start) / MILLI_NS;
	e->milli_text[20] = '.';
	put_three(e, e->milli_text + 21, millis);
	e->milli_start = (int64_t)((uint64_t)e->second_start + (uint64_t)millis * MILLI_NS);
}

static char *put_hex_group(char *p, uint16_t v)
{
	static const char hex[] = "0123456789abcdef";

	if (v >= 0x1000)
		*p++ = hex[v >> 12];
	if (v >= 0x100)
		*p++ = hex[v >> 8 & 15];
	if (v >= 0x10)
		*p++ = hex[v >> 4 & 15];
	*p++ = hex[v & 15];
	return p;
}

static char *put_decimal_octet(char *p, uint8_t v)
{
	if (v >= 100)
		*p++ = (char)('0' + v / 100);
	if (v >= 10)
		*p++ = (char)('0' + v / 10 % 10);
	*p++ = (char)('0' + v % 10);
	return p;
}

/* Where the longest run of at least two zero groups begins (8: none), and its length. */
static unsigned longest_zero_run(const uint16_t groups[8], unsigned *len)
{
	unsigned best = 8;

	*len = 1;
	for (unsigned i = 0; i < 8; i++) {
		unsigned start = i;

		while (i < 8 && !groups[i])
			i++;
		if (i - start > *len) {
			best = start;
			*len = i - start;
		}
	}
	return best;
}

char *put_ipv6_text(char *p, const uint8_t addr[16])
{
	uint16_t groups[8];
	unsigned run, run_len, end = 8;

	memcpy(groups, addr, 16);
	for (unsigned i = 0; i < 8; i++)
		groups[i] = __builtin_bswap16(groups[i]);
	run = longest_zero_run(groups, &run_len);
	/* ::a.b.c.d and ::ffff:a.b.c.d are written with the IPv4 address in its own notation, RFC 5952 5. */
	if (run == 0 && (run_len == 6 || (run_len == 5 && groups[5] == 0xffff)))
		end = 6;
	for (unsigned i = 0; i < end; i++) {
		if (i == run) {
			*p++ = ':';
			*p++ = ':';
			i += run_len - 1;
			continue;
		}
		if (i && i != run + run_len)
			*p++ = ':';
		p = put_hex_group(p, groups[i]);
	}
	if (end == 8)
		return p;
	if (run_len == 5)
		*p++ = ':';
	for (unsigned i = 12; i < 16; i++) {
		p = put_decimal_octet(p, addr[i]);
		*p++ = '.';
	}
	return p - 1;
}
