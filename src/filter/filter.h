/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter.h - tcpdump filter expressions, compiled by libpcap.
 *
 * The program that decides is always ours: each frame is judged as it was on the wire, with the program of its own link type.
 * The kernel may run a second one that keeps most of the unwanted from being copied to us, where it provably never refuses what
 * ours would take. Owns the compiled programs; compiles a link type's program when it is first met (control plane: the first
 * frame of a new link type). One worker's.
 */
#ifndef FILTER_FILTER_H
#define FILTER_FILTER_H

#include "base/err.h"
#include "batch.h"

#include <linux/filter.h>
#include <stdint.h>

struct filter;

/* Compiles expression for link type 1 (Ethernet) so that a mistake is found at once. NULL and *err (libpcap's words) if it is
 * wrong. */
struct filter *filter_new(const char *expression, struct err *err);
void filter_free(struct filter *f); /* accepts NULL */

/*
 * Keeps the first frames of the batch that match, in order and at most max of them. Returns how many frames it judged: those
 * after the last that was wanted are as if they had not come. Frames whose link type libpcap has no program for (the expression
 * makes no sense there) do not match.
 */
uint32_t filter_batch(struct filter *f, struct batch *b, uint64_t max);

/*
 * Copies the program for Ethernet to out, for a live source to attach in the kernel as a first sieve: at most max instructions,
 * number returned; 0 if it does not fit. It judges frames as they were on the wire, so the source must let through whatever the
 * kernel shows differently (a tag taken off, a device without Ethernet header), which filter_batch() then judges.
 */
uint16_t filter_kernel_program(const struct filter *f, struct sock_filter *out, uint16_t max);

#endif
