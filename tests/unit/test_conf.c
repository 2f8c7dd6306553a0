/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: every option, and what is said when one is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conf/conf.h"
#include "conf/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	WORDS_MAX = 3000
};

static struct conf conf;
static struct err err;

/* Parses words that are separated by single blanks; '_' stands for an empty word. */
static int parse(const char *line)
{
	static char copy[8192], *words[WORDS_MAX];
	int n = 0;

	conf_fini(&conf);
	snprintf(copy, sizeof(copy), "tapline %s", line);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) {
		if (!strcmp(word, "_"))
			*word = '\0';
		words[n++] = word;
	}
	words[n] = NULL;
	return conf_parse(&conf, n, words, &err);
}

static void good(const char *line)
{
	if (parse(line))
		fail_msg("%s: %s", line, err.text);
}

static void bad(const char *line, const char *says)
{
	if (!parse(line) || !strstr(err.text, says))
		fail_msg("%s: `%s` does not say `%s`", line, err.text, says);
}

static void defaults(void **state)
{
	(void)state;
	good("-i eth0");
	assert_string_equal(conf.live, "eth0");
	assert_string_equal(conf.output, "-");
	assert_null(conf.expression);
	assert_int_equal(conf.count, 0);
	assert_int_equal(conf.duration, 0);
	assert_int_equal(conf.snaplen, 262144);
	assert_int_equal(conf.ring, 0);
	assert_int_equal(conf.ts_digits, TS_DIGITS_DEFAULT);
	assert_int_equal(conf.batch, 256);
	assert_true(conf.promiscuous);
	assert_false(conf.quiet);
	assert_int_equal(conf.action, CONF_CAPTURE);
}

static void short_and_long(void **state)
{
	static const char *const lines[] = {
		"-i lo -c 7 --duration 10s -p -s 128 -B 16M -o x --ts-digits 9 -q --batch 3 tcp port 22",
		("--interface lo --count 7 --duration=10s --no-promiscuous --snaplen=128 --ring 16M --output=x --ts-digits=9 "
		 "--quiet --batch=3 tcp port 22"),
		"tcp -i lo port -c7 22 --duration 10 -p -s128 -B16777216 -ox --ts-digits 9 -q --batch 3",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		good(lines[i]);
		assert_string_equal(conf.live, "lo");
		assert_int_equal(conf.count, 7);
		assert_int_equal(conf.duration, 10000000000);
		assert_false(conf.promiscuous);
		assert_int_equal(conf.snaplen, 128);
		assert_int_equal(conf.ring, 16 << 20);
		assert_string_equal(conf.output, "x");
		assert_int_equal(conf.ts_digits, 9);
		assert_true(conf.quiet);
		assert_int_equal(conf.batch, 3);
		assert_string_equal(conf.expression, "tcp port 22");
		assert_string_equal(conf.first_word, "tcp");
	}
}

static void several_captures(void **state)
{
	char line[8192] = "";

	(void)state;
	good("-r a -r - -r synth:mix");
	assert_int_equal(conf.reads.n, 3);
	assert_string_equal(conf.reads.items[1], "-");
	for (int i = 0; i < CONF_READS_MAX; i++)
		strcat(line, "-r a ");
	good(line);
	assert_int_equal(conf.reads.n, CONF_READS_MAX);
	strcat(line, "-r a");
	bad(line, "option -r, --read: given more than 1024 times");
}

static void actions(void **state)
{
	(void)state;
	good("--help --nonsense");
	assert_int_equal(conf.action, CONF_HELP);
	good("-V");
	assert_int_equal(conf.action, CONF_VERSION);
	good("-D");
	assert_int_equal(conf.action, CONF_LIST_INTERFACES);
	good("--list-sources");
	assert_int_equal(conf.action, CONF_LIST_SOURCES);
	good("--list-sinks");
	assert_int_equal(conf.action, CONF_LIST_SINKS);
	good("--list-fields");
	assert_int_equal(conf.action, CONF_LIST_FIELDS);
}

static void mistakes(void **state)
{
	char name[] = "/tmp/tapline-test-XXXXXX", line[128], says[128];

	(void)state;
	bad("", "nothing to capture from: give -i INTERFACE or -r FILE");
	bad("tcp", "nothing to capture from");
	bad("-i a -r b", "-i and -r exclude each other");
	bad("--frob", "unknown option --frob");
	bad("-z", "unknown option -z");
	bad("-qz", "unknown option -z");
	bad("-c", "option -c needs an argument");
	bad("--count", "option --count needs an argument");
	bad("--quiet=yes", "--quiet");
	bad("-c x", "option -c, --count: `x` is not a whole number");
	bad("-c 0", "`0` must be at least 1");
	bad("-c -1", "`-1` is not a whole number");
	bad("-c 18446744073709551616", "is not a whole number");
	bad("-s 10", "option -s, --snaplen: `10` is not within 64 to 262144");
	bad("--ts-digits 4", "`4` is not 0, 3, 6 or 9");
	bad("--ts-digits 12", "`12` is not within 0 to 9");
	bad("--duration 5x", "`5x` is not a time, such as 500ms");
	bad("--duration 0", "must be at least 1");
	bad("-B 7Q", "`7Q` is not bytes");
	bad("--batch 257", "`257` is not within 1 to 256");
	bad("-o _", "needs FILE, not an empty word");
	bad("-i _", "needs INTERFACE");
	close(mkstemp(name));
	snprintf(line, sizeof(line), "%s tcp", name);
	snprintf(says, sizeof(says), "did you mean `tapline -r %s`?", name);
	bad(line, says);
	unlink(name);
}

static void values(void **state)
{
	static const struct {
		bool (*parse)(const char *text, uint64_t *out);
		const char *text;
		bool ok;
		uint64_t value;
	} cases[] = {
		{value_count, "18446744073709551615", true, UINT64_MAX},
		{value_count, "", false, 0},
		{value_count, "1 ", false, 0},
		{value_count, " 1", false, 0},
		{value_count, "+1", false, 0},
		{value_count, "0x10", false, 0},
		{value_size, "64K", true, 65536},
		{value_size, "3G", true, 3ull << 30},
		{value_size, "17179869183G", true, 17179869183ull << 30},
		{value_size, "17179869184G", false, 0},
		{value_size, "1k", false, 0},
		{value_duration, "500ms", true, 500000000},
		{value_duration, "2d", true, 172800000000000},
		{value_duration, "1h", true, 3600000000000},
		{value_duration, "5m", true, 300000000000},
		{value_duration, "30", true, 30000000000},
		{value_duration, "213503d", true, 18446659200000000000u},
		{value_duration, "213504d", false, 0},
		{value_duration, "s", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t value = 0;

		if (cases[i].parse(cases[i].text, &value) != cases[i].ok || (cases[i].ok && value != cases[i].value))
			fail_msg("`%s`: %llu", cases[i].text, (unsigned long long)value);
	}
}

/* Every option of the table stands in the help. */
static void help_is_whole(void **state)
{
	static const char *const names[] = {
#define SECTION(title)
#define OPTION(field, letter, name, type, arg, low, high, scope, about) "--" name,
#include "conf/options.def"
	};
	char text[16384] = {0};
	FILE *out = fmemopen(text, sizeof(text) - 1, "w");

	(void)state;
	conf_help(out);
	fclose(out);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_non_null(strstr(text, names[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),      cmocka_unit_test(short_and_long), cmocka_unit_test(several_captures),
		cmocka_unit_test(actions),       cmocka_unit_test(mistakes),       cmocka_unit_test(values),
		cmocka_unit_test(help_is_whole),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	conf_fini(&conf);
	return failed;
}
