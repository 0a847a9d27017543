/* SPDX-License-Identifier: Apache-2.0 */
/* vlat history - what vlat has done on this host, by whom, and what became of it. */
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"
#include "base/text.h"
#include "base/vec.h"
#include "cmd/command.h"
#include "cmd/table.h"
#include "cmd/table_out.h"
#include "journal/history.h"
#include "journal/undo.h"

struct history_cfg {
	bool json, all;
	uint32_t last;
};

static const struct history_cfg history_defaults = { .last = 20 };

static const struct option_row history_options[] = {
	OPT_FLAG(struct history_cfg, all, .name = "all", .letter = 'a',
		 .help = "also runs that changed no setting, and all of them"),
	OPT_U32(struct history_cfg, last, .name = "last", .letter = 'n', .arg = "N", .min = 1, .max = 100000, .shown = "20",
		.help = "only the latest so many"),
	OPT_FLAG(struct history_cfg, json, .name = "json", .help = "print JSON instead of a table"),
};

static const struct example history_examples[] = {
	{ .line = "vlat history", .what = "who tuned this host, when, and whether everything was put back" },
	{ .line = "vlat history --all --json", .what = "every run that is remembered, for a program to read" },
};

/* One line of the table: what was recorded, and what is so now. */
struct line {
	struct history_run run;
	const char *now;
};

static const struct line *of(const void *row)
{
	return row;
}

static void cell_began(struct sink *out, const void *row)
{
	sink_put(out, of(row)->run.began[0] ? of(row)->run.began : "?");
}

static void cell_run(struct sink *out, const void *row)
{
	sink_put(out, of(row)->run.run);
}

static void cell_what(struct sink *out, const void *row)
{
	sink_put(out, of(row)->run.why[0] ? of(row)->run.why : "?");
}

static void cell_by(struct sink *out, const void *row)
{
	sink_put(out, of(row)->run.by[0] ? of(row)->run.by : "?");
}

static void cell_changes(struct sink *out, const void *row)
{
	if (of(row)->run.end == HISTORY_OPEN)
		sink_put(out, "-");
	else
		sink_printf(out, "%zu", of(row)->run.changes);
}

static void cell_result(struct sink *out, const void *row)
{
	const struct history_run *r = &of(row)->run;

	sink_put(out, of(row)->now);
	if (r->foreign)
		sink_printf(out, "; %zu were somebody else's by then", r->foreign);
	if (r->failed)
		sink_printf(out, "; %zu could not be undone", r->failed);
	if (r->ended[0])
		sink_printf(out, ", %s", r->ended);
	if (r->ended_by[0] && !text_eq(r->ended_by, r->by))
		sink_printf(out, " by %s", r->ended_by);
}

static const struct column history_columns[] = {
	{ .name = "BEGAN", .cell = cell_began },
	{ .name = "RUN", .cell = cell_run },
	{ .name = "WHAT", .cell = cell_what, .wrap = true },
	{ .name = "BY", .cell = cell_by, .wrap = true },
	{ .name = "CHANGES", .number = true, .cell = cell_changes },
	{ .name = "RESULT", .cell = cell_result, .wrap = true },
};

/* A run without an end is in force, was killed, or its journal was removed by hand. */
static const char *state_now(const struct history_run *r, const struct revert_report *runs)
{
	static const char *const words[] = { [HISTORY_ENDED] = "undone by itself", [HISTORY_REVERTED] = "reverted",
					     [HISTORY_LEFT] = "not all undone" };

	for (size_t i = 0; i < runs->n; i++) {
		const struct revert_run *one = &runs->at[i];

		if (text_eq(one->id, r->run))
			return one->lasting			 ? "in force until reverted" :
			       one->state == REVERT_LIVE	 ? "in force" :
			       one->state == REVERT_UNREADABLE ? "its journal is unreadable: vlat revert" :
								   "its vlat is dead: vlat revert";
	}
	return r->end == HISTORY_OPEN ? "its journal is gone" : words[r->end];
}

