/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/conf.h"

#include "conf/value.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum option_type {
	TYPE_SECTION, /* a title in the help */
	TYPE_FLAG,
	TYPE_UNSET,
	TYPE_TEXT,
	TYPE_LIST,
	TYPE_COUNT,
	TYPE_DIGITS,
	TYPE_SIZE,
	TYPE_DURATION,
	TYPE_ACTION,
};

struct option_row {
	enum option_type type;
	size_t field; /* offset in struct conf */
	char letter;
	const char *name;
	const char *arg;
	uint64_t low, high;
	unsigned scope;
	const char *about;
};

/* Where an option has a meaning. */
enum scope {
	LIVE = 1 << 0,
	READ = 1 << 1,
	CAPTURE = LIVE | READ,
	SCHEMA = 1 << 2,
	CONVERT = 1 << 3,
	ALL = CAPTURE | SCHEMA | CONVERT,
};

static const struct option_row rows[] = {
#define SECTION(title) {.type = TYPE_SECTION, .about = title},
#define OPTION(field, letter, name, type, arg, low, high, scope, about)                                                        \
	{TYPE_##type, offsetof(struct conf, field), letter, name, arg, low, high, scope, about},
#include "conf/options.def"
};

enum {
	ROWS = sizeof(rows) / sizeof(rows[0])
};

_Static_assert((int)ROWS <= 64, "struct conf.given has a bit for each");

/* getopt's values for options: index into rows, beyond any character. */
enum {
	ROW_BASE = 1000
};

static void getopt_tables(struct option longs[ROWS + 1], char shorts[3 * ROWS + 3])
{
	*shorts++ = ':'; /* tell a missing argument from an unknown option */
	for (int i = 0; i < ROWS; i++) {
		if (rows[i].type == TYPE_SECTION)
			continue;
		*longs++ = (struct option){rows[i].name, rows[i].arg ? required_argument : no_argument, NULL, ROW_BASE + i};
		if (!rows[i].letter)
			continue;
		*shorts++ = rows[i].letter;
		if (rows[i].arg)
			*shorts++ = ':';
	}
	*longs = (struct option){0};
	*shorts = '\0';
}

/* -r, --read: as the user may know it */
static void spell(const struct option_row *row, char *out, size_t size)
{
	if (row->letter)
		snprintf(out, size, "-%c, --%s", row->letter, row->name);
	else
		snprintf(out, size, "--%s", row->name);
}

static int number(const struct option_row *row, const char *text, uint64_t *out, struct err *err)
{
	static const char *const forms[] = {
		[TYPE_COUNT] = "a whole number",
		[TYPE_DIGITS] = "0, 3, 6 or 9",
		[TYPE_SIZE] = "bytes, such as 4096, 64K, 16M or 1G",
		[TYPE_DURATION] = "a time, such as 500ms, 10s, 5m, 1h or 1d",
	};
	char name[64];
	bool ok;

	if (row->type == TYPE_SIZE)
		ok = value_size(text, out);
	else if (row->type == TYPE_DURATION)
		ok = value_duration(text, out);
	else
		ok = value_count(text, out);
	spell(row, name, sizeof(name));
	if (!ok || (row->type == TYPE_DIGITS && *out % 3))
		return err_set(err, EINVAL, "option %s: `%s` is not %s", name, text, forms[row->type]);
	if (*out >= row->low && *out <= row->high)
		return 0;
	if (row->high >= INT64_MAX)
		return err_set(err, ERANGE, "option %s: `%s` must be at least %llu", name, text, (unsigned long long)row->low);
	return err_set(err, ERANGE, "option %s: `%s` is not within %llu to %llu", name, text, (unsigned long long)row->low,
		       (unsigned long long)row->high);
}

static int set(struct conf *c, const struct option_row *row, const char *arg, struct err *err)
{
	void *field = (char *)c + row->field;
	struct conf_list *list = field;
	char name[64];

	switch (row->type) {
	case TYPE_FLAG:
	case TYPE_UNSET:
		*(bool *)field = row->type == TYPE_FLAG;
		return 0;
	case TYPE_ACTION:
		c->action = (enum conf_action)row->low;
		return 0;
	case TYPE_TEXT:
	case TYPE_LIST:
		spell(row, name, sizeof(name));
		if (!*arg)
			return err_set(err, EINVAL, "option %s: needs %s, not an empty word", name, row->arg);
		if (row->type == TYPE_TEXT && c->given & 1ull << (row - rows))
			return err_set(err, EINVAL, "option %s: is given twice; only one %s is taken", name, row->arg);
		if (row->type == TYPE_TEXT)
			*(const char **)field = arg;
		else if (list->n == CONF_READS_MAX)
			return err_set(err, E2BIG, "option %s: given more than %d times", name, CONF_READS_MAX);
		else
			list->items[list->n++] = arg;
		return 0;
	default:
		return number(row, arg, field, err);
	}
}

/* The words after the options, joined by blanks: the filter. */
static int join_expression(struct conf *c, char **words, struct err *err)
{
	size_t len = 0;
	char *p;

	c->first_word = *words;
	if (!*words)
		return 0;
	for (char **w = words; *w; w++)
		len += strlen(*w) + 1;
	c->expression = p = malloc(len);
	if (!p)
		return err_set(err, ENOMEM, "no memory for a filter of %zu bytes", len);
	for (char **w = words; *w; w++) {
		p = stpcpy(p, *w);
		*p++ = w[1] ? ' ' : '\0';
	}
	return 0;
}

/* The first word may say what is to be done, as long as no option comes before it. */
static bool subcommand(struct conf *c, int argc, char **argv)
{
	static const struct {
		const char *name;
		enum conf_action action;
	} commands[] = {{"schema", CONF_SCHEMA}, {"convert", CONF_CONVERT}};

	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		c->action = commands[i].action;
		return true;
	}
	return false;
}

