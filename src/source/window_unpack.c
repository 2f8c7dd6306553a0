/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compressed captures: gzip (RFC 1952), zstd (RFC 8878) and lz4 frames, several of them in a row too. What is unpacked goes
 * into buffers of a fixed size, so that a bomb takes time but no memory; zstd's own window is capped.
 */
#include "source/window.h"

#include <errno.h>
#include <lz4frame.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

enum {
	INPUT = 256 << 10,        /* bytes read at a time */
	INPUT_SLACK = 64,         /* what may have been read before it is seen to be compressed, beyond that */
	FIRST = 7,                /* bytes of a frame's header that tell how much the decoder wants next */
	ROUNDS_MAX = 64,          /* of input without output, until others have a word */
	GZIP_WINDOW = 15 + 16,    /* zlib: the largest window, gzip's header */
	ZSTD_WINDOW_LOG_MAX = 25, /* 32 MiB; zstd -19 uses 8 */
};

struct unpack {
	const struct unpacker *how;
	uint8_t input[INPUT + INPUT_SLACK];
	size_t from, to;  /* of input: not yet unpacked */
	bool input_ended; /* the file has no more */
	bool in_frame;    /* a frame has begun and not ended */
	bool more;        /* the decoder may hold output that there was no room for */
	bool padding;     /* behind the last member: nothing more counts */
	uint64_t made;    /* bytes unpacked so far */
	size_t hint; /* bytes that the decoder asked for: no more at a time, so that damage costs what comes after it alone */
	z_stream zlib;
	ZSTD_DStream *zstd;
	LZ4F_dctx *lz4;
};

struct unpacker {
	const char *name;
	const char *magic;
	size_t magic_len;
	bool (*start)(struct unpack *u);
	/* Unpacks from u->input to out: bytes, or -1 with *why. Takes what it can of the input, and sets in_frame. */
	ssize_t (*step)(struct unpack *u, uint8_t *out, size_t room, const char **why);
	void (*end)(struct unpack *u);
};

static bool gzip_start(struct unpack *u)
{
	return inflateInit2(&u->zlib, GZIP_WINDOW) == Z_OK;
}

static ssize_t gzip_step(struct unpack *u, uint8_t *out, size_t room, const char **why)
{
	int ret;

	/* Behind a member another one may follow; anything else there is padding, which gzip ignores too. */
	if (!u->in_frame && (u->padding || u->to - u->from < 2 || memcmp(u->input + u->from, "\x1f\x8b", 2))) {
		u->padding = true;
		u->from = u->to;
		return 0;
	}
	u->in_frame = true;
	u->zlib.next_in = u->input + u->from;
	u->zlib.avail_in = (unsigned)(u->to - u->from);
	u->zlib.next_out = out;
	u->zlib.avail_out = (unsigned)room;
	ret = inflate(&u->zlib, Z_NO_FLUSH);
	u->from = u->to - u->zlib.avail_in;
	if (ret == Z_STREAM_END) {
		u->in_frame = false;
		inflateReset(&u->zlib);
	} else if (ret != Z_OK && ret != Z_BUF_ERROR) {
		*why = u->zlib.msg ? u->zlib.msg : "damaged";
		/* What came before the damage is good. */
		return room > u->zlib.avail_out ? (ssize_t)(room - u->zlib.avail_out) : -1;
	}
	return (ssize_t)(room - u->zlib.avail_out);
}

static void gzip_end(struct unpack *u)
{
	inflateEnd(&u->zlib);
}

/* Of the input, what the decoder asked for. */
static size_t wanted(const struct unpack *u)
{
	size_t left = u->to - u->from;

	return u->hint < left ? u->hint : left;
}

static bool zstd_start(struct unpack *u)
{
	u->zstd = ZSTD_createDStream();
	return u->zstd && !ZSTD_isError(ZSTD_DCtx_setParameter(u->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX));
}

static ssize_t zstd_step(struct unpack *u, uint8_t *out, size_t room, const char **why)
{
	ZSTD_inBuffer in = {.src = u->input, .size = u->from + wanted(u), .pos = u->from};
	ZSTD_outBuffer to = {.dst = out, .size = room};
	size_t ret = ZSTD_decompressStream(u->zstd, &to, &in);

	u->from = in.pos;
	u->in_frame = ret != 0;
	u->more = to.pos == room;
	u->hint = ZSTD_isError(ret) || !ret ? FIRST : ret;
	if (!ZSTD_isError(ret))
		return (ssize_t)to.pos;
	*why = ZSTD_getErrorName(ret);
	return -1;
}

