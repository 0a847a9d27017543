/* SPDX-License-Identifier: Apache-2.0 */
/* vlat plan - what the tuning level `vlat` would change on this host. Changes nothing. */
#include "base/sink.h"
#include "capture/capture.h"
#include "cmd/command.h"
#include "cmd/table.h"
#include "tune/plan.h"

struct plan_cfg {
	bool json, insecure;
	struct cpuset isolate;
	uint32_t vm_memory_mb;
	const char *root;
};

static const struct plan_cfg plan_defaults = { .root = "/" };

static const struct option_row plan_options_rows[] = {
	OPT_CPUS(struct plan_cfg, isolate, .name = "isolate",
		 .help = "CPUs for latency work, whole cores; else chosen by topology"),
	OPT_FLAG(struct plan_cfg, insecure, .name = "allow-insecure", .help = "with the knobs that lower security"),
	OPT_U32(struct plan_cfg, vm_memory_mb, .name = "vm-memory", .arg = "MB", .max = 1u << 20,
		.help = "memory of the guest that huge pages are wanted for"),
	OPT_FILE(struct plan_cfg, root, .name = "root", .arg = "WHAT", .shown = "/",
		 .help = "a capture, or a folder with a copy of a machine's /proc and /sys, instead of this machine"),
	OPT_FLAG(struct plan_cfg, json, .name = "json", .help = "print JSON instead of text"),
};

static const struct example plan_examples[] = {
	{ .line = "vlat plan", .what = "see what would be changed here, from what to what, why, and at what cost" },
	{ .line = "vlat plan --isolate 2-3 --json", .what = "for given CPUs, for a program to read" },
};

static int choose_split(const struct plan_cfg *cfg, const struct host_facts *facts, struct cpu_split *ret, struct err *err)
{
	if (!cpuset_empty(&cfg->isolate))
		return split_from_isolated(&facts->cpu, &cfg->isolate, ret, err);
	split_propose(&facts->cpu, ret);
	return 0;
}

static void put_plan(const struct plan *p, bool json, struct sink *out)
{
	json_t *steps;
	char *text;

	if (!json) {
		plan_text(p, out);
		return;
	}
	steps = plan_json(p);
	text = json_dumps(steps, JSON_INDENT(2));
	sink_printf(out, "%s\n", text ? text : "[]");
	free(text);
	json_decref(steps);
}

static int make_and_put(const struct plan_cfg *cfg, const struct fs *fs, struct sink *out, struct err *err)
{
	struct plan_options options = { .allow_insecure = cfg->insecure, .vm_memory_mb = cfg->vm_memory_mb };
	struct host_facts facts = { 0 };
	struct cpu_split split;
	struct plan *p = NULL;
	int r = host_facts_read(fs, &facts, err);

	if (r == 0)
		r = choose_split(cfg, &facts, &split, err);
	if (r == 0)
		r = plan_make(&p, fs, &facts, &split, &options, err);
	if (r == 0)
		put_plan(p, cfg->json, out);
	plan_free(p);
	host_facts_free(&facts);
	return r;
}

static int run_plan(const struct call *call)
{
	const struct plan_cfg *cfg = call->config;
	struct sink out = { 0 };
	struct err err = { 0 };
	struct fs fs;
	int r = capture_open(&fs, cfg->root, &err);

	if (r < 0)
		return cmd_fail(&err);
	r = make_and_put(cfg, &fs, &out, &err);
	fs_close(&fs);
	return r < 0 ? cmd_fail(&err) : cmd_print(&out);
}

const struct command cmd_plan = {
	.name = "plan",
	.brief = "show what tuning would change on this host",
	.text = "Reads this host and prints what the tuning level 'vlat' would do: which CPUs keep house and which are "
		"isolated, and for each knob what is, what is wanted, why, and what it costs. What the machine does not have "
		"is 'not applicable', what it refuses is 'blocked', with the reason. Nothing is changed.",
	ROWS(options, plan_options_rows),
	ROWS(examples, plan_examples),
	CONFIG(plan_defaults),
	.run = run_plan,
};
