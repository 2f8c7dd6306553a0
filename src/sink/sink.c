/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/sink.h"

#include "base/ring.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum {
	IDLE_MS = 100,          /* how often the thread looks for requests when no lines come */
	RETRY_MIN_MS = 50,      /* pause after a failure on a live source's output, */
	RETRY_MAX_MS = 1000,    /* doubled up to this */
	INTERRUPT_EVERY_MS = 5, /* a signal may come just before the call that it shall interrupt */
	INTERRUPT = SIGUSR2,    /* ends a wait in write(); the process has no other use for it */
};

/* What a sink of each kind registered: between two marks of the linker, which are absent when there are none. */
extern const struct sink_ops *const __start_tapline_sinks[] __attribute__((weak));
extern const struct sink_ops *const __stop_tapline_sinks[] __attribute__((weak));

struct sink {
	const struct sink_ops *ops;
	struct sink_dest *dest;
	bool live;
	char *memory; /* SINK_BLOCKS * BLOCK_SIZE */
	struct block blocks[SINK_BLOCKS];

	/* The worker's. */
	struct block *spare[SINK_BLOCKS]; /* empty blocks; the one that came back last is still in the cache */
	unsigned nspare;

	/* Between both. */
	struct ring full;  /* to the thread */
	struct ring empty; /* back to the worker */
	atomic_int state;
	atomic_bool closing;   /* no more blocks will come */
	atomic_bool abandoned; /* the grace is over: write no more */
	atomic_bool reopen;
	atomic_bool ended; /* the thread's last word */
	atomic_bool troubled;
	atomic_ullong lines, bytes, dropped, apart;

	/* The thread's. */
	pthread_t thread;
	struct err error; /* the first failure; does not change once troubled is set */
	int error_code;   /* -errno; 0: none */
};

const struct sink_ops *sink_at(unsigned index)
{
	const struct sink_ops *best = NULL, *last = NULL;
	size_t n = (size_t)(__stop_tapline_sinks - __start_tapline_sinks);

	for (unsigned rank = 0; rank <= index; rank++, last = best) {
		best = NULL;
		for (size_t i = 0; i < n; i++) {
			const struct sink_ops *ops = __start_tapline_sinks[i];

			if ((!last || strcmp(ops->name, last->name) > 0) && (!best || strcmp(ops->name, best->name) < 0))
				best = ops;
		}
		if (!best)
			return NULL;
	}
	return best;
}

static const struct sink_ops *find(const char *name, size_t len)
{
	const struct sink_ops *ops;

	for (unsigned i = 0; (ops = sink_at(i)); i++)
		if (strlen(ops->name) == len && !memcmp(ops->name, name, len))
			return ops;
	return NULL;
}

/* The sink of paths that end as this one does. */
static const struct sink_ops *find_by_end(const char *path)
{
	const struct sink_ops *ops;
	size_t len = strlen(path);

	for (unsigned i = 0; (ops = sink_at(i)); i++) {
		size_t n = ops->ending ? strlen(ops->ending) : 0;

		if (n && len >= n && !memcmp(path + len - n, ops->ending, n))
			return ops;
	}
	return find("file", 4);
}

/* "-", "SINK:ARG" or a path: the sink, and its argument in *arg. */
static const struct sink_ops *resolve(const char *word, const char **arg)
{
	const char *colon = strchr(word, ':');
	const struct sink_ops *ops = colon ? find(word, (size_t)(colon - word)) : NULL;

	*arg = ops ? colon + 1 : word;
	if (!strcmp(word, "-")) {
		*arg = "";
		return find("stdout", 6);
	}
	return ops ? ops : find_by_end(word);
}

const char *sink_argument(const char *word)
{
	const char *arg;

	resolve(word, &arg);
	return arg;
}

static void remember(struct sink *s, int code, const struct err *error)
{
	if (!s->error_code) {
		s->error = *error;
		s->error_code = code;
		atomic_store(&s->troubled, true);
	}
}

/* Bytes of text[0..len) behind its last newline: the torn line's part. */
static size_t torn_part(const char *text, size_t len)
{
	const char *newline = memrchr(text, '\n', len);

	return newline ? len - (size_t)(newline + 1 - text) : len;
}

static uint32_t count_lines(const char *text, size_t len)
{
	uint32_t lines = 0;

	for (const char *end = text + len; (text = memchr(text, '\n', (size_t)(end - text))); text++)
		lines++;
	return lines;
}

