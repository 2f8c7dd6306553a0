/* SPDX-License-Identifier: Apache-2.0 */
/* Capture files: pcap and pcapng. */
#include "source/source.h"

#include "source/capture.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	OPEN_WAIT_MS = 100, /* at most so long until it is seen that nobody wants the capture any more */
	ROUNDS = 64,        /* of bytes without a packet, until others have a word */
};

static bool given_up(const struct source_args *args)
{
	return args->given_up && args->given_up(args->pipeline);
}

int capture_need(struct capture *c, size_t n, struct err *err)
{
	enum window_status status;

	do
		status = window_need(&c->window, n, OPEN_WAIT_MS, err);
	while (status == WINDOW_WAIT && !given_up(c->args));
	switch (status) {
	case WINDOW_OK:
		return 0;
	case WINDOW_WAIT:
		return err_set(err, EINTR, "%s: interrupted before a capture began", c->window.name);
	case WINDOW_END:
		if (window_left(&c->window) == 0 && window_offset(&c->window) == 0)
			return err_set(err, ENOMSG, "%s: is empty, not a capture file", c->window.name);
		return err_set(err, c->format ? ENODATA : ENOMSG,
			       "%s: is cut short inside its file header: %zu bytes, and %zu are needed", c->window.name,
			       window_left(&c->window), n);
	default:
		return -EIO;
	}
}

enum capture_status capture_broken(struct capture *c, struct err *err, const char *format, ...)
{
	char what[512];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	err_set(err, EBADMSG, "%s: %s at offset %llu, after %llu packets", c->window.name, what,
		(unsigned long long)window_offset(&c->window), (unsigned long long)c->packets);
	return CAPTURE_BROKEN;
}

/* The first bytes of something that is no capture, as a person may recognise them. */
static void describe(const uint8_t *p, size_t n, char *out, size_t size)
{
	static const struct {
		const char *magic;
		size_t len;
		const char *what;
	} known[] = {
		{"BZh", 3, "bzip2: unpack it first, as in `bzcat FILE | tapline -r -`"},
		{"\xfd"
		 "7zXZ",
		 5, "xz: unpack it first, as in `xzcat FILE | tapline -r -`"},
		{"PK\3\4", 4, "a zip archive"},
		{"snoop\0", 6, "snoop, another format: editcap converts it"},
		{"\x7f"
		 "ELF",
		 4, "a program"},
	};
	int used = 0;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (n >= known[i].len && !memcmp(p, known[i].magic, known[i].len)) {
			snprintf(out, size, "%s", known[i].what);
			return;
		}
	}
	for (size_t i = 0; i < n && i < 8; i++)
		used += snprintf(out + used, size - (size_t)used, "%s%02x", i ? " " : "it begins with ", p[i]);
}

static int recognise(struct capture *c, struct err *err)
{
	struct window *w = &c->window;
	char what[128];
	uint32_t magic;
	int ret = capture_need(c, sizeof(magic), err);

	if (!ret)
		ret = window_unpack(w, c->args, err);
	if (!ret)
		ret = capture_need(c, sizeof(magic), err);
	if (ret)
		return ret;
	memcpy(&magic, w->p, sizeof(magic));
	if (capture_is_classic(magic))
		c->format = &capture_classic;
	else if (capture_is_pcapng(magic))
		c->format = &capture_pcapng;
	else {
		describe(w->p, window_left(w), what, sizeof(what));
		return err_set(err, ENOMSG, "%s: is not a capture file (pcap or pcapng): %s", w->name, what);
	}
	return c->format->open(c, err);
}

static void pcap_close(struct source *s)
{
	struct capture *c = s->state;

	if (!c)
		return;
	window_close(&c->window);
	for (uint32_t i = 0; i < c->max_interfaces; i++)
		free(c->interfaces[i].origin);
	free(c->interfaces);
	free(c);
	s->state = NULL;
}

static int pcap_open(struct source *s, const struct source_args *args, struct err *err)
{
	struct capture *c = calloc(1, sizeof(*c));
	int ret;

	s->state = c;
	if (!c)
		return err_set(err, ENOMEM, "%s: no memory", args->arg);
	c->args = args;
	ret = window_open(&c->window, args, err);
	origin_init(&c->origin, args->arg, NULL, 0);
	if (!ret)
		ret = recognise(c, err);
	if (ret)
		pcap_close(s);
	return ret;
}

