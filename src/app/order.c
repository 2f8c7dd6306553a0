/* SPDX-License-Identifier: Apache-2.0 */
#include "app/order.h"

#include "base/cond.h"

#include <string.h>

void order_init(struct order *o, struct sink *sink)
{
	memset(o, 0, sizeof(*o));
	o->sink = sink;
	pthread_mutex_init(&o->lock, NULL);
	cond_init(&o->moved);
}

void order_fini(struct order *o)
{
	pthread_cond_destroy(&o->moved);
	pthread_mutex_destroy(&o->lock);
}

static struct order_slot *slot(struct order *o, uint64_t chunk)
{
	return &o->slots[chunk % ORDER_AHEAD];
}

bool order_begin(struct order *o, uint64_t chunk, int wait_ms)
{
	bool may;

	pthread_mutex_lock(&o->lock);
	if (chunk - o->next >= ORDER_AHEAD)
		cond_wait_ms(&o->moved, &o->lock, wait_ms);
	may = chunk - o->next < ORDER_AHEAD;
	pthread_mutex_unlock(&o->lock);
	return may;
}

bool order_is_next(struct order *o, uint64_t chunk, int wait_ms)
{
	bool next;

	pthread_mutex_lock(&o->lock);
	if (chunk != o->next)
		cond_wait_ms(&o->moved, &o->lock, wait_ms);
	next = chunk == o->next;
	pthread_mutex_unlock(&o->lock);
	return next;
}

/* With the lock held: the blocks of the chunk that is next go to the sink. */
static void pass_on(struct order *o)
{
	struct order_slot *s = slot(o, o->next);

	for (unsigned i = 0; i < s->n; i++) {
		struct block *b = s->blocks[i];

		if (o->cut) {
			o->dropped += b->lines;
			b->len = b->lines = 0;
		}
		sink_put(o->sink, b);
	}
	s->n = 0;
}

struct block *order_get(struct order *o, uint64_t chunk, int wait_ms)
{
	struct block *b = NULL;
	bool next;

	pthread_mutex_lock(&o->lock);
	next = chunk == o->next;
	if (next || sink_spare(o->sink) > 1)
		b = sink_get(o->sink, 0);
	else
		cond_wait_ms(&o->moved, &o->lock, wait_ms);
	pthread_mutex_unlock(&o->lock);
	if (!b && next)
		sink_wait(o->sink, wait_ms);
	return b;
}

void order_put(struct order *o, uint64_t chunk, struct block *b)
{
	struct order_slot *s = slot(o, chunk);

	pthread_mutex_lock(&o->lock);
	s->blocks[s->n++] = b;
	if (chunk == o->next)
		pass_on(o);
	pthread_mutex_unlock(&o->lock);
}

void order_done(struct order *o, uint64_t chunk, bool cut)
{
	struct order_slot *s = slot(o, chunk);

	pthread_mutex_lock(&o->lock);
	s->done = true;
	s->cut = cut;
	while ((s = slot(o, o->next))->done) {
		pass_on(o);
		o->cut |= s->cut;
		s->done = false;
		o->next++;
	}
	pass_on(o); /* of the one that is next now, as far as it has come */
	pthread_cond_broadcast(&o->moved);
	pthread_mutex_unlock(&o->lock);
}
