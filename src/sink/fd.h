/* SPDX-License-Identifier: Apache-2.0 */
/* fd.h - a destination that is a file descriptor; private to the sinks of standard output and of paths. */
#ifndef SINK_FD_H
#define SINK_FD_H

#include "sink/sink.h"

/*
 * Makes a regular file fit to be appended to, whose size bytes an earlier run or somebody else has left. fd may be writable
 * only. 0, with *notice filled if the file was changed; or -errno with *err filled.
 */
typedef int fd_repair(int fd, const char *path, off_t size, struct err *notice, struct err *err);

struct sink_dest {
	int fd;
	bool regular; /* a regular file: what was written can be taken back */
	char *name;   /* for messages */
	fd_repair *repair;
};

/* For an operation of sink_ops each. */
ssize_t fd_write(struct sink_dest *d, const char *text, size_t len, struct err *err);
bool fd_take_back(struct sink_dest *d, size_t part);

/* Opens a path for appending, makes it if need be. 0, or -errno with *err filled; fd_close() accepts what is left then. */
int fd_open(struct sink_dest *d, const char *path, fd_repair *repair, struct err *notice, struct err *err);
int fd_reopen(struct sink_dest *d, struct err *err);
int fd_close(struct sink_dest *d, struct err *err); /* d itself stays the caller's */

#endif
