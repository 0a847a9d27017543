/* SPDX-License-Identifier: Apache-2.0 */
/* vlat workloads - what can be measured. */
#include <stdio.h>

#include "base/sink.h"
#include "cmd/command.h"
#include "cmd/table.h"
#include "cmd/table_out.h"
#include "workload/workload.h"

struct workloads_cfg {
	bool json;
};

static const struct workloads_cfg workloads_defaults = { .json = false };

static const struct option_row workloads_options[] = {
	OPT_FLAG(struct workloads_cfg, json, .name = "json", .help = "print JSON instead of a table"),
};

static const struct example workloads_examples[] = {
	{ .line = "vlat workloads", .what = "list what vlat can measure" },
	{ .line = "vlat workloads --json", .what = "the same for a program to read" },
};

static void cell_name(struct sink *out, const void *row)
{
	const struct workload *const *w = row;

	sink_put(out, (*w)->name);
}

static void cell_unit(struct sink *out, const void *row)
{
	const struct workload *const *w = row;

	sink_put(out, measure_unit((*w)->measure));
}

static void cell_takes(struct sink *out, const void *row)
{
	const struct workload *const *w = row;
	const struct {
		bool has;
		const char *name;
	} takes[] = {
		{ (*w)->rate, "rate" },
		{ (*w)->sizes, "sizes" },
		{ (*w)->direction, "direction" },
		{ (*w)->interval, "interval" },
		{ (*w)->memory, "set" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(takes); i++)
		if (takes[i].has)
			sink_printf(out, "%s%s", out->len ? " " : "", takes[i].name);
}

static void cell_brief(struct sink *out, const void *row)
{
	const struct workload *const *w = row;

	sink_put(out, (*w)->brief);
}

static const struct column workloads_columns[] = {
	{ .name = "WORKLOAD", .cell = cell_name },
	{ .name = "UNIT", .cell = cell_unit },
	{ .name = "TAKES", .cell = cell_takes },
	{ .name = "MEASURES", .cell = cell_brief, .wrap = true },
};

static int run_workloads(const struct call *call)
{
	const struct workloads_cfg *cfg = call->config;
	struct table table = { ROWS(columns, workloads_columns), .row_size = sizeof(const struct workload *) };
	const struct workload *rows[64];
	struct term term = term_look(1);
	struct sink out = { 0 };
	struct err err = { 0 };
	int r;

	workload_names(&table.n_rows);
	if (table.n_rows > ARRAY_SIZE(rows))
		table.n_rows = ARRAY_SIZE(rows);
	for (size_t i = 0; i < table.n_rows; i++)
		rows[i] = workload_at(i);
	table.rows = rows;
	r = cfg->json ? table_json(&out, &table, "workloads", &err) : table_text(&out, &table, &term, &err);
	return r < 0 ? cmd_fail(&err) : cmd_print(&out);
}

const struct command cmd_workloads = {
	.name = "workloads",
	.brief = "list what vlat can measure",
	.text = "Prints one line for each workload: its name as 'vlat measure' and study files use it, its unit, what it can be "
		"told, and what it measures.",
	ROWS(options, workloads_options),
	ROWS(examples, workloads_examples),
	CONFIG(workloads_defaults),
	.run = run_workloads,
};
