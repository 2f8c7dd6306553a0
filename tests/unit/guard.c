/* SPDX-License-Identifier: Apache-2.0 */
#include "guard.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
	PAGE = 4096
};

static size_t pages_of(size_t n)
{
	return (n + PAGE - 1) / PAGE * PAGE;
}

uint8_t *guard_new(size_t n)
{
	size_t size = pages_of(n);
	uint8_t *map = mmap(NULL, size + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED || mprotect(map + size, PAGE, PROT_NONE))
		abort();
	return map + size - n;
}

const uint8_t *guard_copy(const void *data, size_t n)
{
	uint8_t *copy = guard_new(n);

	if (n)
		memcpy(copy, data, n);
	return copy;
}

void guard_free(const void *data, size_t n)
{
	size_t size = pages_of(n);

	if (munmap((void *)(uintptr_t)((const uint8_t *)data + n - size), size + PAGE))
		abort();
}
