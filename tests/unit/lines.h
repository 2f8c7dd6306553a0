/* SPDX-License-Identifier: Apache-2.0 */
/* lines.h - lines that count up, put into a sink and found again; a folder for them that is gone at the end. */
#ifndef LINES_H
#define LINES_H

#include "sink/sink.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	WAIT_MS = 10000,
	GRACE_MS = 300,
	FILE_MAX = 64 << 20, /* of those that are read back */
};

extern struct err notice, err; /* what opening said */

/* Fixtures of a group of tests. */
int make_folder(void **state);
int remove_folder(void **state);

/* A file system of one megabyte at in_folder("disk"), mounted where only this process sees it; false without the right to. */
bool small_disk(void);

const char *in_folder(const char *name); /* the last two results hold */

void write_file(const char *path, const void *data, size_t len);
char *read_file(const char *path, size_t *len); /* all of it, and a zero; the caller frees */

struct sink *open_sink(const char *word, bool live);
void fill(struct block *b, unsigned first, unsigned n); /* n lines that count up from first: {"n":12} */
void put(struct sink *s, unsigned first, unsigned n);   /* a block of them */

/* Checks that text holds whole lines counting up from first; returns how many. */
unsigned count_up(const char *text, unsigned first);

#endif
