/* SPDX-License-Identifier: Apache-2.0 */
#include "app/list.h"

#include "sink/sink.h"
#include "source/source.h"

#include <string.h>

void list_interfaces(FILE *out)
{
	static char text[64 << 10];

	fwrite(text, 1, source_list_interfaces(text, sizeof(text)), out);
}

void list_sources(FILE *out)
{
	const struct source_ops *ops;

	for (unsigned i = 0; (ops = source_at(i)); i++)
		fprintf(out, "%s:%-*s %s\n", ops->name, 20 - (int)strlen(ops->name), ops->arg, ops->about);
}

void list_sinks(FILE *out)
{
	const struct sink_ops *ops;

	for (unsigned i = 0; (ops = sink_at(i)); i++)
		fprintf(out, "%s:%-*s %s\n", ops->name, 20 - (int)strlen(ops->name), ops->arg, ops->about);
}
