/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A window over the chunk of one of several workers. A regular file's chunks are read by all workers at the same time, wherever
 * they lie; what else is read comes one after the other. Between two chunks the rest of the first, part of a record, waits in
 * the window's own buffer.
 */
#include "source/window.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

bool chunk_init(struct chunk *c, uint32_t batch_max)
{
	*c = (struct chunk){0};
	/* Of both only what is used becomes resident. */
	c->memory = mmap(NULL, WINDOW_MAX + CHUNK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			 -1, 0);
	c->batches = malloc(CHUNK_BATCHES * sizeof(*c->batches));
	if (c->memory == MAP_FAILED || !c->batches) {
		chunk_fini(c);
		return false;
	}
	c->bytes = (uint8_t *)c->memory + WINDOW_MAX;
	for (unsigned i = 0; i < CHUNK_BATCHES; i++)
		c->batches[i].max = batch_max;
	return true;
}

void chunk_fini(struct chunk *c)
{
	if (c->memory && c->memory != MAP_FAILED)
		munmap(c->memory, WINDOW_MAX + CHUNK_BYTES);
	free(c->batches);
	*c = (struct chunk){0};
}

void window_share(struct window *w)
{
	w->shared = true;
	w->apart = w->file_size && !w->unpack && !w->follow;
	w->chunks_from = w->from + w->taken;
	window_give_chunk(w);
}

void window_read_chunk(struct window *w, struct chunk *c)
{
	c->number = atomic_fetch_add(&w->chunks, 1);
	c->len = 0;
	c->error = 0;
	while (w->apart && c->len < CHUNK_BYTES) {
		ssize_t n = pread(w->fd, c->bytes + c->len, CHUNK_BYTES - c->len,
				  (off_t)(w->chunks_from + c->number * CHUNK_BYTES + c->len));

		if (n < 0 && errno != EINTR) {
			c->error = errno;
			return;
		}
		if (n == 0)
			return;
		c->len += n > 0 ? (size_t)n : 0;
	}
}

enum window_status window_take_chunk(struct window *w, struct chunk *c, size_t wanted, int timeout_ms, struct err *err)
{
	size_t left = window_left(w);

	if (c->error) {
		err_set(err, c->error, "%s: cannot read after offset %llu: %s", w->name, (unsigned long long)w->taken,
			strerror(c->error));
		return WINDOW_FAILED;
	}
	if (w->apart) {
		w->taken += c->len;
		w->at_end = c->len < CHUNK_BYTES;
		if (w->at_end)
			window_note_end(w);
	} else {
		ssize_t n = window_read_on(w, c->bytes, CHUNK_BYTES, timeout_ms, err);

		if (n < 0)
			return n == -EAGAIN ? WINDOW_WAIT : WINDOW_FAILED;
		w->at_end = n == 0;
		c->len = (size_t)n;
	}
	if (left + c->len < wanted && !w->at_end) {
		memcpy(w->memory + (w->end - w->memory), c->bytes, c->len);
		w->end += c->len;
		return WINDOW_WAIT;
	}
	w->base_offset = window_offset(w);
	memcpy(c->bytes - left, w->p, left);
	w->p = w->base = c->bytes - left;
	w->end = c->bytes + c->len;
	return WINDOW_OK;
}

void window_give_chunk(struct window *w)
{
	size_t left = window_left(w);

	w->base_offset = window_offset(w);
	memmove(w->memory, w->p, left);
	w->p = w->base = w->memory;
	w->end = w->p + left;
}
