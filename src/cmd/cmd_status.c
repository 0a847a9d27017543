/* SPDX-License-Identifier: Apache-2.0 */
/* vlat status - what vlat has in force on this host, and what somebody else has changed of it since. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/sink.h"
#include "base/text.h"
#include "boot/verify.h"
#include "cmd/command.h"
#include "cmd/table.h"
#include "cmd/tune_confirm.h"
#include "keep/author.h"
#include "keep/force.h"
#include "keep/store.h"
#include "keep/unit.h"

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

/* All that status tells, read before anything is put. */
struct status {
	struct fs fs;
	struct revert_report report;
	bool stored;
	struct stored kept;
	struct cards cards; /* of today */
	struct boot_report boot;
	struct confirm_state confirm;
	char trouble[320]; /* why what is stored cannot be read; "" */
};

static int look(struct status *s, struct err *err)
{
	struct err why = { 0 };
	int r = fs_open_root(&s->fs, "/", err);

	if (r == 0)
		r = force_look(&s->report, err);
	if (r < 0)
		return r;
	r = stored_load("", &s->kept, &why);
	s->stored = r == 0;
	if (r < 0 && r != -ENOENT)
		text_print(s->trouble, sizeof(s->trouble), "%.300s", why.text);
	cards_read(&s->fs, &s->cards);
	confirm_look(&s->confirm);
	return boot_verify(&s->fs, &s->boot, err);
}

static void forget(struct status *s)
{
	revert_report_free(&s->report);
	stored_free(&s->kept);
	cards_free(&s->cards);
	boot_report_free(&s->boot);
	fs_close(&s->fs);
}

static bool is_fine(const struct status *s)
{
	for (size_t i = 0; i < s->report.n; i++)
		if (s->report.at[i].state != REVERT_LIVE || force_count_drifted(&s->report.at[i]))
			return false;
	return !s->trouble[0] && !(s->boot.booted && s->boot.missing);
}

static void put_drift(struct sink *out, const struct status *s, const struct revert_run *run)
{
	struct author author;
	char who[320];

	if (!force_count_drifted(run))
		return;
	author_open(&author, &s->fs, run->created);
	for (size_t i = 0; i < run->report.n; i++) {
		const struct undo_item *it = &run->report.at[i];

		if (!force_drifted(it))
			continue;
		author_guess(&author, it->what, who, sizeof(who));
		sink_printf(out, "  drifted  %s: %s\n           by: %s\n", it->what,
			    it->text[0] ? it->text : "it is as it was before vlat", who);
	}
	author_close(&author);
}

static bool is_unconfirmed(const struct status *s, const struct revert_run *run)
{
	return s->confirm.waits && text_eq(s->confirm.run, run->id);
}

static void put_run(struct sink *out, const struct status *s, const struct revert_run *run)
{
	const size_t *n = run->report.count;

	sink_printf(out, "run %s (%s, since %s): ", run->id, run->why[0] ? run->why : "?", run->created[0] ? run->created : "?");
	if (run->state != REVERT_LIVE) {
		sink_printf(out, "its process is dead; vlat revert puts back what it left\n%s%s%s", run->text[0] ? "  " : "",
			    run->text, run->text[0] ? "\n" : "");
		return;
	}
	if (run->lasting)
		sink_put(out, "lasts over reboots, until vlat revert\n");
	else
		sink_printf(out, "held by process %ld\n", run->pid);
	sink_printf(out, "  %zu changes as vlat left them", n[UNDO_DONE]);
	if (n[UNDO_VOID])
		sink_printf(out, ", %zu about things that have ended since", n[UNDO_VOID]);
	if (n[UNDO_FAILED])
		sink_printf(out, ", %zu that cannot be looked at", n[UNDO_FAILED]);
	sink_printf(out, ", %zu drifted\n", force_count_drifted(run));
	if (is_unconfirmed(s, run))
		sink_put(out, "  not confirmed: it is put back by itself unless vlat confirm comes in time\n");
	put_drift(out, s, run);
}

/* Cards that were there when the tuning was stored. */
static void put_missing(struct sink *out, const struct status *s)
{
	for (size_t i = 0; i < s->kept.cards.n; i++) {
		const struct card *c = &s->kept.cards.at[i], *now = card_find(&s->cards, c->address, c->port);

		if (!now)
			sink_printf(out, "  missing  %s at %s (%s)\n", c->name, c->address,
				    c->driver[0] ? c->driver : "no driver");
		else if (!text_eq(now->name, c->name))
			sink_printf(out, "  renamed  %s at %s is %s now\n", c->name, c->address, now->name);
	}
}

