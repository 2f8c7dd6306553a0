/* SPDX-License-Identifier: Apache-2.0 */
/* list.h - the --list-... options. */
#ifndef APP_LIST_H
#define APP_LIST_H

#include <stdio.h>

void list_interfaces(FILE *out);
void list_sources(FILE *out);
void list_sinks(FILE *out);

#endif
