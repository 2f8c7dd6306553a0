/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf.h - what the user asked for.
 *
 * One table, conf/options.def, gives the parser, its checks and the help. Owns nothing but the joined filter expression: all
 * other texts are borrowed from argv.
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
	TS_DIGITS_DEFAULT = 99, /* not given */
	CONF_READS_MAX = 1024,  /* times that an option may be given */
	CONF_WORKERS_MAX = 64,
};

enum conf_action {
	CONF_CAPTURE,
	CONF_SCHEMA,
	CONF_CONVERT,
	CONF_LIST_INTERFACES,
	CONF_LIST_SOURCES,
	CONF_LIST_SINKS,
	CONF_LIST_FIELDS,
	CONF_HELP,
	CONF_VERSION,
};

struct conf_list {
	const char *items[CONF_READS_MAX];
	unsigned n;
};

struct conf {
	enum conf_action action;
	const char *live;           /* -i, or NULL */
	struct conf_list reads;     /* -r */
	const char *output;         /* -o */
	const char *records;        /* --records: kinds */
	const char *profile;        /* --profile */
	const char *fields;         /* --fields, or NULL */
	struct conf_list constants; /* --set */
	const char *ts_format;
	const char *format;     /* of a schema */
	const char *from, *to;  /* profiles to convert between, or NULL */
	char *expression;       /* the filter, words joined by blanks; NULL: none */
	const char *first_word; /* of the expression as it was typed: a file's name, perhaps */
	uint64_t count;         /* 0: no limit */
	uint64_t duration;      /* ns; 0: no limit */
	uint64_t snaplen;       /* bytes */
	uint64_t ring;          /* bytes; 0: the source's default */
	uint64_t ts_digits;     /* 0, 3, 6, 9; TS_DIGITS_DEFAULT */
	uint64_t workers;       /* for captures, 1 to CONF_WORKERS_MAX */
	uint64_t batch;         /* packets, 1 to BATCH_MAX */
	uint64_t given;         /* rows of options.def that were given: texts may be only once */
	bool promiscuous;
	bool inner;
	bool merge;
	bool follow;
	bool hash;
	bool non_ip;
	bool quiet;
};

/*
 * Parses the command line. 0, or -errno with *err filled: the option, what is wrong with it, what is allowed. An action ends
 * the parsing, as in `tapline --help whatever`.
 */
int conf_parse(struct conf *c, int argc, char **argv, struct err *err);
void conf_fini(struct conf *c);

void conf_help(FILE *out);

#endif