/* Every option that was given has a meaning in what is to be done. */
static int check_scopes(const struct conf *c, struct err *err)
{
	static const char *const words[] = {
		[LIVE] = "a live capture, with -i",   [READ] = "captures that are read with -r",
		[CAPTURE] = "packets, with -i or -r", [SCHEMA] = "`tapline schema`",
		[CONVERT] = "`tapline convert`",      [CAPTURE | SCHEMA] = "packets and `tapline schema`",
	};
	unsigned here = c->action == CONF_SCHEMA ? SCHEMA : c->action == CONF_CONVERT ? CONVERT : c->live ? LIVE : READ;
	char name[64];

	for (int i = 0; i < ROWS; i++) {
		if (!(c->given & 1ull << i) || rows[i].scope & here)
			continue;
		spell(&rows[i], name, sizeof(name));
		return err_set(err, EINVAL, "option %s: belongs to %s", name, words[rows[i].scope]);
	}
	return 0;
}

static int check_subcommand(const struct conf *c, char **words, struct err *err)
{
	if (c->action > CONF_CONVERT) /* a list: what else was said does not matter */
		return 0;
	if (*words)
		return err_set(err, EINVAL, "`%s`: tapline schema and tapline convert take options only", *words);
	if (c->live || c->reads.n)
		return err_set(err, EINVAL,
			       "tapline schema and tapline convert read no packets: -i and -r have no place there");
	if (c->action == CONF_CONVERT && !c->to)
		return err_set(err, EINVAL, "convert to which profile? As in `tapline convert --to ecs < lines`");
	return check_scopes(c, err);
}

static int check(struct conf *c, char **words, struct err *err)
{
	if (c->action != CONF_CAPTURE)
		return check_subcommand(c, words, err);
	if (c->live && c->reads.n)
		return err_set(err, EINVAL, "-i and -r exclude each other: packets come from an interface or from captures");
	if (!c->live && !c->reads.n) {
		if (*words && access(*words, F_OK) == 0)
			return err_set(err, EINVAL, "nothing to read: did you mean `tapline -r %s`?", *words);
		return err_set(
			err, EINVAL,
			"nothing to capture from: give -i INTERFACE or -r FILE (tapline --list-interfaces lists the former, "
			"tapline --help the rest)");
	}
	if (check_scopes(c, err))
		return -EINVAL;
	if (c->follow && (c->reads.n != 1 || c->merge))
		return err_set(err, EINVAL,
			       "--follow takes one -r: captures can grow, but only one at a time can be waited for");
	return join_expression(c, words, err);
}

