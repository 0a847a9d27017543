/* SPDX-License-Identifier: Apache-2.0 */
/* vlat stop - end a run, and put back what was changed for it. */
#include "base/clock.h"
#include "cmd/command.h"
#include "cmd/table.h"
#include "run/run.h"

struct stop_cfg {
	const char *name;
	bool now;
	uint64_t timeout_ns;
};

static const struct stop_cfg stop_defaults = { .timeout_ns = 120 * NS_PER_S };

static const struct option_row stop_options[] = {
	OPT_FLAG(struct stop_cfg, now, .name = "now", .help = "do not ask it first: switch a VM off, kill a command"),
	OPT_DURATION(struct stop_cfg, timeout_ns, .name = "timeout", .shown = "2m",
		     .help = "how long to wait until it is gone and all is put back"),
};

static const struct option_row stop_args[] = {
	OPT_STR(struct stop_cfg, name, .name = "NAME", .help = "as vlat ps shows it"),
};

static const struct example stop_examples[] = {
	{ .line = "vlat stop db", .what = "shut the virtual machine 'db' down" },
	{ .line = "vlat stop --now db", .what = "the same without asking it" },
};

static const struct exit_row stop_exits[] = {
	{ .code = EXIT_OK, .meaning = "it has ended" },
};

static int run_stop_command(const struct call *call)
{
	const struct stop_cfg *cfg = call->config;
	struct err err = { 0 };

	return run_stop(cfg->name, cfg->now, cfg->timeout_ns, &err) < 0 ? cmd_fail(&err) : EXIT_OK;
}

const struct command cmd_stop = {
	.name = "stop",
	.brief = "end what vlat run has started",
	.text = "Asks a run to end (a virtual machine by its power button, a command by SIGTERM) and returns when it has, and "
		"everything that was changed for it is put back. What does not end within its --grace is ended by force.",
	ROWS(options, stop_options),
	ROWS(args, stop_args),
	ROWS(examples, stop_examples),
	ROWS(exits, stop_exits),
	CONFIG(stop_defaults),
	.run = run_stop_command,
};
