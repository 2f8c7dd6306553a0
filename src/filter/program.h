/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program.h - one expression compiled for one link type; private to filter.
 *
 * A program is an array of classic BPF that libpcap made. It never reads beyond a frame's captured bytes and always ends.
 */
#ifndef FILTER_PROGRAM_H
#define FILTER_PROGRAM_H

#include "base/err.h"

#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	EXPRESSION_MAX = 16 << 10, /* bytes: libpcap's time grows with the square, and this is a second or two of it */
};

/* Compiles for a LINKTYPE_. 0, or -errno with *err: libpcap's words. The code is then the caller's: pcap_freecode(). */
int program_compile(struct bpf_program *code, const char *expression, uint16_t link, struct err *err);

/* As above, without the optimiser and without looking at what came out: is this an expression at all? */
int program_parse(const char *expression, uint16_t link, struct err *err);

/* The program asks for what only the kernel knows of a packet (direction, interface) and no frame shows. */
bool program_asks_kernel(const struct bpf_program *code);

/* The kernel runs this program to the same verdict as bpf_filter() does. */
bool program_same_in_kernel(const struct bpf_program *code);

/* These words of libpcap are about the expression's form. */
bool program_is_syntax_error(const struct err *err);

/*
 * Where an expression with a syntax error goes wrong: offset of the first word that cannot stand where it stands, or the
 * expression's length if more was expected, or PLACE_UNKNOWN where it is too long to tell. libpcap does not say, so this asks
 * it about beginnings of the expression.
 */
#define PLACE_UNKNOWN SIZE_MAX

size_t program_error_place(const char *expression);

#endif
