/* SPDX-License-Identifier: Apache-2.0 */
#include "study/tuning.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/spawn.h"
#include "base/text.h"
#include "base/vec.h"

#define COMMAND_NS (120 * NS_PER_S)

const struct tuning_level tuning_stock = { .name = "stock", .kind = TUNING_STOCK };
const struct tuning_level tuning_vlat = { .name = "vlat", .kind = TUNING_VLAT };

struct tuning {
	const struct tuning_level *level;
	struct plan *plan; /* TUNING_VLAT */
	struct journal *journal;
	size_t here; /* the journal's point before it */
};

int tuning_host_read(struct tuning_host *ret, struct err *err)
{
	struct tuning_host h = { 0 };
	int r = fs_open_root(&h.fs, "/", err);

	if (r < 0)
		return r;
	r = host_facts_read(&h.fs, &h.facts, err);
	if (r < 0) {
		fs_close(&h.fs);
		return err_in(err, "facts of this host");
	}
	split_propose(&h.facts.cpu, &h.split);
	*ret = h;
	return 0;
}

void tuning_host_free(struct tuning_host *h)
{
	host_facts_free(&h->facts);
	fs_close(&h->fs);
}

static int apply_plan(struct tuning *t, const struct tuning_host *host, struct err *err)
{
	int r = plan_make(&t->plan, &host->fs, &host->facts, &host->split, &t->level->options, err);

	if (r < 0)
		return err_in(err, "tuning %s", t->level->name);
	r = plan_apply(t->plan, t->journal, err);
	return r < 0 ? err_in(err, "tuning %s", t->level->name) : 0;
}

/* The last line a program said, for a message. */
static const char *last_line(char *text)
{
	char *trimmed = text_trim(text), *nl = strrchr(trimmed, '\n');

	return nl ? nl + 1 : trimmed;
}

static int run_command(const struct tuning_level *level, const char *const *words, const char *verb, const char *mark,
		       struct err *err)
{
	struct spawn_opts how = SPAWN_OPTS_INIT;
	struct run_result result = { 0 };
	struct argv argv = { 0 };
	char end[64];
	int r;

	how.mark = mark;
	how.new_session = true;
	how.heed_stop = true;
	argv_add_all(&argv, words);
	r = run(&result, &argv, &how, COMMAND_NS, err);
	argv_free(&argv);
	if (r < 0)
		return err_in(err, "tuning %s, %s command", level->name, verb);
	if (result.end.signalled || result.end.code != 0)
		r = err_set(err, -EIO, "tuning %s: its %s command '%s' failed (%s)%s%s", level->name, verb, words[0],
			    child_end_text(result.end, end, sizeof(end)), result.err[0] ? ": " : "", last_line(result.err));
	run_result_free(&result);
	return r;
}

/* The journal outlives this process and its PATH: it wants the whole path of the program. */
static int journal_revert_command(struct tuning *t, struct err *err)
{
	AUTO(argv_free) struct argv argv = { 0 };
	char path[PATH_MAX];

	if (program_find(t->level->revert[0], path, sizeof(path)) < 0)
		return err_set(err, -ENOENT, "tuning %s: the program '%s' of its revert command is not installed", t->level->name,
			       t->level->revert[0]);
	argv_add(&argv, path);
	argv_add_all(&argv, t->level->revert + 1);
	return journal_command(t->journal, (const char *const *) argv.at, err);
}

/* Revert goes to the journal first: it has to be harmless after an apply that never began. */
static int apply_commands(struct tuning *t, struct err *err)
{
	int r = journal_revert_command(t, err);

	if (r < 0)
		return r;
	return run_command(t->level, t->level->apply, "apply", journal_mark(t->journal), err);
}

int tuning_available(const struct tuning_level *level, struct err *err)
{
	char path[PATH_MAX];

	if (level->kind == TUNING_STOCK)
		return 0;
	if (geteuid() != 0)
		return err_set(err, -EPERM,
			       "tuning %s needs root: it changes kernel settings and moves other processes; try sudo",
			       level->name);
	if (level->kind == TUNING_COMMANDS && program_find(level->apply[0], path, sizeof(path)) < 0)
		return err_set(err, -ENOENT, "tuning %s: the program '%s' is not installed", level->name, level->apply[0]);
	return 0;
}

int tuning_apply(struct tuning **ret, const struct tuning_level *level, const struct tuning_host *host, struct journal *j,
		 struct err *err)
{
	struct tuning *t = xalloc(1, sizeof(*t));
	struct err ignored = { 0 };
	int r = 0;

	t->level = level;
	t->journal = j;
	t->here = j ? journal_here(j) : 0;
	if (level->kind != TUNING_STOCK && geteuid() != 0)
		r = err_set(err, -EPERM, "tuning %s needs root: it changes kernel settings and moves other processes",
			    level->name);
	else if (level->kind == TUNING_VLAT)
		r = apply_plan(t, host, err);
	else if (level->kind == TUNING_COMMANDS)
		r = apply_commands(t, err);
	if (r < 0) {
		if (t->here)
			tuning_revert(t, &ignored); /* what it did before it failed; the journal keeps the rest */
		tuning_free(t);
		return r;
	}
	*ret = t;
	return 0;
}

void tuning_placement(const struct tuning *t, struct placement *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (t->plan)
		plan_placement(t->plan, ret);
}

int tuning_verify(struct tuning *t, struct err *err)
{
	return t->plan ? plan_verify(t->plan, err) : 0;
}

json_t *tuning_json(const struct tuning *t)
{
	return t->plan ? plan_json(t->plan) : json_null();
}

int tuning_revert(struct tuning *t, struct err *err)
{
	int r = 0, undone;

	if (t->plan)
		r = plan_revert(t->plan, err);
	undone = t->journal ? journal_undo_to(t->journal, t->here, r < 0 ? NULL : err) : 0;
	return r < 0 ? r : undone;
}

void tuning_free(struct tuning *t)
{
	if (!t)
		return;
	plan_free(t->plan);
	free(t);
}

int tuning_preview(const struct tuning_level *level, const struct tuning_host *host, json_t **ret, struct sink *out,
		   struct err *err)
{
	struct plan *plan = NULL;
	int r;

	*ret = json_null();
	if (level->kind != TUNING_VLAT)
		return 0;
	r = plan_make(&plan, &host->fs, &host->facts, &host->split, &level->options, err);
	if (r < 0)
		return err_in(err, "tuning %s", level->name);
	*ret = plan_json(plan);
	if (out)
		plan_text(plan, out);
	plan_free(plan);
	return 0;
}