static void put_kept(struct sink *out, const struct status *s)
{
	if (s->trouble[0])
		sink_printf(out, "stored: %s\n", s->trouble);
	if (!s->stored)
		return;
	sink_printf(out, "stored: %s, since %s, for every boot%s\n", s->kept.profile, s->kept.written,
		    access(UNIT_FILE, F_OK) == 0 ? " (" UNIT_NAME ")"
						 : "; no unit applies it: have `vlat tune --stored` run once at boot");
	put_missing(out, s);
}

static json_t *drift_json(const struct status *s, const struct revert_run *run)
{
	json_t *all = json_array();
	struct author author;
	char who[320];

	if (run->state != REVERT_LIVE || !force_count_drifted(run))
		return all;
	author_open(&author, &s->fs, run->created);
	for (size_t i = 0; i < run->report.n; i++) {
		const struct undo_item *it = &run->report.at[i];

		if (!force_drifted(it))
			continue;
		author_guess(&author, it->what, who, sizeof(who));
		json_array_append_new(all, json_pack("{s:s, s:s, s:s}", "what", it->what, "text", it->text, "author", who));
	}
	author_close(&author);
	return all;
}

static json_t *kept_json(const struct status *s)
{
	if (!s->stored)
		return json_null();
	return json_pack("{s:s, s:s, s:b, s:O}", "profile", s->kept.profile, "written", s->kept.written, "unit",
			 access(UNIT_FILE, F_OK) == 0, "wish", s->kept.wish);
}

static json_t *status_json(const struct status *s)
{
	json_t *all = json_array();

	for (size_t i = 0; i < s->report.n; i++) {
		const struct revert_run *run = &s->report.at[i];

		json_array_append_new(all, json_pack("{s:s, s:s, s:s, s:i, s:b, s:b, s:b, s:i, s:o}", "run", run->id, "why",
						     run->why, "created", run->created, "pid", (int) run->pid, "alive",
						     run->state == REVERT_LIVE, "lasting", run->lasting, "unconfirmed",
						     is_unconfirmed(s, run), "in_force", (int) force_count_held(run), "drift",
						     drift_json(s, run)));
	}
	return json_pack("{s:i, s:o, s:o, s:s, s:o}", "format", 1, "runs", all, "stored", kept_json(s), "trouble", s->trouble,
			 "boot", boot_report_json(&s->boot));
}

static int put_json(const struct status *s, struct sink *out, struct err *err)
{
	json_t *o = status_json(s);
	char *text = o ? json_dumps(o, JSON_INDENT(2)) : NULL;

	json_decref(o);
	if (!text)
		return err_set(err, -EILSEQ, "a name in the journal is no UTF-8 text: run without --json");
	sink_printf(out, "%s\n", text);
	free(text);
	return 0;
}

static void put_text(const struct status *s, struct sink *out)
{
	for (size_t i = 0; i < s->report.n; i++)
		put_run(out, s, &s->report.at[i]);
	if (s->report.n == 0)
		sink_put(out, "nothing is in force\n");
	put_kept(out, s);
	if (s->boot.state != BOOT_NONE)
		boot_report_text(&s->boot, out);
}

static int run_status(const struct call *call)
{
	const struct status_cfg *cfg = call->config;
	struct status s = { .fs.root = -1 };
	struct sink out = { 0 };
	struct err err = { 0 };
	int r = look(&s, &err);
	bool fine = r == 0 && is_fine(&s);

	if (r == 0 && cfg->json)
		r = put_json(&s, &out, &err);
	else if (r == 0)
		put_text(&s, &out);
	forget(&s);
	if (r < 0)
		return cmd_fail(&err);
	r = cmd_print(&out);
	return r == EXIT_OK && !fine ? EXIT_NO : r;
}

const struct command cmd_status = {
	.name = "status",
	.brief = "show what vlat has in force here, and what has drifted",
	.text = "Lists the tunings, studies and measurements that have this host changed at this moment, and what vlat has "
		"stored for the next boots. For each setting in the journal it looks whether it still is as vlat left it: one "
		"that somebody has put back or changed since has drifted, and vlat says who that may have been: the kernel "
		"keeps no record of it, so that is a guess from what is running, when it was started, which devices have come "
		"back, and what "
		"sysctl.d says. Changes nothing.",
	ROWS(options, status_options),
	ROWS(examples, status_examples),
	ROWS(exits, status_exits),
	CONFIG(status_defaults),
	.run = run_status,
};
