/* SPDX-License-Identifier: Apache-2.0 */
/* fd.h - a destination that is a file descriptor; private to the sinks of standard output and of files. */
#ifndef SINK_FD_H
#define SINK_FD_H

#include "sink/sink.h"

struct sink_dest {
	int fd;
	bool regular; /* a regular file: what was written can be taken back */
	char *name;   /* for messages */
};

ssize_t fd_write(struct sink_dest *d, const char *text, size_t len, struct err *err);
bool fd_take_back(struct sink_dest *d, size_t part);

#endif
