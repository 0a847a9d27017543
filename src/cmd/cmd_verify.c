/* SPDX-License-Identifier: Apache-2.0 */
/* vlat verify - is everything that the tuning in force has set still so?  For scripts: the exit code says it. */
#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/sink.h"
#include "base/text.h"
#include "boot/verify.h"
#include "cmd/command.h"
#include "cmd/table.h"
#include "keep/author.h"
#include "keep/force.h"

struct verify_cfg {
	bool json;
};

static const struct verify_cfg verify_defaults = { .json = false };

static const struct option_row verify_options[] = {
	OPT_FLAG(struct verify_cfg, json, .name = "json", .help = "print JSON instead of text"),
};

static const struct example verify_examples[] = {
	{ .line = "vlat verify", .what = "read every setting of the tuning in force again" },
	{ .line = "vlat verify || logger -p daemon.warning 'latency tuning has drifted'", .what = "from a timer of your own" },
};

static const struct exit_row verify_exits[] = {
	{ .code = EXIT_OK, .meaning = "every setting and boot parameter is as vlat made it" },
	{ .code = EXIT_NO, .meaning = "something differs, or a setting cannot be looked at" },
	{ .code = EXIT_USAGE, .meaning = "nothing is in force, or vlat could not look" },
};

struct verdict {
	struct fs fs;
	struct revert_report report;
	const struct revert_run *tuning; /* NULL = none */
	size_t held, differs, unseen;    /* of the tuning, and of what lasts */
	struct boot_report boot;
	char completed[16]; /* the run whose parameters became the default now; "" */
};

static void count(struct verdict *v, const struct revert_run *run)
{
	v->held += force_count_held(run);
	v->differs += force_count_drifted(run);
	v->unseen += run->report.count[UNDO_FAILED];
}

static int look(struct verdict *v, struct err *err)
{
	int r = fs_open_root(&v->fs, "/", err);

	if (r == 0)
		r = force_look(&v->report, err);
	if (r < 0)
		return r;
	v->tuning = force_tuning(&v->report);
	if (v->tuning)
		count(v, v->tuning);
	for (size_t i = 0; i < v->report.n; i++)
		if (v->report.at[i].lasting && v->report.at[i].state == REVERT_LIVE)
			count(v, &v->report.at[i]);
	return boot_verify(&v->fs, &v->boot, err);
}

static bool is_looked_at(const struct verdict *v, const struct revert_run *run)
{
	return run == v->tuning || (run->lasting && run->state == REVERT_LIVE);
}

/* Calls put for every setting that differs, or cannot be looked at. */
typedef void put_fn(void *arg, const struct undo_item *it, const char *who);

static void each_difference(const struct verdict *v, put_fn *put, void *arg)
{
	for (size_t i = 0; i < v->report.n; i++) {
		const struct revert_run *run = &v->report.at[i];
		struct author author;
		char who[320] = "";

		if (!is_looked_at(v, run))
			continue;
		author_open(&author, &v->fs, run->created);
		for (size_t k = 0; k < run->report.n; k++) {
			const struct undo_item *it = &run->report.at[k];

			if (force_drifted(it))
				author_guess(&author, it->what, who, sizeof(who));
			if (force_drifted(it) || it->state == UNDO_FAILED)
				put(arg, it, force_drifted(it) ? who : "");
		}
		author_close(&author);
	}
}

static void put_text(void *arg, const struct undo_item *it, const char *who)
{
	struct sink *out = arg;

	sink_printf(out, "%s  %s: %s\n", force_drifted(it) ? "differs" : "unseen ", it->what,
		    it->text[0] ? it->text : "it is as it was before vlat");
	if (*who)
		sink_printf(out, "         by: %s\n", who);
}

static void put_item(void *arg, const struct undo_item *it, const char *who)
{
	json_array_append_new(arg, json_pack("{s:s, s:s, s:s, s:b}", "what", it->what, "text", it->text, "author", who, "seen",
					     force_drifted(it)));
}

/* Parameters for a boot that is still to come are neither so nor otherwise. */
static bool boot_counts(const struct verdict *v)
{
	return v->boot.state != BOOT_NONE && (v->boot.booted || v->boot.due);
}