/* Takes the torn line's part back from the destination if it can; returns what is then written. */
static size_t untear(struct sink *s, const struct block *b, size_t written)
{
	size_t part = torn_part(b->text, written);

	return part && s->ops->take_back && s->ops->take_back(s->dest, part) ? written - part : written;
}

/* SIGHUP: a new file of the same name. Never in the middle of a line. */
static size_t reopen_now(struct sink *s, const struct block *b, size_t written)
{
	struct err error;
	int ret;

	if (!s->ops->reopen) {
		atomic_store(&s->reopen, false);
		return written;
	}
	if (b) {
		written = untear(s, b, written);
		if (torn_part(b->text, written))
			return written; /* the rest of this line has to go where it began */
	}
	atomic_store(&s->reopen, false);
	ret = s->ops->reopen(s->dest, &error);
	if (ret == -EAGAIN)
		atomic_store(&s->reopen, true);
	else if (ret)
		remember(s, ret, &error);
	return written;
}

/* After a failed write: true if it is worth another try. */
static bool try_again(struct sink *s, int code, const struct err *error, int *pause_ms)
{
	if (code == -EINTR || code == -EAGAIN)
		return true;
	if (code == -EPIPE) {
		atomic_store(&s->state, SINK_CLOSED);
		return false;
	}
	remember(s, code, error);
	if (!s->live) {
		atomic_store(&s->state, SINK_FAILED);
		return false;
	}
	poll(NULL, 0, *pause_ms);
	*pause_ms = *pause_ms < RETRY_MAX_MS / 2 ? *pause_ms * 2 : RETRY_MAX_MS;
	return true;
}

static void write_block(struct sink *s, const struct block *b)
{
	int pause_ms = RETRY_MIN_MS;
	size_t written = 0, whole;
	uint32_t lines;

	while (written < b->len && atomic_load(&s->state) == SINK_OK && !atomic_load(&s->abandoned)) {
		struct err error = {0};
		ssize_t n;

		if (atomic_load(&s->reopen))
			written = reopen_now(s, b, written);
		n = s->ops->write(s->dest, b->text + written, b->len - written, &error);
		if (n < 0) {
			if (!try_again(s, (int)n, &error, &pause_ms))
				break;
			continue;
		}
		written += (size_t)n;
		pause_ms = RETRY_MIN_MS;
	}
	lines = b->lines;
	whole = written;
	if (written < b->len) {
		written = untear(s, b, written);
		whole = written - torn_part(b->text, written);
		lines = count_lines(b->text, whole);
	}
	atomic_fetch_add(&s->bytes, whole);
	atomic_fetch_add(b->apart ? &s->apart : &s->lines, lines);
	if (!b->apart)
		atomic_fetch_add(&s->dropped, b->lines - lines);
}

static void write_and_empty(struct sink *s, struct block *b)
{
	write_block(s, b);
	b->len = b->lines = 0;
	b->apart = false;
}

static void *sink_thread(void *arg)
{
	struct sink *s = arg;

	for (;;) {
		struct block *b = ring_pop(&s->full);

		if (b) {
			write_and_empty(s, b);
			ring_push(&s->empty, b);
			continue;
		}
		if (atomic_load(&s->reopen))
			reopen_now(s, NULL, 0);
		if (atomic_load(&s->closing) && ring_count(&s->full) == 0)
			break;
		ring_wait(&s->full, IDLE_MS);
	}
	atomic_store(&s->ended, true);
	ring_wake(&s->empty);
	return NULL;
}

static void on_interrupt(int signal)
{
	(void)signal; /* it is enough that a system call ends */
}

