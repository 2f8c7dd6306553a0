/* SPDX-License-Identifier: Apache-2.0 */
/* null: takes all lines and forgets them, for measuring. */
#include "sink/sink.h"

struct sink_dest {
	char unused;
};

static struct sink_dest *null_open(const char *arg, struct err *notice, struct err *err)
{
	static struct sink_dest dest;

	(void)arg;
	(void)notice;
	(void)err;
	return &dest;
}

static ssize_t null_write(struct sink_dest *d, const char *text, size_t len, struct err *err)
{
	(void)d;
	(void)text;
	(void)err;
	return (ssize_t)len;
}

static int null_close(struct sink_dest *d, struct err *err)
{
	(void)d;
	(void)err;
	return 0;
}

static const struct sink_ops null_ops = {
	.name = "null",
	.arg = "",
	.about = "forgets all lines, for measuring",
	.open = null_open,
	.write = null_write,
	.immediate = true,
	.close = null_close,
};
SINK_REGISTER(null_ops);
