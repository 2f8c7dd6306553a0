/* SPDX-License-Identifier: Apache-2.0 */
/* summary.h - the account at the end: what came in and what became of it. */
#ifndef APP_SUMMARY_H
#define APP_SUMMARY_H

#include "app/pipeline.h"

#include <stdio.h>

/* "name: number" lines, which add up; then what was lost or odd, in words. */
void summary_print(const struct totals *t, FILE *out);

#endif
