/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A regular file, mapped. It may shrink while we read: then bytes beyond its new end read as zeros within the last page and
 * fault beyond that. The fault handler puts zeros there, so that nobody dies; window_intact() tells the reader before he makes
 * anything of them.
 */
#include "source/window.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	MAPS_MAX = 1024, /* captures mapped at the same time; more are read */
	PAGE = 4096,     /* no machine of ours has smaller ones */
};

static struct guarded {
	_Atomic(uint8_t *) start;
	atomic_size_t size;
	atomic_size_t valid; /* bytes from start that no fault has replaced */
} maps[MAPS_MAX];

static pthread_mutex_t maps_lock = PTHREAD_MUTEX_INITIALIZER;

static void on_bus_error(int signal, siginfo_t *info, void *context)
{
	uintptr_t at = (uintptr_t)info->si_addr;

	(void)context;
	for (int i = 0; i < MAPS_MAX; i++) {
		uintptr_t start = (uintptr_t)atomic_load(&maps[i].start);
		size_t size = atomic_load(&maps[i].size), from;

		if (!start || at < start || at - start >= size)
			continue;
		from = (at - start) / PAGE * PAGE;
		if (mmap((void *)(start + from), size - from, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
		    MAP_FAILED)
			break;
		if (from < atomic_load(&maps[i].valid))
			atomic_store(&maps[i].valid, from);
		return;
	}
	sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL},
		  NULL); /* not ours: the access is tried again, and ends us */
}

static struct guarded *guard(void *start, size_t size)
{
	struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO};
	struct guarded *free = NULL;

	pthread_mutex_lock(&maps_lock);
	for (int i = 0; i < MAPS_MAX && !free; i++)
		if (!atomic_load(&maps[i].start))
			free = &maps[i];
	if (free) {
		atomic_store(&free->size, size);
		atomic_store(&free->valid, size);
		atomic_store(&free->start, start);
		sigaction(SIGBUS, &action, NULL);
	}
	pthread_mutex_unlock(&maps_lock);
	return free;
}

/* All there is, is there: less is the end. */
static enum window_status map_need(struct window *w, size_t n, int timeout_ms, struct err *err)
{
	(void)n;
	(void)timeout_ms;
	(void)err;
	(void)w;
	return WINDOW_END;
}

static bool map_intact(struct window *w)
{
	uint64_t valid = atomic_load(&w->guard->valid);
	struct stat st;

	if (fstat(w->fd, &st) == 0 && (uint64_t)st.st_size < valid)
		valid = (uint64_t)st.st_size;
	if (valid >= w->file_size)
		return true;
	w->file_size = valid;
	w->shrunk = true;
	w->end = (const uint8_t *)w->memory + valid;
	return w->p <= w->end;
}

static void map_close(struct window *w)
{
	atomic_store(&w->guard->start, NULL);
	munmap(w->memory, w->size);
}

static const struct window_ops map_ops = {
	.need = map_need,
	.intact = map_intact,
	.close = map_close,
};

int window_map(struct window *w, uint64_t size, struct err *err)
{
	void *map;

	if (size > SIZE_MAX / 2)
		return err_set(err, EFBIG, "%s: too large to be mapped (%llu bytes)", w->name, (unsigned long long)size);
	map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, w->fd, 0);
	if (map == MAP_FAILED)
		return errno == ENODEV ? window_stream(w, err)
				       : err_set(err, errno, "%s: cannot map: %s", w->name, strerror(errno));
	w->guard = guard(map, size);
	if (!w->guard) {
		munmap(map, size);
		return window_stream(w, err);
	}
	madvise(map, size, MADV_SEQUENTIAL);
	w->memory = map;
	w->size = size;
	w->file_size = size;
	w->p = w->base = map;
	w->end = w->p + size;
	w->ops = &map_ops;
	return 0;
}
