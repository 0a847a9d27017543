/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/byhand.h"
#include "agent/init.h"
#include "agent/measurement.h"
#include "agent/session.h"
#include "base/cleanup.h"
#include "base/stop.h"
#include "base/text.h"
#include "workload/procfile.h"
#include "workload/workload.h"

static int show_help(void);

static int show_version(void)
{
	printf("vlat-agent " VLAT_VERSION "\n");
	return 0;
}

/* The control line gets descriptors of its own: nothing that is printed by mistake may land in it. */
static int control(void)
{
	struct session_opts opts = { .in = fcntl(0, F_DUPFD_CLOEXEC, 3), .out = fcntl(1, F_DUPFD_CLOEXEC, 3) };
	char clocksource[64];
	struct ticks ticks;
	struct err err = { 0 };
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), r;

	if (opts.in < 0 || opts.out < 0) {
		fprintf(stderr, "vlat-agent: standard input and output must be the control line (see vlat-agent --help)\n");
		return 2;
	}
	if (null >= 0)
		dup2(null, 0);
	dup2(2, 1);
	procfile_clocksource(clocksource, sizeof(clocksource));
	ticks_init(&ticks, clocksource);
	opts.ticks = &ticks;
	opts.clocksource = clocksource;
	r = measurement_signals(&err);
	if (r == 0)
		r = session_run(&opts, &err);
	if (r < 0 && r != -EPIPE)
		fprintf(stderr, "vlat-agent: %s\n", err.text);
	return r < 0;
}

static int run_text(const char *job)
{
	struct err err = { 0 };
	int r = measurement_signals(&err);

	if (r == 0)
		r = byhand_run(job, &err);
	if (r < 0)
		fprintf(stderr, "vlat-agent: %s\n", err.text);
	return r < 0;
}

static int init(void)
{
	if (getpid() == 1)
		init_run();
	fprintf(stderr, "vlat-agent: --init is for process 1 of a virtual machine\n");
	return 2;
}

static const struct {
	const char *name, *arg, *help;
	int (*run)(void);
	int (*run_arg)(const char *arg);
} options[] = {
	{ .name = "--run", .arg = "JOB", .help = "run one job given as JSON, print its record, end", .run_arg = run_text },
	{ .name = "--init", .help = "be the init of a virtual machine (also: process 1 called init)", .run = init },
	{ .name = "--version", .help = "print the version", .run = show_version },
	{ .name = "--help", .help = "print this", .run = show_help },
};

static int show_help(void)
{
	size_t n;
	const char *const *names = workload_names(&n);

	printf("vlat-agent: measures where vlat put it: on the host, in a container, in a virtual machine.\n\n"
	       "Without options it speaks vlat's agent protocol on standard input and output.\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		printf("  %-10s %-4s %s\n", options[i].name, options[i].arg ? options[i].arg : "", options[i].help);
	printf("\nWorkloads:\n");
	for (size_t i = 0; i < n; i++)
		printf("  %-11s %s\n", names[i], workload_find(names[i])->brief);
	printf("\nExamples:\n"
	       "  vlat-agent --run '{\"workload\":\"wakeup\",\"interval_us\":1000,\"duration_s\":5}'\n"
	       "  vlat-agent --run '{\"workload\":\"tcp-rr\",\"side\":\"server\",\"port\":20000}'\n"
	       "  vlat-agent --run '{\"workload\":\"tcp-rr\",\"side\":\"client\",\"peer\":\"127.0.0.1\",\"port\":20000}'\n");
	return 0;
}

static int option_run(size_t i, int argc, char **argv)
{
	if (!options[i].run_arg && argc == 2)
		return options[i].run();
	if (options[i].run_arg && argc == 3)
		return options[i].run_arg(argv[2]);
	fprintf(stderr, "vlat-agent: %s takes %s\n", options[i].name,
		options[i].run_arg ? "one argument, a job as JSON" : "no argument");
	return 2;
}

static bool called_init(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');

	return getpid() == 1 && text_eq(slash ? slash + 1 : argv0, "init");
}

int main(int argc, char **argv)
{
	/* A kernel passes what it does not know of its command line on to init. */
	if (argc > 0 && called_init(argv[0]))
		init_run();
	signal(SIGPIPE, SIG_IGN);
	stop_install();
	if (argc < 2)
		return control();
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (text_eq(argv[1], options[i].name))
			return option_run(i, argc, argv);
	fprintf(stderr, "vlat-agent: there is no option '%s'; vlat-agent --help lists them\n", argv[1]);
	return 2;
}
