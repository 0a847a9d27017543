/* SPDX-License-Identifier: Apache-2.0 */
/* vlat knobs - what vlat knows to tune. */
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"
#include "base/vec.h"
#include "cmd/command.h"
#include "cmd/table.h"
#include "cmd/table_out.h"
#include "knob/doc.h"
#include "knob/knob.h"

struct knobs_cfg {
	bool json, markdown, all;
};

static const struct knobs_cfg knobs_defaults = { .json = false };

static const struct option_row knobs_options[] = {
	OPT_FLAG(struct knobs_cfg, json, .name = "json", .help = "print JSON instead of a table"),
	OPT_FLAG(struct knobs_cfg, all, .name = "all", .help = "with those that only vlat audit looks at"),
	OPT_FLAG(struct knobs_cfg, markdown, .name = "markdown", .help = "print docs/knobs.md: all that is known of each"),
};

static const struct example knobs_examples[] = {
	{ .line = "vlat knobs", .what = "list what the tuning level vlat looks at" },
	{ .line = "vlat knobs --markdown | less", .what = "read why, at what cost, and where that is known from" },
};

static void cell_id(struct sink *out, const void *row)
{
	sink_put(out, (*(const struct knob *const *) row)->id);
}

static void cell_when(struct sink *out, const void *row)
{
	static const char *const words[] = {
		[KNOB_LIVE] = "live",     [KNOB_START] = "start", [KNOB_BOOT] = "boot",         [KNOB_OTHER] = "other",
		[KNOB_MODULE] = "module", [KNOB_VM] = "vm",       [KNOB_FIRMWARE] = "firmware",
	};

	sink_put(out, words[(*(const struct knob *const *) row)->when]);
}

static void cell_security(struct sink *out, const void *row)
{
	sink_put(out, (*(const struct knob *const *) row)->security ? "lowered" : "");
}

static void cell_title(struct sink *out, const void *row)
{
	sink_put(out, (*(const struct knob *const *) row)->title);
}

static void cell_why(struct sink *out, const void *row)
{
	sink_put(out, (*(const struct knob *const *) row)->why);
}

static void cell_cost(struct sink *out, const void *row)
{
	sink_put(out, (*(const struct knob *const *) row)->cost);
}

static const struct column knobs_columns[] = {
	{ .name = "KNOB", .cell = cell_id },           { .name = "EFFECT", .cell = cell_when },
	{ .name = "SECURITY", .cell = cell_security }, { .name = "WHAT", .cell = cell_title, .wrap = true },
	{ .name = "WHY", .cell = cell_why },           { .name = "COST", .cell = cell_cost },
};

/* The last two are sentences: for JSON only. */
#define COLUMNS_OF_TEXT (ARRAY_SIZE(knobs_columns) - 2)

static int by_id(const void *a, const void *b)
{
	return strcmp((*(const struct knob *const *) a)->id, (*(const struct knob *const *) b)->id);
}

static int run_knobs(const struct call *call)
{
	const struct knobs_cfg *cfg = call->config;
	struct table table = { ROWS(columns, knobs_columns), .rows = knob_table, .n_rows = knob_count,
			       .row_size = sizeof(knob_table[0]) };
	VEC(const struct knob *) all = { 0 };
	struct term term = term_look(1);
	struct sink out = { 0 };
	struct err err = { 0 };
	int r = 0;

	if (cfg->json && cfg->markdown)
		return cmd_usage(call, "--json and --markdown are two ways to print the same: choose one");
	for (size_t i = 0; cfg->all && knob_at(i); i++)
		*vec_add(&all) = knob_at(i);
	if (cfg->all) {
		qsort(all.at, all.n, sizeof(all.at[0]), by_id);
		table.rows = all.at;
		table.n_rows = all.n;
	}
	if (cfg->markdown) {
		knob_doc(&out);
	} else if (cfg->json) {
		r = table_json(&out, &table, "knobs", &err);
	} else {
		table.n_columns = COLUMNS_OF_TEXT;
		r = table_text(&out, &table, &term, &err);
	}
	vec_free(&all);
	return r < 0 ? cmd_fail(&err) : cmd_print(&out);
}

const struct command cmd_knobs = {
	.name = "knobs",
	.brief = "list what vlat knows to tune",
	.text = "Prints one line for each knob of the tuning level 'vlat'. EFFECT tells when it takes effect: 'live' ones are "
		"written and put back, 'start' ones are given to the measured threads, all others are only reported. What a "
		"knob would do on this machine is what 'vlat plan' prints.",
	ROWS(options, knobs_options),
	ROWS(examples, knobs_examples),
	CONFIG(knobs_defaults),
	.run = run_knobs,
};
