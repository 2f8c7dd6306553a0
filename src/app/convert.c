/* SPDX-License-Identifier: Apache-2.0 */
#include "app/convert.h"

#include "app/message.h"
#include "app/records.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int all_lines(struct convert *c)
{
	char *line = NULL;
	size_t size = 0;
	uint64_t number = 0;
	struct err err;
	ssize_t len;
	int status = 0;

	while ((len = getline(&line, &size, stdin)) > 0 && !ferror(stdout)) {
		number++;
		if (!convert_line(c, line, (size_t)len, &err))
			continue;
		message_error("line %llu: %s", (unsigned long long)number, err.text);
		status = 2;
	}
	free(line);
	if (ferror(stdin)) {
		message_error("standard input: %s", strerror(errno));
		status = 2;
	}
	return status;
}

int convert_run(const struct conf *conf)
{
	static struct encode to;
	enum encode_profile from = PROFILES;
	struct conf target = *conf;
	struct convert *c;
	struct err err;
	int status;

	target.profile = conf->to;
	if ((conf->from && records_profile(conf->from, "--from", &from, &err)) ||
	    records_profile(conf->to, "--to", &(enum encode_profile){0}, &err) || records_init(&to, &target, &err)) {
		message_error("%s", err.text);
		return 1;
	}
	if (isatty(STDIN_FILENO)) {
		message_error("standard input is a terminal: give the lines, as in `tapline convert --to %s < lines`",
			      conf->to);
		encode_fini(&to);
		return 1;
	}
	c = convert_new(&to, from, conf->ts_digits != TS_DIGITS_DEFAULT, stdout);
	status = c ? all_lines(c) : 2;
	if (!c)
		message_error("no memory to convert lines");
	convert_free(c);
	encode_fini(&to);
	return status;
}
