/* SPDX-License-Identifier: Apache-2.0 */
/* vlat ps - what `vlat run` has started. */
#include <string.h>

#include "base/clock.h"
#include "base/sink.h"
#include "base/text.h"
#include "cmd/command.h"
#include "cmd/table.h"
#include "cmd/table_out.h"
#include "run/registry.h"

struct ps_cfg {
	bool json;
};

static const struct ps_cfg ps_defaults = { .json = false };

static const struct option_row ps_options[] = {
	OPT_FLAG(struct ps_cfg, json, .name = "json", .help = "print JSON instead of a table"),
};

static const struct example ps_examples[] = {
	{ .line = "vlat ps", .what = "every run: where it runs, how, for how long" },
	{ .line = "vlat ps --json", .what = "the same for a program to read" },
};

static const struct run_record *rec(const void *row)
{
	return row;
}

static void cell_name(struct sink *out, const void *row)
{
	sink_put(out, rec(row)->name);
}

static void cell_kind(struct sink *out, const void *row)
{
	sink_put(out, run_kind_name(rec(row)->kind));
}

static void cell_state(struct sink *out, const void *row)
{
	sink_put(out, run_state_name(rec(row)->state));
}

static void cell_cpus(struct sink *out, const void *row)
{
	char list[2048];

	sink_put(out, cpuset_empty(&rec(row)->cpus) ? "any" : cpuset_list(&rec(row)->cpus, list, sizeof(list)));
}

static void cell_tuning(struct sink *out, const void *row)
{
	sink_put(out, rec(row)->tuning);
}

static void cell_policy(struct sink *out, const void *row)
{
	sink_put(out, rec(row)->policy);
}

static void cell_datapath(struct sink *out, const void *row)
{
	sink_put(out, rec(row)->datapath[0] ? rec(row)->datapath : "-");
}

static void cell_pages(struct sink *out, const void *row)
{
	unsigned kb = rec(row)->hugepage_kb;

	if (rec(row)->kind != RUN_VM)
		sink_put(out, "-");
	else
		sink_put(out, kb == 1048576 ? "1 GiB" : kb == 2048 ? "2 MiB" : "4 KiB");
}

static double uptime_s(const struct run_record *r)
{
	uint64_t now = clock_wall_ns();

	return r->started_wall_ns && now > r->started_wall_ns ? (double) (now - r->started_wall_ns) / 1e9 : 0;
}

static void cell_up(struct sink *out, const void *row)
{
	char buf[48];

	sink_put(out, rec(row)->state == RUN_DEAD ? "-" : text_seconds(buf, sizeof(buf), uptime_s(rec(row))));
}

static void cell_what(struct sink *out, const void *row)
{
	if (rec(row)->state == RUN_DEAD)
		sink_put(out, "its vlat was killed: vlat revert");
	else
		sink_put(out, rec(row)->what);
}

static const struct column ps_columns[] = {
	{ .name = "NAME", .cell = cell_name },
	{ .name = "KIND", .cell = cell_kind },
	{ .name = "STATE", .cell = cell_state },
	{ .name = "CPUS", .cell = cell_cpus },
	{ .name = "TUNING", .cell = cell_tuning },
	{ .name = "POLICY", .cell = cell_policy },
	{ .name = "NETWORK", .cell = cell_datapath },
	{ .name = "PAGES", .cell = cell_pages },
	{ .name = "UP", .cell = cell_up },
	{ .name = "WHAT", .cell = cell_what, .wrap = true },
};

static void put_json(const struct run_records *all, struct sink *out)
{
	json_t *runs = json_array();
	char *text;

	for (size_t i = 0; i < all->n; i++) {
		json_t *o = run_record_json(&all->at[i]);

		json_object_del(o, "format");
		json_object_set_new(o, "uptime_s", json_real(uptime_s(&all->at[i])));
		json_array_append_new(runs, o);
	}
	runs = json_pack("{s:i, s:o}", "format", 1, "runs", runs);
	text = json_dumps(runs, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
	sink_printf(out, "%s\n", text ? text : "null");
	free(text);
	json_decref(runs);
}

static int run_ps(const struct call *call)
{
	const struct ps_cfg *cfg = call->config;
	struct run_records all = { 0 };
	struct table table = { ROWS(columns, ps_columns), .row_size = sizeof(struct run_record) };
	struct term term = term_look(1);
	struct sink out = { 0 };
	struct err err = { 0 };
	int r = registry_list(&all, &err);

	table.rows = all.at;
	table.n_rows = all.n;
	if (r == 0 && cfg->json)
		put_json(&all, &out);
	else if (r == 0 && all.n == 0)
		sink_put(&out, "nothing runs: vlat run starts something\n");
	else if (r == 0)
		r = table_text(&out, &table, &term, &err);
	run_records_free(&all);
	return r < 0 ? cmd_fail(&err) : cmd_print(&out);
}

const struct command cmd_ps = {
	.name = "ps",
	.brief = "list what vlat run has started",
	.text = "Prints one line for each run: its CPUs and whether they are set apart ('isolated') or shared with others "
		"('pinned'), the scheduling policy of its threads, its network, the pages behind a virtual machine's memory, "
		"and how long it has been up. A run whose vlat was killed is 'dead' until 'vlat revert' has cleaned up after "
		"it.",
	ROWS(options, ps_options),
	ROWS(examples, ps_examples),
	CONFIG(ps_defaults),
	.run = run_ps,
};
