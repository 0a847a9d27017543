/* SPDX-License-Identifier: Apache-2.0 */
/* vlat revert - undo what runs that were killed have left on this host. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/proc_stat.h"
#include "base/sink.h"
#include "base/text.h"
#include "base/vec.h"
#include "boot/verify.h"
#include "cmd/command.h"
#include "cmd/table.h"
#include "cmd/tune_hold.h"
#include "journal/undo.h"
#include "run/machine.h"
#include "run/pool.h"
#include "study/machine_lock.h"

/*
 * Settings are put back under the lock of those that measure and tune: a vlat
 * that begins meanwhile would tune on top of values that are about to change,
 * and take them for the machine's own.  One that is at work has undone what
 * dead ones left before it began, so there is little to wait for.
 */
#define PATIENCE_NS (10 * NS_PER_S)
#define LEAVING_NS  (30 * NS_PER_S)

struct revert_cfg {
	bool dry_run, json, forget;
	const char *run, *force;
};

static const struct revert_cfg revert_defaults = { .run = NULL };

static const struct option_row revert_options_rows[] = {
	OPT_FLAG(struct revert_cfg, dry_run, .name = "dry-run", .letter = 'n',
		 .help = "say what would be undone; change nothing"),
	OPT_STR(struct revert_cfg, force, .name = "force", .arg = "KNOB|PATH,...",
		.help = "put these back also where somebody has changed them since"),
	OPT_FLAG(struct revert_cfg, forget, .name = "forget", .help = "drop from the record what cannot be undone"),
	OPT_FLAG(struct revert_cfg, json, .name = "json", .help = "print JSON instead of text"),
};

static const struct option_row revert_args[] = {
	OPT_STR(struct revert_cfg, run, .name = "RUN", .optional = true,
		.help = "only this run; else every tuning, and all runs whose vlat is dead"),
};

static const struct example revert_examples[] = {
	{ .line = "vlat revert", .what = "end a tuning, or clean up after a vlat that was killed" },
	{ .line = "vlat revert --dry-run", .what = "look first" },
	{ .line = "vlat revert --force mem.swap,/proc/sys/vm/stat_interval",
	  .what = "give back what was found there, whoever has changed it meanwhile" },
};

static const struct exit_row revert_exits[] = {
	{ .code = EXIT_OK, .meaning = "nothing is left of any dead run" },
	{ .code = EXIT_NOT_UNDONE,
	  .meaning = "something could not be undone, or somebody changed it since and it was left alone" },
};

static const char *const run_words[] = {
	[REVERT_LIVE] = "left alone",
	[REVERT_CLEAN] = "reverted",
	[REVERT_LEFT] = "not all reverted",
	[REVERT_UNREADABLE] = "cannot be reverted",
};

static void put_items(struct sink *out, const struct undo_report *r, bool verbose)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct undo_item *it = &r->at[i];

		if (verbose || it->state == UNDO_FOREIGN || it->state == UNDO_FAILED)
			sink_printf(out, "  %-9s  %s%s%s%s%s%s\n", undo_state_name(it->state), it->what, it->knob[0] ? " (" : "",
				    it->knob, it->knob[0] ? ")" : "", it->text[0] ? ": " : "", it->text);
	}
}

static void put_run(struct sink *out, const struct revert_run *run, const struct call *call, bool dry)
{
	const size_t *n = run->report.count;
	const char *word = dry && run->state == REVERT_CLEAN ? "can be reverted" : run_words[run->state];

	sink_printf(out, "run %s (%s, %s): %s\n", run->id, run->why[0] ? run->why : "?", run->created[0] ? run->created : "?",
		    word);
	if (run->text[0])
		sink_printf(out, "  %s\n", run->text);
	put_items(out, &run->report, call->common->verbose || dry);
	if (run->report.n)
		sink_printf(
			out,
			"  %zu %s, %zu were as before, %zu are gone by themselves, %zu belong to somebody else now, %zu failed\n",
			n[UNDO_DONE], dry ? "to undo" : "undone", n[UNDO_SAME], n[UNDO_VOID], n[UNDO_FOREIGN], n[UNDO_FAILED]);
	if (n[UNDO_FOREIGN])
		sink_put(out, "  to put back also what somebody else has changed: vlat revert --force KNOB or --force PATH\n");
}

