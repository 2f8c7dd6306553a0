/* SPDX-License-Identifier: Apache-2.0 */
/* inputs.h - what -r named, folders replaced by the files in them. */
#ifndef APP_INPUTS_H
#define APP_INPUTS_H

#include "base/err.h"
#include "conf/conf.h"

#include <stdbool.h>
#include <stdint.h>

struct inputs {
	const char **paths; /* some are owned, some borrowed from conf */
	bool *from_folder;  /* it was found in a folder: it need not be a capture */
	unsigned n;
	unsigned max;
	bool folders;     /* there was at least one */
	uint64_t bytes;   /* of all regular files */
	unsigned skipped; /* files in folders that are no captures */
	char first_skipped[256];
};

/*
 * Folders are entered at any depth, in the order of their names as bytes; hidden files are passed over. 0, or -errno with *err
 * filled. The inputs are to be freed in any case.
 */
int inputs_init(struct inputs *in, const struct conf *conf, struct err *err);
void inputs_fini(struct inputs *in);

/* One of a folder's files turned out to be no capture. */
void inputs_skip(struct inputs *in, unsigned i);

/* Whether this path is one of the inputs, by whatever name. */
bool inputs_have(const struct inputs *in, const char *path);

#endif
