/* SPDX-License-Identifier: Apache-2.0 */
#include "app/output.h"

#include "app/message.h"
#include "app/records.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	WAIT_MS = 100,   /* at most so long until it is seen that we are asked to stop */
	GRACE_MS = 2000, /* for a destination that is stuck then */
};

int output_init(struct output *o, const struct conf *conf, struct err *err)
{
	int ret = records_kinds(conf, &o->kinds, err);

	o->name = conf->output;
	o->quiet = conf->quiet;
	return ret ? ret : records_init(&o->encode, conf, err);
}

void output_fini(struct output *o)
{
	encode_fini(&o->encode);
}

/*
 * A FIFO opens when somebody reads it: waits for that as long as somebody waits for us. A descriptor that keeps the reader
 * there until the sink has opened it, -1 where there is nothing to wait for, or -errno - 1 with *err filled.
 */
static int wait_for_reader(const struct output *o, struct err *err)
{
	const char *path = sink_argument(o->name);
	bool told = false;
	struct stat st;
	int fd;

	if (stat(path, &st) || !S_ISFIFO(st.st_mode))
		return -1;
	while ((fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)) < 0 && errno == ENXIO) {
		if (o->given_up(o->context))
			return err_set(err, EINTR, "%s: nobody opened this FIFO for reading", path) - 1;
		if (!told && !o->quiet)
			message_notice("%s is a FIFO: waiting until somebody reads it", path);
		told = true;
		poll(NULL, 0, WAIT_MS);
	}
	return fd; /* what else is wrong with it the sink will say */
}

int output_open(struct output *o, bool live, struct err *notice, struct err *err)
{
	int reader = wait_for_reader(o, err);

	if (reader < -1)
		return -1;
	o->live = live;
	o->sink = sink_open(o->name, live, notice, err);
	if (reader >= 0)
		close(reader);
	return o->sink ? 0 : -1;
}

void output_hand_in(struct output *o)
{
	if (!o->block)
		return;
	if (o->order)
		order_put(o->order, o->chunk, o->block);
	else
		sink_put(o->sink, o->block);
	o->block = NULL;
}

void output_flush(struct output *o)
{
	if (o->block && o->block->len)
		output_hand_in(o);
}

/* A block to write to; false if there is none and waiting for one is not ours or not worth it. */
static bool have_block(struct output *o)
{
	while (!o->block) {
		o->block = o->order ? order_get(o->order, o->chunk, WAIT_MS) : sink_get(o->sink, o->live ? 0 : WAIT_MS);
		if (!o->block && (o->live || o->given_up(o->context) || sink_state(o->sink) != SINK_OK))
			return false;
	}
	return true;
}

void output_write(struct output *o, const struct batch *b)
{
	uint32_t done = 0;

	if (!(o->kinds & RECORD_PACKET)) {
		o->not_selected += b->nrecs;
		return;
	}
	while (done < b->nrecs) {
		if (o->cut || !have_block(o)) {
			o->refused += b->nrecs - done;
			o->cut = !o->live;
			return;
		}
		done = encode_batch(&o->encode, b, done, o->block);
		if (done < b->nrecs)
			output_flush(o);
	}
}

bool output_gap(struct output *o, const struct gap *g)
{
	if (!(o->kinds & RECORD_GAP) || !o->sink)
		return true;
	output_flush(o); /* a block of its own: what becomes of it is counted apart */
	if (!have_block(o))
		return false;
	o->block->apart = true;
	encode_gap(&o->encode, g, o->block);
	output_flush(o);
	return true;
}

int output_close(struct output *o, struct sink_counters *out, struct err *err)
{
	output_hand_in(o);
	while (!o->live && !o->given_up(o->context) && !sink_drain(o->sink, WAIT_MS))
		;
	return sink_close(o->sink, GRACE_MS, out, err);
}
