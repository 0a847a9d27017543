/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/tune_keep.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/jsonx.h"
#include "base/log.h"
#include "base/spawn.h"
#include "base/text.h"
#include "base/vec.h"
#include "cmd/tune_hold.h"
#include "journal/lasting.h"
#include "journal/undo.h"
#include "keep/store.h"
#include "keep/unit.h"
#include "tune/rival.h"

#define KEPT "kept " /* how the journal of what is stored begins to say what it is */

/* ---- storing ---- */

static int own_path(char ret[PATH_MAX], struct err *err)
{
	ssize_t n = readlink("/proc/self/exe", ret, PATH_MAX - 1);

	if (n < 0)
		return err_sys(err, -errno, "cannot tell which program this is");
	ret[n] = '\0';
	return 0;
}

static const char *set_or_null(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static int install(const struct tuner *t, struct journal *j, const char *vlat, bool systemd, struct err *err)
{
	const struct unit_about about = {
		.vlat = vlat,
		.profile = t->profile->name,
		.state = set_or_null("VLAT_STATE"),
		.data = set_or_null("VLAT_DATA"),
	};
	char systemctl[PATH_MAX];
	AUTO_JSON json_t *wish = wish_to_json(t->wish);
	struct stored s;
	int r;

	stored_make(&s, &t->fs, t->profile->name, wish, &t->facts.cpu, &t->split.isolated, !cpuset_empty(&t->wish->cpus));
	r = stored_save(&s, "", j, err);
	stored_free(&s);
	if (r < 0 || !systemd)
		return r;
	if (program_find("systemctl", systemctl, sizeof(systemctl)) < 0)
		return err_set(err, -ENOENT, "systemd runs here, but there is no systemctl to tell it of the unit");
	return unit_install(j, "", systemctl, &about, err);
}

/* One tuning is stored at a time: an older one is taken away first, so that the files are again as vlat found them. */
static int forget_older(struct err *err)
{
	static const struct revert_options look = { .dry_run = true, .look = true, .lasting = true };
	AUTO(revert_report_free) struct revert_report all = { 0 };
	int r = journal_revert(&look, &all, err);

	for (size_t i = 0; r == 0 && i < all.n; i++) {
		AUTO(revert_report_free) struct revert_report one = { 0 };
		const struct revert_options undo = { .run = all.at[i].id };

		if (!all.at[i].lasting || !text_starts(all.at[i].why, KEPT))
			continue;
		r = journal_revert(&undo, &one, err);
		if (r == 0 && !revert_clean(&one))
			r = err_set(err, -EUCLEAN, "what is stored already (run %s) was changed by somebody: look at vlat status",
				    all.at[i].id);
	}
	return r;
}

int tune_persist(const struct tuner *t, struct sink *out, struct err *err)
{
	AUTO_FREE char *why = xprintf(KEPT "%s", t->profile->name);
	bool systemd = unit_has_systemd("");
	struct journal *j = NULL;
	char vlat[PATH_MAX];
	struct err undo = { 0 };
	int r = own_path(vlat, err);

	if (r == 0)
		r = forget_older(err);
	if (r == 0)
		r = journal_open_lasting(&j, why, err);
	if (r == 0)
		r = install(t, j, vlat, systemd, err);
	if (r < 0) {
		if (j && journal_close(j, &undo) < 0)
			log_warn("%s", undo.text);
		return r;
	}
	sink_printf(out, "Stored in " KEEP_FILE " as run %s. ", journal_run(j));
	if (systemd)
		sink_put(out, UNIT_NAME " applies it early at every boot, until vlat revert.\n");
	else
		sink_printf(out,
			    "There is no systemd here: have \"%s tune --stored\" run once at each boot, for example from "
			    "/etc/rc.local.\n",
			    vlat);
	journal_leave(j);
	return 0;
}

/* ---- at boot ---- */

/* The wish, with the CPUs that were meant under the numbers they have today. */
static int load_wish(struct stored *s, struct tune_wish *ret, struct err *err)
{
	struct host_facts facts = { 0 };
	struct fs fs;
	int r = stored_load("", s, err);

	if (r == 0)
		r = fs_open_root(&fs, "/", err);
	if (r < 0)
		return r;
	r = stored_check_machine(s, &fs, err);
	if (r == 0)
		r = wish_from_json(s->wish, ret, err);
	if (r == 0 && s->cpus_named) {
		r = host_facts_read(&fs, &facts, err);
		if (r == 0)
			r = stored_cpus(s, &facts.cpu, &ret->cpus, err);
		host_facts_free(&facts);
	}
	fs_close(&fs);
	return r;
}

/* Cards come when their drivers do, maybe later than this: a remark, no more. */
static void tell_missing(const struct stored *s, const struct fs *fs)
{
	struct cards now;

	cards_read(fs, &now);
	for (size_t i = 0; i < s->cards.n; i++) {
		const struct card *c = &s->cards.at[i];

		if (!card_find(&now, c->address, c->port))
			log_note("the card %s at %s is not there yet: it is tuned when it comes", c->name, c->address);
	}
	cards_free(&now);
}

/* Those too that the boot has not started yet. */
static int take_over(struct plan *p, struct err *err)
{
	struct rivals rivals;
	int r;

	rivals_find(p, true, &rivals);
	r = plan_take_over(p, &rivals, err);
	rivals_free(&rivals);
	return r;
}

static int hold(struct tuner *t, struct sink *out, struct err *err)
{
	char run[16];
	int r;

	plan_may_reset(t->plan); /* whoever stored it has seen it in force: without that --persist is refused */
	if (unit_is_supervised())
		return tune_hold_here(t->plan, t->profile->name, err);
	r = tune_hold(t->plan, t->profile->name, NULL, run, out, err);
	if (r == 0)
		sink_printf(out, "\nIn force as run %s, as " KEEP_FILE " wants it.\n", run);
	return r;
}

int tune_stored(struct sink *out, struct err *err)
{
	struct stored s = { 0 };
	struct tune_wish wish = { 0 };
	struct tuner t = TUNER_INIT;
	int r = load_wish(&s, &wish, err);

	if (r == 0)
		r = tuner_make(&t, &wish, NULL, err);
	if (r == 0) {
		tell_missing(&s, &t.fs);
		if (wish.take_over)
			r = take_over(t.plan, err);
	}
	if (r == 0)
		r = hold(&t, out, err);
	tuner_free(&t);
	wish_free(&wish);
	stored_free(&s);
	return r;
}
