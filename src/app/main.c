/* SPDX-License-Identifier: Apache-2.0 */
/* tapline: packets in, flat JSON lines out. */
#include "app/convert.h"
#include "app/list.h"
#include "app/message.h"
#include "app/pipeline.h"
#include "app/records.h"
#include "app/summary.h"
#include "conf/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Descriptors 0 to 2 are taken in any case, so that no socket or file of ours becomes standard output. False if that was
 * closed.
 */
static bool fill_standard_descriptors(void)
{
	bool has_output = fcntl(STDOUT_FILENO, F_GETFD) >= 0;
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
	return has_output;
}

static void on_stop(int signal)
{
	(void)signal;
	pipeline_stop = 1;
}

static void on_hangup(int signal)
{
	(void)signal;
	pipeline_reopen = 1;
}

static void handle(int signal, void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler}; /* no SA_RESTART: waiting ends */
	struct sigaction old;

	sigaction(signal, NULL, &old);
	if (old.sa_handler != SIG_IGN || handler == SIG_IGN) /* nohup, or a shell's background job: leave it so */
		sigaction(signal, &action, NULL);
}

static bool is_standard_output(const char *output)
{
	return !strcmp(output, "-") || !strcmp(output, "stdout:");
}

/* A hangup opens a file anew (log rotation); where lines go to standard output, it is the terminal that is gone. */
static void handle_signals(const struct conf *conf)
{
	handle(SIGINT, on_stop);
	handle(SIGTERM, on_stop);
	handle(SIGHUP, is_standard_output(conf->output) ? on_stop : on_hangup);
	handle(SIGPIPE, SIG_IGN);
	handle(SIGXFSZ, SIG_IGN);
}

static int finish_listing(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	if (errno == EPIPE)
		return 0;
	message_error("standard output: %s", strerror(errno));
	return 2;
}

static int list(const struct conf *conf)
{
	int status;

	switch (conf->action) {
	case CONF_CONVERT:
		status = convert_run(conf);
		return status ? status : finish_listing();
	case CONF_SCHEMA:
	case CONF_LIST_FIELDS:
		status = records_schema(conf);
		if (status)
			return status;
		break;
	case CONF_LIST_INTERFACES:
		list_interfaces(stdout);
		break;
	case CONF_LIST_SOURCES:
		list_sources(stdout);
		break;
	case CONF_LIST_SINKS:
		list_sinks(stdout);
		break;
	case CONF_HELP:
		conf_help(stdout);
		break;
	default:
		puts("tapline " TAPLINE_VERSION);
	}
	return finish_listing();
}

int main(int argc, char **argv)
{
	static struct conf conf;
	struct totals totals;
	struct err err;
	bool started, has_output;
	int status;

	has_output = fill_standard_descriptors();
	if (conf_parse(&conf, argc, argv, &err)) {
		message_error("%s", err.text);
		return 1;
	}
	if (!has_output && (conf.action != CONF_CAPTURE || is_standard_output(conf.output))) {
		message_error("standard output is closed: give the lines a place with -o");
		return 1;
	}
	handle(SIGPIPE, SIG_IGN);
	if (conf.action != CONF_CAPTURE)
		return list(&conf);
	handle_signals(&conf);
	status = pipeline_run(&conf, &totals, &started);
	if (started && !conf.quiet)
		summary_print(&totals, stderr);
	if (totals.digests)
		fclose(totals.digests);
	free(totals.digest_text);
	conf_fini(&conf);
	return status;
}
