/* SPDX-License-Identifier: Apache-2.0 */
/* convert.h - `tapline convert`: lines from standard input, in another profile to standard output. */
#ifndef APP_CONVERT_H
#define APP_CONVERT_H

#include "conf/conf.h"

/* Exit status: 0, 1 wrong options, 2 some lines could not be converted (said, by number) or reading or writing failed. */
int convert_run(const struct conf *conf);

#endif
