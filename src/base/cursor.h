/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cursor.h - the one door to bytes that came from outside.
 *
 * Invariant: p <= end, and nothing at or after end is ever read. A read that would pass the end fails: it returns zero, moves p
 * to the end and sets failed, which stays set. So a decoder may read a whole header and look at failed once.
 */
#ifndef BASE_CURSOR_H
#define BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cursor {
	const uint8_t *p;
	const uint8_t *end;
	bool failed;
};

static inline struct cursor cursor_of(const void *data, size_t len)
{
	return (struct cursor){.p = data, .end = (const uint8_t *)data + len};
}

/* Bytes left. */
static inline size_t cursor_left(const struct cursor *c)
{
	return (size_t)(c->end - c->p);
}

/* The next n bytes, which are passed over; NULL and failed if there are fewer. */
static inline const uint8_t *cursor_take(struct cursor *c, size_t n)
{
	const uint8_t *at = c->p;

	if (__builtin_expect(cursor_left(c) < n, 0)) {
		c->p = c->end;
		c->failed = true;
		return NULL;
	}
	c->p += n;
	return at;
}

static inline void cursor_skip(struct cursor *c, size_t n)
{
	(void)cursor_take(c, n);
}

/* Copies the next n bytes to out; leaves out as it is if there are fewer. */
static inline void cursor_copy(struct cursor *c, void *out, size_t n)
{
	const uint8_t *at = cursor_take(c, n);

	if (at)
		memcpy(out, at, n);
}

/*
 * Copies a header of n bytes to out and passes over it: one check for all its fields. If fewer bytes are left, they are copied,
 * the rest of out is zero, and the cursor has failed. Returns how many there were. n is a constant where it is called.
 */
static inline size_t cursor_header(struct cursor *c, void *out, size_t n)
{
	size_t left = cursor_left(c);

	if (__builtin_expect(left >= n, 1)) {
		memcpy(out, c->p, n);
		c->p += n;
		return n;
	}
	memset(out, 0, n);
	memcpy(out, c->p, left);
	c->p = c->end;
	c->failed = true;
	return left;
}

static inline uint8_t cursor_u8(struct cursor *c)
{
	const uint8_t *at = cursor_take(c, 1);

	return at ? *at : 0;
}

static inline uint16_t cursor_be16(struct cursor *c)
{
	const uint8_t *at = cursor_take(c, 2);
	uint16_t v;

	if (!at)
		return 0;
	memcpy(&v, at, sizeof(v));
	return __builtin_bswap16(v);
}

static inline uint32_t cursor_be32(struct cursor *c)
{
	const uint8_t *at = cursor_take(c, 4);
	uint32_t v;

	if (!at)
		return 0;
	memcpy(&v, at, sizeof(v));
	return __builtin_bswap32(v);
}

static inline uint16_t cursor_le16(struct cursor *c)
{
	return __builtin_bswap16(cursor_be16(c));
}

static inline uint32_t cursor_le32(struct cursor *c)
{
	return __builtin_bswap32(cursor_be32(c));
}

/* A 16, 32 bit number in the byte order of a capture file: swapped says that it is not this machine's. */
static inline uint16_t cursor_host16(struct cursor *c, bool swapped)
{
	const uint8_t *at = cursor_take(c, 2);
	uint16_t v;

	if (!at)
		return 0;
	memcpy(&v, at, sizeof(v));
	return swapped ? __builtin_bswap16(v) : v;
}

static inline uint32_t cursor_host32(struct cursor *c, bool swapped)
{
	const uint8_t *at = cursor_take(c, 4);
	uint32_t v;

	if (!at)
		return 0;
	memcpy(&v, at, sizeof(v));
	return swapped ? __builtin_bswap32(v) : v;
}

/* Looks at the byte, the 16 bits at offset bytes from here without moving; zero if they are not there (ask cursor_left()
 * first). */
static inline uint8_t cursor_peek_u8(const struct cursor *c, size_t offset)
{
	return offset < cursor_left(c) ? c->p[offset] : 0;
}

static inline uint16_t cursor_peek_be16(const struct cursor *c, size_t offset)
{
	uint16_t v;

	if (cursor_left(c) < 2 || offset > cursor_left(c) - 2)
		return 0;
	memcpy(&v, c->p + offset, sizeof(v));
	return __builtin_bswap16(v);
}

/* Nothing beyond the next n bytes shall be read: the end moves nearer, never farther. */
static inline void cursor_limit(struct cursor *c, size_t n)
{
	if (n < cursor_left(c))
		c->end = c->p + n;
}

#endif
