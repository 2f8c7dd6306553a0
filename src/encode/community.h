/* SPDX-License-Identifier: Apache-2.0 */
/* community.h - Community ID flow hashing, version 1 (github.com/corelight/community-id-spec); private to encode. */
#ifndef ENCODE_COMMUNITY_H
#define ENCODE_COMMUNITY_H

#include "batch.h"

#include <stdbool.h>

enum {
	COMMUNITY_LEN = 30, /* "1:" and 28 characters of base64 */
};

struct community;

struct community *community_new(void);    /* NULL: no memory, or libcrypto has no SHA-1 */
void community_free(struct community *c); /* accepts NULL */

/* Whether the record has what its identifier is made of: both addresses, and the ports or types of a protocol that has them. */
bool community_defined(const struct rec *r);

/* COMMUNITY_LEN characters, the same for both directions of a flow. Borrowed until the next call. */
const char *community_id(struct community *c, const struct rec *r);

#endif