static void zstd_end(struct unpack *u)
{
	ZSTD_freeDStream(u->zstd);
}

static bool lz4_start(struct unpack *u)
{
	return !LZ4F_isError(LZ4F_createDecompressionContext(&u->lz4, LZ4F_VERSION));
}

static ssize_t lz4_step(struct unpack *u, uint8_t *out, size_t room, const char **why)
{
	size_t taken = wanted(u), made = room;
	size_t ret = LZ4F_decompress(u->lz4, out, &made, u->input + u->from, &taken, NULL);

	u->from += taken;
	u->in_frame = ret != 0;
	u->more = made == room;
	u->hint = LZ4F_isError(ret) || !ret ? FIRST : ret;
	if (!LZ4F_isError(ret))
		return (ssize_t)made;
	*why = LZ4F_getErrorName(ret);
	return -1;
}

static void lz4_end(struct unpack *u)
{
	LZ4F_freeDecompressionContext(u->lz4);
}

static const struct unpacker unpackers[] = {
	{"gzip", "\x1f\x8b", 2, gzip_start, gzip_step, gzip_end},
	{"zstd", "\x28\xb5\x2f\xfd", 4, zstd_start, zstd_step, zstd_end},
	{"lz4", "\x04\x22\x4d\x18", 4, lz4_start, lz4_step, lz4_end},
};

void unpack_free(struct unpack *u)
{
	if (!u)
		return;
	u->how->end(u);
	free(u);
}

/* More of the file behind what is left of the input, a byte at most. 1, 0 at its end, or what window_read() says. */
static ssize_t refill(struct window *w, struct unpack *u, int timeout_ms, struct err *err)
{
	size_t left = u->to - u->from;
	ssize_t got;

	memmove(u->input, u->input + u->from, left);
	u->from = 0;
	u->to = left;
	got = u->input_ended ? 0 : window_read(w, u->input + left, INPUT, timeout_ms, err);
	if (got > 0)
		u->to += (size_t)got;
	u->input_ended = got == 0;
	return got;
}

/* Nothing to go on with; between two frames a byte is too few to tell what it begins. */
static bool needs_input(const struct unpack *u)
{
	size_t left = u->to - u->from;

	return left == 0 ? !u->more : left < 2 && !u->in_frame && !u->input_ended;
}

ssize_t unpack_read(struct window *w, void *out, size_t room, int timeout_ms, struct err *err)
{
	struct unpack *u = w->unpack;

	for (unsigned round = 0; round < ROUNDS_MAX; round++) {
		const char *why = "";
		ssize_t n;

		if (needs_input(u)) {
			n = refill(w, u, timeout_ms, err);
			if (n == 0 && u->to > u->from)
				continue;
			if (n == 0 && u->in_frame)
				return err_set(err, EBADMSG, "%s: the %s data is cut short, after %llu unpacked bytes", w->name,
					       u->how->name, (unsigned long long)u->made);
			if (n <= 0)
				return n;
		}
		n = u->how->step(u, out, room, &why);
		if (n < 0)
			return err_set(err, EBADMSG, "%s: the %s data is damaged after %llu unpacked bytes: %s", w->name,
				       u->how->name, (unsigned long long)u->made, why);
		if (n > 0) {
			u->made += (uint64_t)n;
			return n;
		}
	}
	return -EAGAIN;
}

int window_unpack(struct window *w, const struct source_args *args, struct err *err)
{
	const struct unpacker *how = NULL;
	struct unpack *u;

	for (size_t i = 0; i < sizeof(unpackers) / sizeof(unpackers[0]); i++)
		if (!memcmp(w->p, unpackers[i].magic, unpackers[i].magic_len))
			how = &unpackers[i];
	if (!how)
		return 0;
	u = calloc(1, sizeof(*u));
	if (!u || !how->start(u)) {
		free(u);
		return err_set(err, ENOMEM, "%s: no memory to unpack %s", w->name, how->name);
	}
	u->how = how;
	u->hint = FIRST;
	/* What was read already is unpacked first. */
	u->to = window_left(w);
	memcpy(u->input, w->p, u->to);
	w->p = w->end = w->base = w->memory;
	w->at_end = false;
	w->unpack = u;
	return args->captures > 1 ? 0 : ahead_start(w, err);
}
