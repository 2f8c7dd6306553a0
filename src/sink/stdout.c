/* SPDX-License-Identifier: Apache-2.0 */
/* Standard output: a terminal, a pipe, a file, a socket; others may share it, so its flags stay as they are. */
#include "sink/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	PIPE_BYTES = 1 << 20
}; /* the most that a user may ask for by default */

static struct sink_dest *stdout_open(const char *arg, struct err *notice, struct err *err)
{
	static char name[] = "standard output";
	static struct sink_dest dest = {.fd = STDOUT_FILENO, .name = name};
	struct stat st;

	(void)notice;
	if (*arg) {
		err_set(err, EINVAL, "stdout:%s: standard output takes no argument", arg);
		return NULL;
	}
	if (fstat(STDOUT_FILENO, &st)) {
		err_set(err, errno, "%s: %s", name, strerror(errno));
		return NULL;
	}
	dest.regular = S_ISREG(st.st_mode);
	if (S_ISFIFO(st.st_mode))
		(void)fcntl(STDOUT_FILENO, F_SETPIPE_SZ, PIPE_BYTES); /* fewer wakes of the reader; as it is will do */
	return &dest;
}

/* Not closed, since it is not ours; but an error that the kernel has kept for close() is asked for. */
static int stdout_close(struct sink_dest *d, struct err *err)
{
	int copy = dup(d->fd);

	if (copy >= 0 && close(copy) && errno != EINTR)
		return err_set(err, errno, "%s: %s", d->name, strerror(errno));
	return 0;
}

static const struct sink_ops stdout_ops = {
	.name = "stdout",
	.arg = "",
	.about = "standard output, as `-o -`",
	.open = stdout_open,
	.write = fd_write,
	.take_back = fd_take_back,
	.close = stdout_close,
};
SINK_REGISTER(stdout_ops);