static bool is_fine(const struct verdict *v)
{
	return v->differs == 0 && v->unseen == 0 && (!boot_counts(v) || v->boot.missing == 0);
}

/* What was tried once and found good is what shall be booted from now on. */
static int complete(struct verdict *v, struct err *err)
{
	if (v->boot.state != BOOT_TRYING || !v->boot.booted || !is_fine(v))
		return 0;
	return boot_complete(&v->fs, v->completed, err);
}

static int put_json(const struct verdict *v, struct sink *out, struct err *err)
{
	json_t *items = json_array(), *o;
	char *text;

	each_difference(v, put_item, items);
	o = json_pack("{s:i, s:s, s:s, s:b, s:i, s:i, s:i, s:o, s:o, s:s}", "format", 1, "run", v->tuning ? v->tuning->id : "",
		      "why", v->tuning ? v->tuning->why : "", "fine", is_fine(v), "held", (int) v->held, "differs",
		      (int) v->differs, "unseen", (int) v->unseen, "items", items, "boot", boot_report_json(&v->boot),
		      "completed", v->completed);
	text = o ? json_dumps(o, JSON_INDENT(2)) : NULL;
	json_decref(o);
	if (!text)
		return err_set(err, -EILSEQ, "a name in the journal is no UTF-8 text: run without --json");
	sink_printf(out, "%s\n", text);
	free(text);
	return 0;
}

static int show(const struct verdict *v, bool json, struct sink *out, struct err *err)
{
	if (json)
		return put_json(v, out, err);
	each_difference(v, put_text, out);
	if (v->tuning || v->held + v->differs + v->unseen)
		sink_printf(out, "%s%s%s: %zu settings are as vlat made them, %zu differ, %zu cannot be looked at\n",
			    v->tuning ? v->tuning->why : "what lasts", v->tuning ? ", run " : "", v->tuning ? v->tuning->id : "",
			    v->held, v->differs, v->unseen);
	if (v->boot.state != BOOT_NONE)
		boot_report_text(&v->boot, out);
	if (v->completed[0])
		sink_printf(out, "these boot parameters have proved good: they are the default from now on (run %s)\n",
			    v->completed);
	return 0;
}

static void remember(const struct verdict *v)
{
	struct err err = { 0 };

	if (v->tuning && verified_save(v->tuning->id, is_fine(v), &err) < 0)
		log_debug("%s", err.text);
}

static int run_verify(const struct call *call)
{
	const struct verify_cfg *cfg = call->config;
	struct verdict v = { .fs.root = -1 };
	struct sink out = { 0 };
	struct err err = { 0 };
	int r = look(&v, &err);
	bool fine;

	if (r == 0 && !v.tuning && v.held + v.differs + v.unseen == 0 && v.boot.state == BOOT_NONE)
		r = err_set(&err, -ENOENT,
			    "no tuning is in force here, so there is nothing to verify: vlat tune PROFILE --apply");
	fine = is_fine(&v);
	if (r == 0)
		r = complete(&v, &err);
	if (r == 0)
		r = show(&v, cfg->json, &out, &err);
	if (r == 0)
		remember(&v);
	boot_report_free(&v.boot);
	revert_report_free(&v.report);
	fs_close(&v.fs);
	if (r < 0)
		return err.code == -ENOENT ? cmd_fail_as(EXIT_USAGE, &err) : cmd_fail(&err);
	r = cmd_print(&out);
	return r == EXIT_OK && !fine ? EXIT_NO : r;
}

const struct command cmd_verify = {
	.name = "verify",
	.brief = "check that the tuning in force is still as vlat made it",
	.text = "Reads every setting of the tuning in force again, the files that vlat has written for the next boots, and "
		"compares by meaning; and every boot parameter, requested against effective. What differs is named, with who "
		"may have changed it.\n\n"
		"After vlat tune --try-boot and a reboot, a verify that finds everything so makes the tried parameters the "
		"default; else the next boot is the old one. Apart from that it changes nothing.",
	ROWS(options, verify_options),
	ROWS(examples, verify_examples),
	ROWS(exits, verify_exits),
	CONFIG(verify_defaults),
	.run = run_verify,
};
