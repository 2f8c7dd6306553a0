/* SPDX-License-Identifier: Apache-2.0 */
/*
 * block.h - a buffer of whole lines on its way from encode to a sink.
 *
 * One side owns a block at any time: the worker while it fills, the sink thread while it writes.
 */
#ifndef BASE_BLOCK_H
#define BASE_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

enum {
	BLOCK_SIZE = 512 << 10, /* bytes of text */
};

struct block {
	uint32_t len;   /* bytes in text */
	uint32_t lines; /* newlines in text */
	bool apart;     /* its lines are no packets' records: they are counted by themselves */
	char *text;     /* BLOCK_SIZE bytes */
};

#endif
