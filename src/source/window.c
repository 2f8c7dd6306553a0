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

/* Maps a file that is read from its start and lies still; reads all others. */
static int supply(struct window *w, bool standard_input, struct err *err)
{
	struct stat st;

	if (fstat(w->fd, &st))
		return err_set(err, errno, "%s: %s", w->name, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return err_set(err, EISDIR, "%s: is a directory without a file in it", w->name);
	if (standard_input && isatty(w->fd))
		return err_set(err, EINVAL,
			       "standard input is a terminal: pipe a capture into it, as in `tcpdump -U -w - | tapline -r -`");
	if (!S_ISREG(st.st_mode)) {
		w->follow = false;
		return window_stream(w, err);
	}
	digest_free(w->digest); /* its own bytes can be read again */
	w->digest = NULL;
	if (w->follow || st.st_size == 0 || lseek(w->fd, 0, SEEK_CUR) != 0)
		return window_stream(w, err);
	return window_map(w, (uint64_t)st.st_size, err);
}

int window_open(struct window *w, const char *path, bool follow, bool hash, struct err *err)
{
	bool standard_input = !strcmp(path, "-");
	int ret;

	*w = (struct window){.fd = open_fd(path, err), .follow = follow};
	if (w->fd < 0)
		return w->fd;
	w->name = strdup(standard_input ? "standard input" : path);
	w->path = strdup(path);
	w->digest = hash ? digest_new() : NULL;
	if (!w->name || !w->path || (hash && !w->digest))
		ret = err_set(err, ENOMEM, "%s: no memory", path);
	else
		ret = supply(w, standard_input, err);
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
	digest_free(w->digest);
	free(w->name);
	free(w->path);
	*w = (struct window){.fd = -1};
}

void window_progress(const struct window *w, uint64_t *done, uint64_t *total)
{
	struct stat st;
	off_t at;

	*done = *total = 0;
	if (fstat(w->fd, &st) || !S_ISREG(st.st_mode))
		return;
	at = lseek(w->fd, 0, SEEK_CUR); /* a map is not read: its descriptor stands at the start */
	*done = w->guard ? window_offset(w) : at > 0 ? (uint64_t)at : 0;
	*total = (uint64_t)st.st_size;
}

bool window_digest(const struct window *w, char hex[DIGEST_HEX])
{
	return w->digest ? digest_hex(w->digest, hex) : digest_of_file(w->fd, hex);
}
