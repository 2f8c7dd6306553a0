/* SPDX-License-Identifier: Apache-2.0 */
/* digest.h - SHA-256 (FIPS 180-4) of a file; private to source. */
#ifndef SOURCE_DIGEST_H
#define SOURCE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

enum {
	DIGEST_HEX = 65, /* characters, the final zero included */
};

struct digest;

struct digest *digest_new(void);    /* NULL: no memory, or libcrypto has no SHA-256 */
void digest_free(struct digest *d); /* accepts NULL */
void digest_add(struct digest *d, const void *bytes, size_t n);
bool digest_hex(const struct digest *d, char hex[DIGEST_HEX]); /* of what was added so far */

/* Of all that a regular file holds now, whatever was read of it. */
bool digest_of_file(int fd, char hex[DIGEST_HEX]);

#endif
