/* SPDX-License-Identifier: Apache-2.0 */
/* The one door: every read at every length, at the end of a page; a failure stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cursor.h"
#include "guard.h"

static const uint8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};

/* A cursor over n guarded bytes, which are given back by the caller. */
static struct cursor guarded(size_t n, const uint8_t **copy)
{
	*copy = guard_copy(bytes, n);
	return cursor_of(*copy, n);
}

static void reads(void **state)
{
	(void)state;
	for (size_t n = 0; n <= 8; n++) {
		const uint8_t *copy;
		struct cursor c = guarded(n, &copy);
		struct cursor c8 = c, c16 = c, c32 = c, le16 = c, le32 = c, h16 = c, h32 = c;

		assert_int_equal(cursor_u8(&c8), n >= 1 ? 1 : 0);
		assert_int_equal(cursor_be16(&c16), n >= 2 ? 0x0102 : 0);
		assert_int_equal(cursor_be32(&c32), n >= 4 ? 0x01020304 : 0);
		assert_int_equal(cursor_le16(&le16), n >= 2 ? 0x0201 : 0);
		assert_int_equal(cursor_le32(&le32), n >= 4 ? 0x04030201 : 0);
		assert_int_equal(cursor_host16(&h16, true),
				 n >= 2 ? __builtin_bswap16(*(const uint16_t *)(const void *)bytes) : 0);
		assert_int_equal(cursor_host32(&h32, false), n >= 4 ? *(const uint32_t *)(const void *)bytes : 0);
		assert_int_equal(c8.failed, n < 1);
		assert_int_equal(c16.failed, n < 2);
		assert_int_equal(c32.failed, n < 4);
		assert_int_equal(cursor_left(&c32), n < 4 ? 0 : n - 4);
		guard_free(copy, n);
	}
}

static void a_failure_stays(void **state)
{
	const uint8_t *copy;
	struct cursor c = guarded(3, &copy);

	(void)state;
	assert_int_equal(cursor_be32(&c), 0);
	assert_true(c.failed);
	assert_int_equal(cursor_u8(&c), 0); /* three bytes were there, but the reader had passed the end */
	assert_int_equal(cursor_left(&c), 0);
	assert_true(c.failed);
	guard_free(copy, 3);
}

static void take_and_copy(void **state)
{
	(void)state;
	for (size_t n = 0; n <= 8; n++) {
		for (size_t want = 0; want <= 9; want++) {
			const uint8_t *copy;
			struct cursor c = guarded(n, &copy), d = c;
			uint8_t out[9] = {0xff};

			assert_ptr_equal(cursor_take(&c, want), want <= n ? copy : NULL);
			assert_int_equal(c.failed, want > n);
			cursor_copy(&d, out, want);
			if (want && want <= n)
				assert_memory_equal(out, bytes, want);
			else
				assert_int_equal(out[0], 0xff);
			guard_free(copy, n);
		}
	}
	/* A length that wraps an address is no length. */
	struct cursor c = cursor_of(bytes, sizeof(bytes));

	assert_null(cursor_take(&c, SIZE_MAX));
	assert_true(c.failed);
}

static void peeks(void **state)
{
	(void)state;
	for (size_t n = 0; n <= 8; n++) {
		const uint8_t *copy;
		struct cursor c = guarded(n, &copy);

		for (size_t offset = 0; offset < 10; offset++) {
			assert_int_equal(cursor_peek_u8(&c, offset), offset < n ? offset + 1 : 0);
			assert_int_equal(cursor_peek_be16(&c, offset), offset + 2 <= n ? (offset + 1) << 8 | (offset + 2) : 0);
		}
		assert_int_equal(cursor_peek_be16(&c, SIZE_MAX), 0);
		assert_false(c.failed);
		assert_int_equal(cursor_left(&c), n);
		guard_free(copy, n);
	}
}

static void limits(void **state)
{
	struct cursor c = cursor_of(bytes, 8);

	(void)state;
	cursor_limit(&c, 9);
	assert_int_equal(cursor_left(&c), 8);
	cursor_limit(&c, 3);
	assert_int_equal(cursor_left(&c), 3);
	cursor_limit(&c, 5);
	assert_int_equal(cursor_left(&c), 3);
	cursor_skip(&c, 4);
	assert_true(c.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads), cmocka_unit_test(a_failure_stays), cmocka_unit_test(take_and_copy),
		cmocka_unit_test(peeks), cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