/* All signals go to the worker; only the one that ends a stuck write comes here. */
static int start_thread(struct sink *s)
{
	struct sigaction action = {.sa_handler = on_interrupt};
	sigset_t all, before;
	int ret;

	sigaction(INTERRUPT, &action, NULL);
	sigfillset(&all);
	sigdelset(&all, INTERRUPT);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ret = pthread_create(&s->thread, NULL, sink_thread, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return ret;
}

static void sink_free(struct sink *s)
{
	if (s->memory)
		munmap(s->memory, (size_t)SINK_BLOCKS * BLOCK_SIZE);
	free(s);
}

static struct sink *sink_new(void)
{
	struct sink *s = aligned_alloc(64, (sizeof(*s) + 63) / 64 * 64);
	void *memory;

	if (!s)
		return NULL;
	memset(s, 0, sizeof(*s));
	/* Pages come when they are first written to: blocks that are never needed cost nothing. */
	memory = mmap(NULL, (size_t)SINK_BLOCKS * BLOCK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED) {
		sink_free(s);
		return NULL;
	}
	s->memory = memory;
	ring_init(&s->full);
	ring_init(&s->empty);
	for (unsigned i = 0; i < SINK_BLOCKS; i++) {
		s->blocks[i].text = s->memory + (size_t)i * BLOCK_SIZE;
		s->spare[i] = &s->blocks[i];
	}
	s->nspare = SINK_BLOCKS;
	return s;
}

struct sink *sink_open(const char *word, bool live, struct err *notice, struct err *err)
{
	const char *arg;
	const struct sink_ops *ops = resolve(word, &arg);
	struct sink *s;
	int ret;

	notice->text[0] = '\0';
	if (!ops) {
		err_set(err, ENOENT, "%s: no sink for it in this build (tapline --list-sinks lists them)", word);
		return NULL;
	}
	s = sink_new();
	if (!s) {
		err_set(err, ENOMEM, "no memory for %d blocks of output", SINK_BLOCKS);
		return NULL;
	}
	s->ops = ops;
	s->live = live;
	s->dest = ops->open(arg, notice, err);
	if (!s->dest) {
		sink_free(s);
		return NULL;
	}
	ret = ops->immediate ? 0 : start_thread(s);
	if (ret) {
		ops->close(s->dest, err);
		err_set(err, ret, "cannot start the output's thread: %s", strerror(ret));
		sink_free(s);
		return NULL;
	}
	return s;
}

/* What the thread gave back goes on top. */
static void collect(struct sink *s)
{
	struct block *b;

	while ((b = ring_pop(&s->empty)))
		s->spare[s->nspare++] = b;
}

unsigned sink_spare(struct sink *s)
{
	collect(s);
	return s->nspare;
}

void sink_wait(struct sink *s, int wait_ms)
{
	ring_wait(&s->empty, wait_ms);
}

struct block *sink_get(struct sink *s, int wait_ms)
{
	if (!sink_spare(s) && wait_ms > 0) {
		sink_wait(s, wait_ms);
		collect(s);
	}
	return s->nspare ? s->spare[--s->nspare] : NULL;
}

void sink_put(struct sink *s, struct block *b)
{
	if (b->len && !s->ops->immediate) {
		ring_push(&s->full, b); /* cannot be full: it has more slots than there are blocks */
		return;
	}
	write_and_empty(s, b);
	s->spare[s->nspare++] = b;
}

_Static_assert((unsigned)RING_SLOTS > (unsigned)SINK_BLOCKS, "a ring takes all blocks");

enum sink_state sink_state(const struct sink *s)
{
	return (enum sink_state)atomic_load(&s->state);
}

bool sink_trouble(const struct sink *s, struct err *err)
{
	if (!atomic_load(&s->troubled))
		return false;
	*err = s->error;
	return true;
}

void sink_reopen(struct sink *s)
{
	atomic_store(&s->reopen, true);
	ring_wake(&s->full);
}

void sink_counters(const struct sink *s, struct sink_counters *out)
{
	out->lines = atomic_load(&s->lines);
	out->bytes = atomic_load(&s->bytes);
	out->dropped = atomic_load(&s->dropped);
	out->apart = atomic_load(&s->apart);
}

bool sink_drain(struct sink *s, int wait_ms)
{
	collect(s);
	if (s->nspare < SINK_BLOCKS && wait_ms > 0) {
		ring_wait(&s->empty, wait_ms);
		collect(s);
	}
	return s->nspare == SINK_BLOCKS;
}

static uint64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int sink_close(struct sink *s, int grace_ms, struct sink_counters *out, struct err *err)
{
	uint64_t deadline = clock_ms() + (uint64_t)grace_ms;
	int ret;

	atomic_store(&s->closing, true);
	ring_wake(&s->full);
	while (!s->ops->immediate && !atomic_load(&s->ended)) {
		if (clock_ms() >= deadline) {
			atomic_store(&s->abandoned, true);
			pthread_kill(s->thread, INTERRUPT);
		}
		collect(s);
		ring_wait(&s->empty, INTERRUPT_EVERY_MS);
	}
	if (!s->ops->immediate)
		pthread_join(s->thread, NULL);
	sink_counters(s, out);
	ret = s->error_code;
	*err = s->error;
	if (ret)
		s->ops->close(s->dest, &(struct err){0});
	else
		ret = s->ops->close(s->dest, err);
	sink_free(s);
	return ret;
}