/* The window has no more than part of a record: why, and is it the end? */
static enum source_status at_the_end(struct capture *c, struct err *err)
{
	struct window *w = &c->window;

	if (w->shrunk) {
		err_set(err, EBADMSG, "%s: shrank to %llu bytes while it was read, after %llu packets", w->name,
			(unsigned long long)w->file_size, (unsigned long long)c->packets);
		return SOURCE_BROKEN;
	}
	if (window_left(w) == 0)
		return SOURCE_END;
	capture_broken(c, err, "cut short (%zu of %zu bytes of a record)", window_left(w), c->wanted);
	return SOURCE_BROKEN;
}

static enum source_status pcap_fill(struct source *s, struct batch *b, int timeout_ms, struct err *err)
{
	struct capture *c = s->state;

	b->nframes = 0;
	for (unsigned round = 0; round < ROUNDS; round++) {
		enum capture_status status;

		status = c->format->fill(c, b, err);
		if (b->nframes)
			return SOURCE_FRAMES; /* a fault behind them shows again with the next call */
		if (status == CAPTURE_BROKEN)
			return SOURCE_BROKEN;
		if (status == CAPTURE_FULL)
			continue;
		switch (window_need(&c->window, c->wanted, timeout_ms, err)) {
		case WINDOW_OK:
			break;
		case WINDOW_WAIT:
			return SOURCE_IDLE;
		case WINDOW_END:
			return at_the_end(c, err);
		case WINDOW_FAILED:
			return SOURCE_BROKEN;
		}
	}
	return SOURCE_IDLE;
}

static bool pcap_share(struct source *s)
{
	struct capture *c = s->state;

	if (c->window.follow)
		return false;
	window_share(&c->window);
	return true;
}

static void pcap_read(struct source *s, struct chunk *chunk)
{
	struct capture *c = s->state;

	window_read_chunk(&c->window, chunk);
}

static enum source_status pcap_frames(struct source *s, struct chunk *chunk, bool alone, int timeout_ms)
{
	struct capture *c = s->state;
	enum source_status status = SOURCE_FRAMES;

	chunk->n = 0;
	if (!c->in_chunk) {
		enum window_status got = window_take_chunk(&c->window, chunk, c->wanted, timeout_ms, &chunk->err);

		if (got != WINDOW_OK)
			return got == WINDOW_WAIT ? SOURCE_IDLE : SOURCE_BROKEN;
		c->in_chunk = true;
	}
	c->lent = !alone;
	while (chunk->n < CHUNK_BATCHES && status == SOURCE_FRAMES) {
		status = pcap_fill(s, &chunk->batches[chunk->n], 0, &chunk->err);
		if (status == SOURCE_FRAMES) {
			chunk->n++;
			c->lent = true;
		}
	}
	if (status != SOURCE_IDLE || window_left(&c->window) >= c->wanted)
		return status == SOURCE_IDLE ? SOURCE_FRAMES : status;
	window_give_chunk(&c->window);
	c->in_chunk = false;
	return SOURCE_IDLE;
}

static void pcap_counters(struct source *s, struct source_counters *out)
{
	struct capture *c = s->state;

	*out = (struct source_counters){.kernel_drops = c->lost};
}

static void pcap_progress(struct source *s, uint64_t *done, uint64_t *total)
{
	const struct capture *c = s->state;

	window_progress(&c->window, done, total);
}

static bool pcap_digest(struct source *s, unsigned index, struct source_digest *out)
{
	struct capture *c = s->state;

	if (index)
		return false;
	out->name = c->window.name;
	if (!window_digest(&c->window, out->hex))
		*out->hex = '\0';
	return true;
}

static bool pcap_replaced(struct source *s)
{
	const struct capture *c = s->state;

	return c->window.replaced;
}

static const struct source_ops pcap_ops = {
	.name = "pcap",
	.arg = "FILE",
	.about = "capture file (pcap, pcapng), as `-r FILE`; - is standard input",
	.open = pcap_open,
	.fill = pcap_fill,
	.share = pcap_share,
	.read = pcap_read,
	.frames = pcap_frames,
	.counters = pcap_counters,
	.progress = pcap_progress,
	.digest = pcap_digest,
	.replaced = pcap_replaced,
	.close = pcap_close,
};
SOURCE_REGISTER(pcap_ops);
