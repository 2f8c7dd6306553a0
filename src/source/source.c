/* SPDX-License-Identifier: Apache-2.0 */
#include "source/source.h"

#include <errno.h>
#include <string.h>

/* What a source of each kind registered: between two marks of the linker, which are absent when there are none. */
extern const struct source_ops *const __start_tapline_sources[] __attribute__((weak));
extern const struct source_ops *const __stop_tapline_sources[] __attribute__((weak));

const struct source_ops *source_at(unsigned index)
{
	const struct source_ops *best = NULL, *last = NULL;
	size_t n = (size_t)(__stop_tapline_sources - __start_tapline_sources);

	for (unsigned rank = 0; rank <= index; rank++, last = best) {
		best = NULL;
		for (size_t i = 0; i < n; i++) {
			const struct source_ops *ops = __start_tapline_sources[i];

			if ((!last || strcmp(ops->name, last->name) > 0) && (!best || strcmp(ops->name, best->name) < 0))
				best = ops;
		}
		if (!best)
			return NULL;
	}
	return best;
}

const struct source_ops *source_find(const char *name, size_t len)
{
	const struct source_ops *ops;

	for (unsigned i = 0; (ops = source_at(i)); i++)
		if (strlen(ops->name) == len && !memcmp(ops->name, name, len))
			return ops;
	return NULL;
}

/* A source named in front of a colon, if it is one that this option may name. */
static const struct source_ops *named(const char *word, bool live)
{
	const char *colon = strchr(word, ':');
	const struct source_ops *ops = colon ? source_find(word, (size_t)(colon - word)) : NULL;

	return ops && (ops->live == live || ops->either) ? ops : NULL;
}

int source_open(struct source *s, const char *word, bool live, struct source_args *args, struct err *err)
{
	const char *fallback = live ? "afpacket" : "pcap";

	*s = (struct source){.ops = named(word, live)};
	args->arg = s->ops ? strchr(word, ':') + 1 : word;
	if (!s->ops)
		s->ops = source_find(fallback, strlen(fallback));
	if (!s->ops)
		return err_set(err, ENOENT, "%s: this build has no source `%s` (tapline --list-sources lists those it has)",
			       word, fallback);
	return s->ops->open(s, args, err);
}

void source_close(struct source *s)
{
	if (s->ops && s->ops->close)
		s->ops->close(s);
	s->state = NULL;
}
