/* SPDX-License-Identifier: Apache-2.0 */
#include "app/lane.h"

#include "filter/filter.h"

#include <stddef.h>
#include <string.h>

int lane_init(struct lane *l, const struct conf *conf, struct err *err)
{
	int ret;

	memset(l, 0, offsetof(struct lane, recs));
	l->left = conf->count ? conf->count : UINT64_MAX;
	l->mode = (conf->inner ? DECODE_INNER : 0) | (conf->non_ip ? DECODE_NON_IP : 0);
	ret = output_init(&l->output, conf, err);
	if (ret)
		return ret;
	l->wants_more = encode_wants_more(&l->output.encode);
	if (!conf->expression)
		return 0;
	l->filter = filter_new(conf->expression, err);
	l->filter_wrong = !l->filter;
	return l->filter ? 0 : -1;
}

void lane_fini(struct lane *l)
{
	filter_free(l->filter);
	output_fini(&l->output);
}

/* Takes away what the filter refuses and what -c does not want any more. */
static void select_frames(struct lane *l, struct batch *b)
{
	uint32_t judged;

	/* What comes after the last packet that is wanted was never received, whatever the size of a batch. */
	if (l->filter) {
		judged = filter_batch(l->filter, b, l->left);
	} else {
		if (b->nframes > l->left)
			b->nframes = (uint32_t)l->left;
		judged = b->nframes;
	}
	l->left -= b->nframes;
	l->received += judged;
	l->filtered += judged - b->nframes;
}

bool lane_process(struct lane *l, struct batch *b)
{
	select_frames(l, b);
	b->recs = l->recs;
	b->more = l->wants_more ? l->more : NULL;
	decode_batch(b, l->mode, &l->decode);
	output_write(&l->output, b);
	return l->left > 0;
}
