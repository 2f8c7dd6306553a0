/* SPDX-License-Identifier: Apache-2.0 */
/* origin.h - naming where frames come from; private to source. */
#ifndef SOURCE_ORIGIN_H
#define SOURCE_ORIGIN_H

#include "batch.h"

#include <stddef.h>

/*
 * Fills *o in, with a serial of its own. capture is borrowed; of the interface's name, which may be NULL with len 0, at most
 * ORIGIN_IFACE_MAX bytes are copied.
 */
void origin_init(struct origin *o, const char *capture, const void *iface, size_t len);

#endif
