/* SPDX-License-Identifier: Apache-2.0 */
#include "app/message.h"

#include <stdarg.h>
#include <stdio.h>

void message_error(const char *format, ...)
{
	va_list args;

	fputs("tapline: error: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

void message_notice(const char *format, ...)
{
	va_list args;

	fputs("tapline: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}