static bool is_wanted(const struct history_run *r, const struct history_cfg *cfg)
{
	return cfg->all || r->end == HISTORY_OPEN || r->changes || r->foreign || r->failed;
}

typedef VEC(struct line) line_vec;

static void choose(const struct history *h, const struct revert_report *runs, const struct history_cfg *cfg, line_vec *ret)
{
	size_t skip;

	for (size_t i = 0; i < h->n; i++) {
		if (is_wanted(&h->at[i], cfg))
			*vec_add(ret) = (struct line){ .run = h->at[i], .now = state_now(&h->at[i], runs) };
	}
	skip = !cfg->all && ret->n > cfg->last ? ret->n - cfg->last : 0;
	if (skip)
		memmove(ret->at, ret->at + skip, (ret->n - skip) * sizeof(*ret->at));
	ret->n -= skip;
}

static int put_json(const line_vec *lines, size_t damaged, struct sink *out, struct err *err)
{
	json_t *runs = json_array(), *o;
	char *text;

	for (size_t i = 0; i < lines->n; i++) {
		json_t *one = history_run_json(&lines->at[i].run);

		json_object_set_new(one, "now", json_string(lines->at[i].now));
		json_array_append_new(runs, one);
	}
	o = json_pack("{s:i, s:o, s:I}", "format", 1, "runs", runs, "damaged_lines", (json_int_t) damaged);
	text = o ? json_dumps(o, JSON_INDENT(2)) : NULL;
	json_decref(o);
	if (!text)
		return err_set(err, -1, "a name in the history is no UTF-8 text: run without --json");
	sink_printf(out, "%s\n", text);
	free(text);
	return 0;
}

static int put_text(const line_vec *lines, const struct history *h, struct sink *out, struct err *err)
{
	struct table table = { ROWS(columns, history_columns), .rows = lines->at, .n_rows = lines->n,
			       .row_size = sizeof(struct line) };
	struct term term = term_look(1);
	int r = 0;

	if (lines->n == 0)
		sink_put(out, h->n ? "no run has changed a setting of this host; --all lists them\n"
				   : "vlat has done nothing here yet\n");
	else
		r = table_text(out, &table, &term, err);
	if (r == 0 && h->damaged)
		sink_printf(out, "%zu lines of the history could not be read\n", h->damaged);
	return r;
}

static int run_history(const struct call *call)
{
	static const struct revert_options look = { .dry_run = true, .lasting = true };
	const struct history_cfg *cfg = call->config;
	struct revert_report runs = { 0 };
	struct history h = { 0 };
	line_vec lines = { 0 };
	struct sink out = { 0 };
	struct err err = { 0 };
	int r = history_read(&h, &err);

	if (r == 0)
		r = journal_revert(&look, &runs, &err);
	if (r == 0) {
		choose(&h, &runs, cfg, &lines);
		r = cfg->json ? put_json(&lines, h.damaged, &out, &err) : put_text(&lines, &h, &out, &err);
	}
	revert_report_free(&runs);
	history_free(&h);
	vec_free(&lines);
	if (r == 0)
		return cmd_print(&out);
	sink_free(&out);
	return cmd_fail(&err);
}

const struct command cmd_history = {
	.name = "history",
	.brief = "what vlat has done on this host, and by whom",
	.text = "Lists the runs that vlat remembers, oldest first: tunings, and the measurements, studies and runs that changed "
		"a setting; when each began, who called it, how many changes it made, and what became of them. Times are "
		"UTC.\n\n"
		"The record is the file history in vlat's state folder (/var/lib/vlat for root). It holds about a thousand runs, "
		"then forgets the oldest. Nothing depends on it: what is to be undone stands in the journals.",
	ROWS(options, history_options),
	ROWS(examples, history_examples),
	CONFIG(history_defaults),
	.run = run_history,
};
