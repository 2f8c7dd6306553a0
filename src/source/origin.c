/* SPDX-License-Identifier: Apache-2.0 */
#include "source/origin.h"

#include <stdatomic.h>
#include <string.h>

void origin_init(struct origin *o, const char *capture, const void *iface, size_t len)
{
	static atomic_uint_fast64_t serials;

	*o = (struct origin){
		.capture = capture,
		.serial = ++serials,
		.iface_len = (uint32_t)(len < ORIGIN_IFACE_MAX ? len : ORIGIN_IFACE_MAX),
	};
	if (len)
		memcpy(o->iface, iface, o->iface_len);
}
