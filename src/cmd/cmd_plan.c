/* SPDX-License-Identifier: Apache-2.0 */
/* vlat plan - vlat tune without --apply, and without a profile too: what studies and runs do. Changes nothing. */
#include "base/sink.h"
#include "cmd/command.h"
#include "cmd/table.h"
#include "cmd/tune_look.h"

struct plan_cfg {
	struct tune_wish wish;
	const char *root;
	bool json;
};

static const struct plan_cfg plan_defaults = { .root = "/" };

static const struct option_row plan_options_rows[] = {
	OPT_CPUS(struct plan_cfg, wish.cpus, .name = "isolate",
		 .help = "CPUs for latency work, whole cores; else as the profile says, or chosen by topology"),
	OPT_CPUS(struct plan_cfg, wish.cpus, .name = "cpus", .help = "the same, by the name that vlat tune has for it"),
	OPT_WORD(struct plan_cfg, wish.level, .name = "level", .arg = "LEVEL", .choices = level_names,
		 .shown = "as the profile says", .help = "with PROFILE: how far to go: safe, standard or extreme"),
	OPT_STR(struct plan_cfg, wish.only, .name = "only", .arg = "KNOB,...", .help = "these knobs alone"),
	OPT_STR(struct plan_cfg, wish.skip, .name = "skip", .arg = "KNOB,...", .help = "all but these knobs"),
	OPT_FLAG(struct plan_cfg, wish.insecure, .name = "allow-insecure", .help = "with the knobs that lower security"),
	OPT_U32(struct plan_cfg, wish.vm_memory_mb, .name = "vm-memory", .arg = "MB", .max = 1u << 20,
		.help = "memory of the guests that huge pages are wanted for"),
	OPT_FILE(struct plan_cfg, root, .name = "root", .arg = "WHAT", .shown = "/",
		 .help = "a capture, or a folder with a copy of a machine's /proc and /sys, instead of this machine"),
	OPT_FLAG(struct plan_cfg, json, .name = "json", .help = "print JSON instead of text"),
};

static const struct option_row plan_args[] = {
	OPT_STR(struct plan_cfg, wish.profile, .name = "PROFILE", .optional = true,
		.help = "as for vlat tune; default: all knobs"),
};

static const struct example plan_examples[] = {
	{ .line = "vlat plan", .what = "see what would be changed here, from what to what, why, and at what cost" },
	{ .line = "vlat plan --isolate 2-3 --json", .what = "for given CPUs, for a program to read" },
	{ .line = "vlat plan vm-host", .what = "the same as vlat tune vm-host" },
	{ .line = "vlat plan realtime --level safe --skip mem.swap", .what = "only what nobody notices, without one knob" },
};

static int run_plan(const struct call *call)
{
	const struct plan_cfg *cfg = call->config;
	struct tune_look look = TUNE_LOOK_INIT;
	struct sink out = { 0 };
	struct err err = { 0 };
	int r;

	if (cfg->wish.level && !cfg->wish.profile)
		return cmd_usage(call, "--level is for a profile, which says which knobs belong to it: name one (vm-host)");
	r = tune_look_make(&look, &cfg->wish, cfg->root, NULL, false, &err);

	if (r == 0 && cfg->json)
		r = tune_look_json(&look, &out, &err);
	else if (r == 0)
		tune_look_text(&look, "Nothing was changed.", &out);
	tune_look_free(&look);
	return r < 0 ? cmd_fail(&err) : cmd_print(&out);
}

const struct command cmd_plan = {
	.name = "plan",
	.brief = "show what tuning would change on this host",
	.text = "Another name for 'vlat tune PROFILE' without --apply: prints which CPUs keep house and which are isolated, and "
		"for each knob what is, what is wanted, why, and what it costs. What the machine does not have is 'not "
		"applicable', what it refuses is 'blocked', with the reason. Nothing is changed.\n\n"
		"Without a profile it is what the tuning level 'vlat' of a study or measurement, and vlat run, do while they "
		"last: all knobs, CPUs chosen by topology.",
	ROWS(options, plan_options_rows),
	ROWS(args, plan_args),
	ROWS(examples, plan_examples),
	CONFIG(plan_defaults),
	.run = run_plan,
};
