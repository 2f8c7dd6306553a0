/* SPDX-License-Identifier: Apache-2.0 */
#include "source/digest.h"

#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	READ_BYTES = 256 << 10
};

struct digest {
	EVP_MD_CTX *context;
};

struct digest *digest_new(void)
{
	struct digest *d = calloc(1, sizeof(*d));

	if (d && (d->context = EVP_MD_CTX_new()) && EVP_DigestInit_ex(d->context, EVP_sha256(), NULL))
		return d;
	digest_free(d);
	return NULL;
}

void digest_free(struct digest *d)
{
	if (!d)
		return;
	EVP_MD_CTX_free(d->context);
	free(d);
}

void digest_add(struct digest *d, const void *bytes, size_t n)
{
	EVP_DigestUpdate(d->context, bytes, n);
}

bool digest_hex(const struct digest *d, char hex[DIGEST_HEX])
{
	EVP_MD_CTX *copy = EVP_MD_CTX_new();
	uint8_t sum[EVP_MAX_MD_SIZE];
	bool ok = copy && EVP_MD_CTX_copy_ex(copy, d->context) && EVP_DigestFinal_ex(copy, sum, NULL);

	EVP_MD_CTX_free(copy);
	for (int i = 0; ok && i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", sum[i]);
	return ok;
}

bool digest_of_file(int fd, char hex[DIGEST_HEX])
{
	struct digest *d = digest_new();
	uint8_t *buffer = malloc(READ_BYTES);
	ssize_t n = 0;
	off_t at = 0;
	bool ok = d && buffer;

	while (ok && (n = pread(fd, buffer, READ_BYTES, at)) > 0) {
		digest_add(d, buffer, (size_t)n);
		at += n;
	}
	ok = ok && n == 0 && digest_hex(d, hex);
	free(buffer);
	digest_free(d);
	return ok;
}
