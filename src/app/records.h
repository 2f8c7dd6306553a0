/* SPDX-License-Identifier: Apache-2.0 */
/* records.h - what records shall look like, as the options say it. */
#ifndef APP_RECORDS_H
#define APP_RECORDS_H

#include "base/err.h"
#include "conf/conf.h"
#include "encode/encode.h"

/* Makes an encoder of --profile, --fields, --set, --ts-format and --ts-digits. 0, or -errno with *err filled. */
int records_init(struct encode *e, const struct conf *conf, struct err *err);

/* The kinds that --records names, bits of enum record_kind. 0, or -errno with *err filled. */
int records_kinds(const struct conf *conf, unsigned *kinds, struct err *err);

/* The profile of this name; option for the message. 0, or -errno with *err filled. */
int records_profile(const char *name, const char *option, enum encode_profile *profile, struct err *err);

/* `tapline schema` and --list-fields: to standard output. Exit status. */
int records_schema(const struct conf *conf);

#endif