/* What getopt does not take: word as it was typed; letter: the one in it that is unknown, or an option's own value. */
static int not_an_option(const char *word, int letter, struct err *err)
{
	size_t len = strcspn(word, "="), n = 0;
	char fitting[256] = "";

	if (letter >= ROW_BASE)
		return err_set(err, EINVAL, "option %.*s takes no argument", (int)len, word);
	if (letter)
		return err_set(err, EINVAL, "unknown option -%c (tapline --help lists them)", letter);
	for (int i = 0; i < ROWS; i++)
		if (rows[i].name && len > 2 && !strncmp(rows[i].name, word + 2, len - 2) && n < sizeof(fitting))
			n += (size_t)snprintf(fitting + n, sizeof(fitting) - n, "%s--%s", n ? ", " : "", rows[i].name);
	if (n)
		return err_set(err, EINVAL, "option %s: could be %s", word, fitting);
	return err_set(err, EINVAL, "unknown option %s (tapline --help lists them)", word);
}

int conf_parse(struct conf *c, int argc, char **argv, struct err *err)
{
	struct option longs[ROWS + 1];
	char shorts[3 * ROWS + 3];
	int value, ret;

	*c = (struct conf){
		.output = "-",
		.profile = "sniffer",
		.records = "packet,gap",
		.ts_format = "iso",
		.format = "json-schema",
		.snaplen = 262144,
		.ts_digits = TS_DIGITS_DEFAULT,
		.workers = 1,
		.batch = 256,
		.promiscuous = true,
	};
	if (subcommand(c, argc, argv)) {
		argc--;
		argv++;
	}
	getopt_tables(longs, shorts);
	opterr = 0;
	optind = 0; /* glibc: begin anew, whatever was parsed before */
	while ((value = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const char *word = argv[optind - 1];
		int row = 0;

		if (value == ':')
			return err_set(err, EINVAL, "option %s needs an argument", word);
		if (value == '?')
			return not_an_option(word, optopt, err);
		if (value >= ROW_BASE)
			row = value - ROW_BASE;
		else
			while (rows[row].letter != value)
				row++;
		ret = set(c, &rows[row], optarg, err);
		if (ret)
			return ret;
		c->given |= 1ull << row;
		if (c->action == CONF_HELP || c->action == CONF_VERSION)
			return 0;
	}
	return check(c, argv + optind, err);
}

void conf_fini(struct conf *c)
{
	free(c->expression);
	c->expression = NULL;
}

static void help_row(const struct option_row *row, FILE *out)
{
	char left[64];
	int n;

	if (row->letter)
		n = snprintf(left, sizeof(left), "-%c, --%s", row->letter, row->name);
	else
		n = snprintf(left, sizeof(left), "    --%s", row->name);
	if (row->arg)
		snprintf(left + n, sizeof(left) - (size_t)n, " %s", row->arg);
	fprintf(out, "  %-28s %s\n", left, row->about);
}

void conf_help(FILE *out)
{
	fputs("tapline: packets in, flat JSON lines out\n"
	      "\n"
	      "  tapline -i INTERFACE [option ...] [filter expression]\n"
	      "  tapline -r FILE      [option ...] [filter expression]\n"
	      "  tapline schema       [--profile PROFILE] [--format FORMAT]\n"
	      "  tapline convert      --to PROFILE < lines\n"
	      "\n"
	      "One JSON line per IP packet on standard output, a summary on standard error at the end.\n"
	      "The filter is tcpdump's, such as `tcp port 22 and not host 192.0.2.7`.\n",
	      out);
	for (int i = 0; i < ROWS; i++) {
		if (rows[i].type == TYPE_SECTION)
			fprintf(out, "\n%s\n", rows[i].about);
		else
			help_row(&rows[i], out);
	}
	fputs("\n"
	      "Examples\n"
	      "  tapline -i eth0                                what passes eth0, until Ctrl-C\n"
	      "  tapline -i any -o /var/log/net_sniffer.json    all interfaces, appended to a file\n"
	      "  tapline -r capture.pcap tcp port 22            from a capture, filtered\n"
	      "  ssh host tcpdump -U -w - | tapline -r -        from another machine\n"
	      "\n"
	      "Exit status: 0 done, 1 usage or nothing could be opened, 2 stopped part-way (what was good is written).\n",
	      out);
}
