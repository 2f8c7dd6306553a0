/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lines.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

struct err notice, err;

static char folder[] = "/tmp/tapline-test-XXXXXX";

int make_folder(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	return mkdtemp(folder) ? 0 : -1;
}

int remove_folder(void **state)
{
	char command[64];

	(void)state;
	umount(in_folder("disk"));
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

bool small_disk(void)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return false;
	mkdir(in_folder("disk"), 0700);
	return mount("tmpfs", in_folder("disk"), "tmpfs", 0, "size=1m") == 0;
}

const char *in_folder(const char *name)
{
	static char path[2][256];
	static int which;

	which = !which;
	snprintf(path[which], sizeof(path[which]), "%s/%s", folder, name);
	return path[which];
}

void write_file(const char *path, const void *data, size_t len)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

char *read_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "r");
	char *text = malloc(FILE_MAX + 1);

	assert_non_null(f);
	assert_non_null(text);
	*len = fread(text, 1, FILE_MAX, f);
	fclose(f);
	text[*len] = '\0';
	return text;
}

struct sink *open_sink(const char *word, bool live)
{
	struct sink *s = sink_open(word, live, &notice, &err);

	if (!s)
		fail_msg("%s", err.text);
	return s;
}

void fill(struct block *b, unsigned first, unsigned n)
{
	for (unsigned i = first; i < first + n; i++) {
		b->len += (uint32_t)sprintf(b->text + b->len, "{\"n\":%u}\n", i);
		b->lines++;
	}
}

void put(struct sink *s, unsigned first, unsigned n)
{
	struct block *b;

	while (!(b = sink_get(s, WAIT_MS)))
		;
	fill(b, first, n);
	sink_put(s, b);
}

unsigned count_up(const char *text, unsigned first)
{
	unsigned n = 0;

	while (*text) {
		char expected[32];
		int len = snprintf(expected, sizeof(expected), "{\"n\":%u}\n", first + n);

		assert_int_equal(strncmp(text, expected, (size_t)len), 0);
		text += len;
		n++;
	}
	return n;
}
