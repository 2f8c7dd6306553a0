/* SPDX-License-Identifier: Apache-2.0 */
/* message.h - what tapline says to a person, on standard error. */
#ifndef APP_MESSAGE_H
#define APP_MESSAGE_H

/* "tapline: error: ..." and a newline. */
void message_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "tapline: ..." and a newline. */
void message_notice(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
