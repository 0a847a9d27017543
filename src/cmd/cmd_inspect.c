/* SPDX-License-Identifier: Apache-2.0 */
/* vlat inspect - what this machine is. Changes nothing, needs no root. */
#include "base/sink.h"
#include "capture/capture.h"
#include "cmd/command.h"
#include "cmd/inspect_text.h"
#include "cmd/table.h"

struct inspect_cfg {
	bool json;
	const char *root;
};

static const struct inspect_cfg inspect_defaults = { .root = "/" };

static const struct option_row inspect_options[] = {
	OPT_FILE(struct inspect_cfg, root, .name = "root", .arg = "WHAT", .shown = "/",
		 .help = "a capture, or a folder with a copy of a machine's /proc and /sys, instead of this machine"),
	OPT_FLAG(struct inspect_cfg, json, .name = "json", .help = "print JSON with everything instead of an overview"),
};

static const struct example inspect_examples[] = {
	{ .line = "vlat inspect", .what = "see what this machine is, as far as latency asks" },
	{ .line = "vlat inspect --json | jq .cpu.isolated", .what = "for a program to read" },
	{ .line = "vlat inspect --root server7.tar.zst", .what = "of a machine that somebody captured" },
};

static void put_json(const struct machine_facts *m, struct sink *out)
{
	json_t *json = machine_facts_json(m);
	char *text = json_dumps(json, JSON_INDENT(2));

	sink_printf(out, "%s\n", text ? text : "{}");
	free(text);
	json_decref(json);
}

static int look(const struct inspect_cfg *cfg, const struct fs *fs, struct sink *out, struct err *err)
{
	struct machine_facts m;
	struct term term = term_look(1);
	int r = machine_facts_read(fs, &m, err);

	if (r < 0)
		return r;
	if (cfg->json)
		put_json(&m, out);
	else
		inspect_text(&m, &term, out);
	machine_facts_free(&m);
	return 0;
}

static int run_inspect(const struct call *call)
{
	const struct inspect_cfg *cfg = call->config;
	struct sink out = { 0 };
	struct err err = { 0 };
	struct fs fs;
	int r = capture_open(&fs, cfg->root, &err);

	if (r < 0)
		return cmd_fail_as(EXIT_USAGE, &err);
	fs_keep(&fs);
	r = look(cfg, &fs, &out, &err);
	fs_close(&fs);
	if (r < 0) {
		sink_free(&out);
		return cmd_fail_as(EXIT_USAGE, &err);
	}
	return cmd_print(&out);
}

const struct command cmd_inspect = {
	.name = "inspect",
	.brief = "show what this machine is, as far as latency asks",
	.text = "Reads this machine and prints what it is: CPUs and what belongs together, the kernel and what of its command "
		"line took effect, memory and huge pages, power management, interrupts and where they go, network interfaces, "
		"KVM, control groups, and programs that set the same things as a tuner. Takes a fraction of a second, needs no "
		"root and changes nothing. What cannot be seen from here is listed at the end, with what would help.\n\n"
		"These are facts without an opinion; 'vlat audit' says what to make of them. docs/inspect.md has the names of "
		"the JSON members.",
	ROWS(options, inspect_options),
	ROWS(examples, inspect_examples),
	CONFIG(inspect_defaults),
	.run = run_inspect,
};
