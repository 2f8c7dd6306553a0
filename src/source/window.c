/* SPDX-License-Identifier: Apache-2.0 */
#include "source/window.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_fd(const char *path, struct err *err)
{
	/* Without waiting: a FIFO that nobody writes to yet is waited for where a signal ends it. */
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY) : dup(STDIN_FILENO);

	if (fd >= 0)
		return fd;
	return err_set(err, errno, "%s: cannot open: %s%s", path, strerror(errno),
		       errno == EACCES ? " (this user may not read it)" : "");
}

int window_open(struct window *w, const char *path, struct err *err)
{
	bool standard_input = !strcmp(path, "-");
	struct stat st;
	off_t at;
	int ret;

	*w = (struct window){.fd = open_fd(path, err)};
	if (w->fd < 0)
		return w->fd;
	w->name = strdup(standard_input ? "standard input" : path);
	if (!w->name)
		ret = err_set(err, ENOMEM, "%s: no memory", path);
	else if (fstat(w->fd, &st))
		ret = err_set(err, errno, "%s: %s", path, strerror(errno));
	else if (S_ISDIR(st.st_mode))
		ret = err_set(err, EISDIR, "%s: is a directory; name the capture files in it", path);
	else if (standard_input && isatty(w->fd))
		ret = err_set(err, EINVAL,
			      "standard input is a terminal: pipe a capture into it, as in `tcpdump -U -w - | tapline -r -`");
	else if (S_ISREG(st.st_mode) && (at = lseek(w->fd, 0, SEEK_CUR)) == 0 && st.st_size > 0)
		ret = window_map(w, (uint64_t)st.st_size, err);
	else
		ret = window_stream(w, err);
	if (ret)
		window_close(w);
	return ret;
}

void window_close(struct window *w)
{
	if (!w->name && !w->ops)
		return;
	if (w->ops)
		w->ops->close(w);
	close(w->fd);
	free(w->name);
	*w = (struct window){.fd = -1};
}
