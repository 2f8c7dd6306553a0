/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err.h - the control plane's one error object.
 *
 * A function that can fail returns 0 or -errno and fills the object where the facts are known: what happened, where, and what
 * to do. It is printed once, by main. The data plane never uses it while packets flow: it counts (drops.h).
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

struct err {
	char text[1536]; /* without the program's name and without a newline */
};

/* Fill *e like printf; returns -code. code is an errno value, positive. */
int err_set(struct err *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
