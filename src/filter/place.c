/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an expression goes wrong.
 *
 * A beginning of an expression is alive if something can follow it that makes it whole. Every beginning of a living beginning
 * is alive too, so the border is found by halving. Whether one is alive is found by trying to make it whole in a few ways.
 */
#include "filter/program.h"

#include <stdio.h>
#include <string.h>

enum {
	PLACE_MAX = 1024, /* bytes of an expression that is looked into: it costs some hundred compilations */
	LINK_ETHERNET = 1,
	LINK_WLAN = 105,
};

struct closing {
	char inner[PLACE_MAX + 1]; /* brackets and parentheses that are open inside the outermost group of brackets */
	char outer[PLACE_MAX + 1]; /* parentheses around it */
};

static const char *token_end(const char *p)
{
	static const char single[] = "()[]", operators[] = "<>=!&|+*%^~";
	size_t n = strspn(p, operators);

	if (n)
		return p + n;
	if (strchr(single, *p))
		return p + 1;
	return p + strcspn(p, " \t\r\n()[]<>=!&|+*%^~");
}

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t\r\n");
}

/* What closes all that is open in the first len bytes. */
static void close_all(const char *text, size_t len, struct closing *c)
{
	char open[PLACE_MAX];
	size_t depth = 0, inner = 0, outer = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '(' || text[i] == '[')
			open[depth++] = text[i] == '(' ? ')' : ']';
		else if ((text[i] == ')' || text[i] == ']') && depth)
			depth--;
	}
	while (depth) {
		bool bracket_left = memchr(open, ']', depth) != NULL;
		char closes = open[--depth];

		if (bracket_left)
			c->inner[inner++] = closes;
		else
			c->outer[outer++] = closes;
	}
	c->inner[inner] = '\0';
	c->outer[outer] = '\0';
}

static bool whole(const char *expression)
{
	struct err err;

	return !program_parse(expression, LINK_ETHERNET, &err) || !program_is_syntax_error(&err) ||
	       !program_parse(expression, LINK_WLAN, &err) || !program_is_syntax_error(&err);
}

static bool alive(const char *text, size_t len)
{
	static const char *const followers[] = {"", " 1", " 1.2.3.4", " tcp"};
	char attempt[3 * PLACE_MAX + 64];
	struct closing c;

	close_all(text, len, &c);
	for (size_t i = 0; i < sizeof(followers) / sizeof(followers[0]); i++) {
		/* What stands open may be a condition, or a number that has to be compared, within its parentheses or behind.
		 */
		snprintf(attempt, sizeof(attempt), "%.*s%s%s%s", (int)len, text, followers[i], c.inner, c.outer);
		if (whole(attempt))
			return true;
		snprintf(attempt, sizeof(attempt), "%.*s%s%s = 1%s", (int)len, text, followers[i], c.inner, c.outer);
		if (whole(attempt))
			return true;
		snprintf(attempt, sizeof(attempt), "%.*s%s%s%s = 1", (int)len, text, followers[i], c.inner, c.outer);
		if (whole(attempt))
			return true;
	}
	return false;
}

size_t program_error_place(const char *expression)
{
	uint16_t starts[PLACE_MAX], ends[PLACE_MAX];
	size_t living = 0, dead, n = 0;

	if (strlen(expression) > PLACE_MAX)
		return PLACE_UNKNOWN;
	for (const char *p = skip_blanks(expression); *p; n++) {
		starts[n] = (uint16_t)(p - expression);
		p = token_end(p);
		ends[n] = (uint16_t)(p - expression);
		p = skip_blanks(p);
	}
	dead = n + 1; /* living words are alive together, dead ones are not */
	while (dead - living > 1) {
		size_t middle = (living + dead) / 2;

		if (alive(expression, ends[middle - 1]))
			living = middle;
		else
			dead = middle;
	}
	return dead <= n ? starts[dead - 1] : strlen(expression);
}