static int put_json(struct sink *out, const struct revert_report *report, const char *unconfined)
{
	json_t *j = revert_report_json(report);
	char *text;

	json_object_set_new(j, "unconfined", unconfined ? json_string(unconfined) : json_null());
	text = j ? json_dumps(j, JSON_INDENT(2)) : NULL;

	json_decref(j);
	if (!text)
		return -1;
	sink_printf(out, "%s\n", text);
	free(text);
	return 0;
}

/*
 * The holder of runs that have just ended puts the host back by itself.  What it cannot, because a dead run still has it in use,
 * is our work: after it.
 */
static void await_leaving(void)
{
	struct revert_options look = { .dry_run = true };
	uint64_t until_ns = clock_ns() + LEAVING_NS;
	struct revert_report report = { 0 };
	struct err ignored = { 0 };
	struct pool pool;

	pool_await_idle();
	if (journal_revert(&look, &report, &ignored) < 0)
		return;
	for (size_t i = 0; i < report.n; i++) {
		const struct revert_run *run = &report.at[i];
		struct proc_stat s;

		/* Without a pool that can be entered it leaves (or begins, which is soon over). */
		while (run->tuning && run->state == REVERT_LIVE && pool_look(&pool, &ignored) != 1 &&
		       proc_stat_read((pid_t) run->pid, &s) == 0 && s.state != 'Z' && clock_ns() < until_ns)
			clock_sleep_ns(50 * NS_PER_MS);
	}
	revert_report_free(&report);
}

/* Runs stay while what dead ones left is undone: then only their keeper, which tunes, must not begin. */
static int take_locks(int *ret_lock, int *ret_keepers, struct err *err)
{
	struct err why = { 0 }, measuring = { 0 };
	int r;

	if (access("/run", F_OK) < 0) /* a rescue shell: there is nobody else */
		return 0;
	r = machine_lock_within(ret_lock, PATIENCE_NS, &why);

	if (r == -EBUSY && machine_share(ret_lock, false, &measuring) == 0)
		return pool_hold(ret_keepers, err);
	return r < 0 ? err_set(err, r, "%s", why.text) : 0;
}

/* Something failed, and something else was undone after it, which may have been in its way. */
static bool worth_another_try(const struct revert_report *report)
{
	bool failed = false;

	for (size_t i = 0; i < report->n; i++) {
		if (failed && report->at[i].state == REVERT_CLEAN)
			return true;
		failed = failed || report->at[i].report.count[UNDO_FAILED];
	}
	return false;
}

/* What failed has become what the second try made of it. */
static void take_over(struct revert_run *first, struct revert_run *second)
{
	struct undo_report *to = &first->report, *from = &second->report;
	size_t kept = 0;

	for (size_t i = 0; i < to->n; i++)
		if (to->at[i].state != UNDO_FAILED)
			to->at[kept++] = to->at[i];
	to->n = kept;
	to->count[UNDO_FAILED] = 0;
	for (size_t i = 0; i < from->n; i++) {
		*vec_add(to) = from->at[i];
		to->count[from->at[i].state]++;
	}
	first->state = second->state;
	memcpy(first->text, second->text, sizeof(first->text));
}

/*
 * Journals are undone last first.  But a run that shares a tuning begins before the holder of that tuning, and its control groups
 * keep controllers busy that the tuning switched on.
 */
static int try_again(const struct revert_options *options, struct revert_report *report, struct err *err)
{
	struct revert_report second = { 0 };
	int r = journal_revert(options, &second, err);

	for (size_t i = 0; r == 0 && i < second.n; i++)
		for (size_t k = 0; k < report->n; k++)
			if (text_eq(report->at[k].id, second.at[i].id) && report->at[k].report.count[UNDO_FAILED])
				take_over(&report->at[k], &second.at[i]);
	revert_report_free(&second);
	return r;
}

/* Entries of kernels that were installed meanwhile are no file of the journal's: vlat's words are taken out of them here. */
static int settle_boot(void *arg, char *text, size_t cap, struct err *err)
{
	AUTO(sink_free) struct sink out = { 0 };
	struct fs fs = { .root = -1 };
	int r = fs_open_root(&fs, "/", err);

	(void) arg;
	if (r == 0)
		r = boot_settle(&fs, &out, err);
	fs_close(&fs);
	text_print(text, cap, "%s", out.text ? out.text : "");
	return r;
}

/* A belt beside the braces: nothing is left undone for want of it. */
static void confine(struct revert_options *options, struct err *why_not)
{
	if (revert_confine(options, settle_boot, NULL, why_not) < 0)
		log_debug("this vlat may write more than it has to: %s", why_not->text);
}

