/* SPDX-License-Identifier: Apache-2.0 */
/* vlat status - what vlat has in force on this host, and what somebody else has changed of it since. */
#include <stdlib.h>

#include "base/sink.h"
#include "base/text.h"
#include "cmd/command.h"
#include "cmd/table.h"
#include "cmd/tune_hold.h"
#include "journal/undo.h"

struct status_cfg {
	bool json;
};

static const struct status_cfg status_defaults = { .json = false };

static const struct option_row status_options[] = {
	OPT_FLAG(struct status_cfg, json, .name = "json", .help = "print JSON instead of text"),
};

static const struct example status_examples[] = {
	{ .line = "vlat status", .what = "what is in force here, and whether it still is as vlat left it" },
};

static const struct exit_row status_exits[] = {
	{ .code = EXIT_OK, .meaning = "all that is in force is as vlat left it, or nothing is" },
	{ .code = EXIT_NO, .meaning = "somebody has changed a setting since, or a dead run has left something" },
};

/*
 * A change of a live run that undoing would put back is in force.  A setting
 * that is as it was before has been put back by somebody, unless the kernel
 * had refused the change in the first place.
 */
static bool has_drifted(const struct undo_item *it)
{
	return it->state == UNDO_FOREIGN || (it->state == UNDO_SAME && it->what[0] == '/' && !text_eq(it->text, UNDO_REFUSED));
}

static size_t drifted(const struct revert_run *run)
{
	size_t n = 0;

	for (size_t i = 0; i < run->report.n; i++)
		n += has_drifted(&run->report.at[i]);
	return n;
}

static bool is_fine(const struct revert_run *run)
{
	return run->state == REVERT_LIVE && drifted(run) == 0;
}

static void put_drift(struct sink *out, const struct revert_run *run)
{
	for (size_t i = 0; i < run->report.n; i++) {
		const struct undo_item *it = &run->report.at[i];

		if (has_drifted(it))
			sink_printf(out, "  drifted  %s: %s\n", it->what, it->text[0] ? it->text : "it is as it was before vlat");
	}
}

static void put_run(struct sink *out, const struct revert_run *run)
{
	const size_t *n = run->report.count;

	sink_printf(out, "run %s (%s, since %s): ", run->id, run->why[0] ? run->why : "?", run->created[0] ? run->created : "?");
	if (run->state != REVERT_LIVE) {
		sink_printf(out, "its process is dead; vlat revert puts back what it left\n%s%s%s", run->text[0] ? "  " : "",
			    run->text, run->text[0] ? "\n" : "");
		return;
	}
	sink_printf(out, "held by process %ld\n  %zu changes as vlat left them", run->pid, n[UNDO_DONE]);
	if (n[UNDO_VOID])
		sink_printf(out, ", %zu about things that have ended since", n[UNDO_VOID]);
	if (n[UNDO_FAILED])
		sink_printf(out, ", %zu that cannot be looked at", n[UNDO_FAILED]);
	sink_printf(out, ", %zu drifted\n", drifted(run));
	put_drift(out, run);
}

static json_t *runs_json(const struct revert_report *report)
{
	json_t *all = json_array();

	for (size_t i = 0; i < report->n; i++) {
		const struct revert_run *run = &report->at[i];
		json_t *drift = json_array();

		for (size_t k = 0; run->state == REVERT_LIVE && k < run->report.n; k++) {
			const struct undo_item *it = &run->report.at[k];

			if (has_drifted(it))
				json_array_append_new(drift, json_pack("{s:s, s:s}", "what", it->what, "text", it->text));
		}
		json_array_append_new(all,
				      json_pack("{s:s, s:s, s:s, s:i, s:b, s:i, s:o}", "run", run->id, "why", run->why, "created",
						run->created, "pid", (int) run->pid, "alive", run->state == REVERT_LIVE,
						"in_force", (int) run->report.count[UNDO_DONE], "drift", drift));
	}
	return json_pack("{s:i, s:o}", "format", 1, "runs", all);
}

static int put_json(const struct revert_report *report, struct sink *out, struct err *err)
{
	json_t *o = runs_json(report);
	char *text = o ? json_dumps(o, JSON_INDENT(2)) : NULL;

	json_decref(o);
	if (!text)
		return err_set(err, -1, "a name in the journal is no UTF-8 text: run without --json");
	sink_printf(out, "%s\n", text);
	free(text);
	return 0;
}

static int run_status(const struct call *call)
{
	static const struct revert_options look = { .dry_run = true, .look = true };
	const struct status_cfg *cfg = call->config;
	struct revert_report report = { 0 };
	struct sink out = { 0 };
	struct err err = { 0 };
	bool fine = true;
	int r = journal_revert(&look, &report, &err);

	for (size_t i = 0; r == 0 && i < report.n; i++)
		fine = fine && is_fine(&report.at[i]);
	if (r == 0 && cfg->json)
		r = put_json(&report, &out, &err);
	for (size_t i = 0; r == 0 && !cfg->json && i < report.n; i++)
		put_run(&out, &report.at[i]);
	if (r == 0 && !cfg->json && report.n == 0)
		sink_put(&out, "nothing is in force\n");
	revert_report_free(&report);
	if (r < 0)
		return cmd_fail(&err);
	r = cmd_print(&out);
	return r == EXIT_OK && !fine ? EXIT_NO : r;
}

const struct command cmd_status = {
	.name = "status",
	.brief = "show what vlat has in force here, and what has drifted",
	.text = "Lists the tunings, studies and measurements that have this host changed at this moment. For each setting in the "
		"journal it looks whether it still is as vlat left it: one that somebody has put back or changed since has "
		"drifted. Changes nothing.",
	ROWS(options, status_options),
	ROWS(examples, status_examples),
	ROWS(exits, status_exits),
	CONFIG(status_defaults),
	.run = run_status,
};