static int revert_dead(struct revert_options *options, struct revert_report *report, struct err *unconfined, struct err *err)
{
	AUTO_CLOSE int lock = -1, keepers = -1;
	int r = options->dry_run ? 0 : take_locks(&lock, &keepers, err);

	if (r == 0 && !options->dry_run)
		confine(options, unconfined);
	if (r == 0)
		r = journal_revert(options, report, err);
	return r == 0 && !options->dry_run && worth_another_try(report) ? try_again(options, report, err) : r;
}

/* "a,b" as words, NULL-terminated; they point into *text. */
static const char *const *split_words(const char *list, char **text)
{
	VEC(const char *) words = { 0 };

	*text = xstrdup(list ? list : "");
	for (char *at = *text; at;) {
		const char *word = text_trim(strsep(&at, ","));

		if (*word)
			*vec_add(&words) = word;
	}
	*vec_add(&words) = NULL;
	return words.at;
}

static void tidy_boot(const struct revert_options *options, const struct revert_report *report, struct sink *out)
{
	char text[300] = "";
	struct err err = { 0 };
	bool boot = false;
	int r;

	for (size_t i = 0; i < report->n; i++)
		boot = boot || (report->at[i].lasting && text_starts(report->at[i].why, BOOT_WHY));
	if (!boot)
		return;
	r = options->hands ? revert_do_more(options, text, sizeof(text), &err) : settle_boot(NULL, text, sizeof(text), &err);
	if (r < 0)
		log_warn("boot loader entries made meanwhile may still have vlat's parameters: %s", err.text);
	else if (out)
		sink_put(out, text);
}

static int run_revert(const struct call *call)
{
	const struct revert_cfg *cfg = call->config;
	AUTO_FREE char *forced = NULL;
	AUTO_FREE const char *const *force = split_words(cfg->force, &forced);
	struct revert_options options = {
		.dry_run = cfg->dry_run, .forget = cfg->forget, .lasting = true, .run = cfg->run, .force = force
	};
	struct err err = { 0 }, unconfined = { 0 };
	struct revert_report report = { 0 };
	struct sink out = { 0 };
	bool clean;
	int r;

	if (!cfg->dry_run)
		await_leaving();
	r = cfg->dry_run ? 0 : tune_release(cfg->run, &err);
	if (r == 0)
		r = revert_dead(&options, &report, &unconfined, &err);
	if (r < 0) {
		revert_confine_end(&options);
		revert_report_free(&report);
		return cmd_fail(&err);
	}
	clean = revert_clean(&report);
	if (cfg->json && put_json(&out, &report, unconfined.code ? unconfined.text : NULL) < 0)
		err_set(&err, -1, "a name in the journal is no UTF-8 text: run without --json");
	for (size_t i = 0; !cfg->json && i < report.n; i++)
		put_run(&out, &report.at[i], call, cfg->dry_run);
	if (!cfg->json && report.n == 0)
		sink_put(&out, "nothing to revert\n");
	if (!cfg->dry_run && !err.code)
		tidy_boot(&options, &report, cfg->json ? NULL : &out);
	revert_confine_end(&options);
	revert_report_free(&report);
	if (err.code)
		return cmd_fail(&err);
	r = cmd_print(&out);
	return r == EXIT_OK && !clean ? EXIT_NOT_UNDONE : r;
}

const struct command cmd_revert = {
	.name = "revert",
	.brief = "undo what a killed vlat has left on this host",
	.text = "vlat writes down every change before it makes it. When it ends, however it ends but by SIGKILL or a crash, it "
		"undoes everything itself. After those two, this command does: it ends processes that such a run has left, "
		"removes containers, network namespaces, control groups, mounts and folders, and puts settings back, last "
		"first.\n\n"
		"Only what is still as vlat left it is changed. A value that somebody else has changed since is reported and "
		"left alone; vlat keeps the last eight such records, so that --force can still put it back, by the id of its "
		"knob or by its path. A tuning that vlat tune keeps in force is ended and undone, too. After a reboot there is "
		"nothing to put back in /proc and /sys; files that vlat wrote for the next boots are put back as they were. "
		"Runs whose vlat is alive are not touched.\n\n"
		"It needs no more than its journal: no profile, no facts about the host, no other process. So it works from a "
		"rescue shell, too, with /proc and /sys mounted; what cannot be undone from there is said, and stays for the "
		"next vlat revert.",
	ROWS(options, revert_options_rows),
	ROWS(args, revert_args),
	ROWS(examples, revert_examples),
	ROWS(exits, revert_exits),
	CONFIG(revert_defaults),
	.run = run_revert,
};
