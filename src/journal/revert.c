/* SPDX-License-Identifier: Apache-2.0 */
/* `vlat revert`: find the journals of dead runs and undo them. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/jsonx.h"
#include "base/proc_stat.h"
#include "base/text.h"
#include "journal/aside.h"
#include "journal/hands.h"
#include "journal/internal.h"

#define LOCK_WAIT_NS (15 * NS_PER_S)

static const char *const revert_names[] = {
	[REVERT_LIVE] = "live",
	[REVERT_CLEAN] = "reverted",
	[REVERT_LEFT] = "left",
	[REVERT_UNREADABLE] = "unreadable",
};

static int load(struct journal *j, struct err *err)
{
	struct journal_text t = { 0 };
	AUTO_FREE char *path = xprintf("%s/journal", j->dir), *text = NULL;
	char boot[BOOT_ID_CAP];
	size_t len;
	int r = access(j->dir, F_OK) < 0 ? -errno : state_check(j->dir, S_IFDIR, err);

	if (r == -ENOENT)
		return err_sys(err, r, "%s", j->dir);
	if (r == 0)
		r = state_check(path, S_IFREG, err);
	if (r == 0)
		r = file_read_all(path, JOURNAL_MAX_BYTES, &text, &len, err);
	if (r < 0)
		return r;
	r = journal_text_parse(text, len, &t, err);
	if (r < 0)
		return err_in(err, "%s: look at it; vlat revert --forget removes it and undoes nothing", path);
	r = boot_id_here(boot, err);
	if (r < 0) {
		journal_text_free(&t);
		return r;
	}
	j->head = t.head;
	j->entries.at = t.entries.at;
	j->entries.n = t.entries.n;
	j->entries.cap = t.entries.cap;
	j->damaged = t.damaged;
	j->rebooted = !text_eq(boot, t.head.boot);
	j->next_seq = t.entries.n ? t.entries.at[t.entries.n - 1].seq + 1 : 1;
	text_print(j->mark, sizeof(j->mark), "VLAT_RUN=%s", j->head.run);
	if (j->fd >= 0 && len > t.whole && ftruncate(j->fd, (off_t) t.whole) < 0) /* the torn line */
		return err_sys(err, -errno, "cannot cut the torn end off %s", path);
	return 0;
}

/*
 * The folder's name is the run: a journal that claims another was copied here.
 * So was one of another machine; within one boot there is no other machine.
 */
static int check_home(const struct journal *j, const char *name, struct err *err)
{
	char mine[MACHINE_ID_CAP];

	machine_id_here(mine);
	if (j->rebooted && mine[0] && j->head.machine[0] && !text_eq(mine, j->head.machine))
		return err_set(err, -EXDEV,
			       "%.200s/journal was written on another host (machine-id %.8s..., this one is %.8s...): it would "
			       "change what it knows nothing of; look at it, then use --forget",
			       j->dir, j->head.machine, mine);
	if (text_eq(j->head.run, name))
		return 0;
	return err_set(err, -EINVAL, "%s/journal speaks of run %s: it does not belong here", j->dir, j->head.run);
}

static int take_lock(struct journal *j, const struct hands *hands, struct err *err)
{
	uint64_t deadline = clock_ns() + LOCK_WAIT_NS;
	struct undo_ctx c = { .j = j, .hands = hands };
	AUTO_FREE char *path = xprintf("%s/journal", j->dir);

	j->fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC);
	if (j->fd < 0)
		return err_sys(err, -errno, "cannot open %s for writing", path);
	while (flock(j->fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return err_sys(err, -errno, "cannot lock %s", path);
		if (clock_ns() > deadline)
			return err_set(err, -EBUSY, "another vlat is undoing run %s at this moment", j->head.run);
		marked_kill(&c, 0, NULL); /* a child that was forked without exec shares its dead parent's lock */
		clock_sleep_ns(20 * NS_PER_MS);
	}
	return 0;
}

static int put_away(const struct journal *j, const struct revert_options *o, struct err *err)
{
	if (o->forget || aside_is_done(j))
		return run_remove(j->dir, err);
	return j->aside ? 0 : aside_put(j, err);
}

static void finish(struct journal *j, const struct revert_options *o, struct revert_run *run, int undone, const struct err *why)
{
	struct err err = { 0 };
	bool kept = (undone < 0 || j->damaged) && !o->forget;

	if (undone < 0)
		text_print(run->text, sizeof(run->text), "%.300s", why->text);
	else if (j->damaged)
		text_print(run->text, sizeof(run->text),
			   "%zu lines of its journal cannot be read: look at %.200s/journal, then use --forget", j->damaged,
			   j->dir);
	run->state = undone < 0 || j->damaged || run->report.count[UNDO_FOREIGN] ? REVERT_LEFT : REVERT_CLEAN;
	if (o->dry_run)
		return;
	history_end(j, run->state == REVERT_LEFT ? HISTORY_LEFT : HISTORY_REVERTED, run->report.count[UNDO_FOREIGN],
		    run->report.count[UNDO_FAILED]);
	if (kept || put_away(j, o, &err) == 0)
		return;
	run->state = REVERT_LEFT;
	text_print(run->text, sizeof(run->text), "%.300s", err.text);
}

/* Under the lock, what another `vlat revert` did in the meantime is read too: *ret_gone when it did everything. */
static int lock_and_reload(struct journal *j, const struct hands *hands, bool *ret_gone, struct err *err)
{
	int r = take_lock(j, hands, err);

	if (r == 0) {
		journal_drop_entries(j);
		r = load(j, err);
	}
	*ret_gone = r == -ENOENT;
	return r == -ENOENT ? 0 : r;
}

/* What cannot be judged is an item of the report too, so no error is lost. */
static int look_at_live(const struct undo_ctx *c, struct revert_run *run)
{
	struct err ignored = { 0 };

	undo_entries(c, 0, &run->report, &ignored);
	return 0;
}

/* 1 = it lasts, and that was not asked for. */
static int revert_journal(struct journal *j, const struct revert_options *o, struct revert_run *run, struct err *err)
{
	struct undo_ctx c = { .j = j, .dry = o->dry_run, .end = !j->aside && !o->quiet, .force = o->force, .quiet = o->quiet,
			      .hands = o->hands };
	struct err why = { 0 };
	bool gone = false;
	int r = 0;

	run->pid = j->head.pid;
	run->lasting = j->head.lasting;
	run->tuning = j->head.tuning;
	if (run->lasting && !o->lasting && !o->run)
		return 1;
	text_print(run->why, sizeof(run->why), "%s", j->head.why);
	text_print(run->created, sizeof(run->created), "%s", j->head.created);
	if (run->lasting && o->look && o->dry_run) {
		run->state = REVERT_LIVE;
		return look_at_live(&c, run);
	}
	if (!run->lasting && !j->aside && !j->rebooted && proc_is_alive(j->head.pid, j->head.start)) {
		run->state = REVERT_LIVE;
		text_print(run->text, sizeof(run->text), "in use by process %ld; it cleans up itself when it ends", run->pid);
		return o->look && o->dry_run ? look_at_live(&c, run) : 0;
	}
	run->state = REVERT_CLEAN;
	if (!o->dry_run)
		r = lock_and_reload(j, o->hands, &gone, err);
	if (r < 0 || gone)
		return r;
	if (j->aside)
		aside_reopen(j, o->force);
	r = undo_entries(&c, 0, &run->report, &why);
	finish(j, o, run, r, &why);
	return 0;
}

/* One journal that was found: what must be known before it is its turn. */
struct found {
	char dir[340], name[16], created[32];
	uint64_t start, created_ns;
	bool aside;
};

/* As it stands there, not locked. *ret is to be freed also when it cannot be read, or does not belong there. */
static int open_found(const struct found *f, struct journal **ret, struct err *err)
{
	struct journal *j = journal_blank();
	int r;

	j->aside = f->aside;
	text_print(j->dir, sizeof(j->dir), "%s", f->dir);
	*ret = j;
	r = load(j, err);
	return r == 0 ? check_home(j, f->name, err) : r;
}

/* False: nothing to say about it. */
static bool revert_one(const struct found *f, const struct revert_options *o, struct revert_run *run)
{
	struct journal *j;
	struct err err = { 0 };
	int r = open_found(f, &j, &err);

	text_print(run->id, sizeof(run->id), "%s", f->name);
	if (r == 0)
		r = revert_journal(j, o, run, &err);
	if (r < 0) {
		run->state = REVERT_UNREADABLE;
		text_print(run->text, sizeof(run->text), "%.300s", err.text);
		if (o->forget && !o->dry_run && r != -EBUSY)
			run_remove(j->dir, &err);
	}
	journal_free(j);
	return r != 1;
}

/* Folders that were being made or removed when their vlat was killed. One being made right now is locked. */
static void sweep(const char *runs, const char *name)
{
	AUTO_FREE char *dir = xprintf("%s/%s", runs, name);
	AUTO_FREE char *path = xprintf("%s/journal", dir);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0)
		dir_remove_all(dir);
}

typedef VEC(struct found) found_vec;

/* What --force names must be in there, or it is a slip of the pen.  Also tells when the run began. */
static bool peek(struct found *f, const char *const *force)
{
	struct journal *j = journal_blank();
	struct undo_ctx c = { .j = j, .force = force };
	struct err err = { 0 };
	bool named = false;

	text_print(j->dir, sizeof(j->dir), "%s", f->dir);
	if (load(j, &err) == 0) {
		memcpy(f->created, j->head.created, sizeof(f->created));
		f->start = j->head.start;
		f->created_ns = j->head.created_ns;
		for (size_t i = 0; i < j->entries.n && !named; i++)
			named = (f->aside ? j->entries.at[i].foreign : !j->entries.at[i].settled) &&
				undo_is_forced(&c, &j->entries.at[i]);
	}
	journal_free(j);
	return named;
}

static int find(const char *folder, bool aside, const struct revert_options *o, found_vec *ret, struct err *err)
{
	struct fs_names names;
	struct fs fs;
	int r = fs_open_root(&fs, folder, err);

	if (r < 0)
		return r;
	r = fs_list(&fs, ".", &names);
	fs_close(&fs);
	if (r < 0)
		return err_sys(err, r, "cannot list %s", folder);
	for (size_t i = 0; i < names.n; i++) {
		const char *name = names.at[i];

		if (text_starts(name, ".gone-") || text_starts(name, ".new-")) {
			if (!o->dry_run)
				sweep(folder, name);
		} else if (text_is_name(name) && strlen(name) <= RUN_ID_MAX && (!o->run || text_eq(o->run, name))) {
			struct found *f = vec_add(ret);

			f->aside = aside;
			text_print(f->name, sizeof(f->name), "%s", name);
			text_print(f->dir, sizeof(f->dir), "%s/%s", folder, name);
		}
	}
	fs_list_free(&names);
	return 0;
}

/* The order of undoing holds between runs too. */
static int latest_first(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	int r = strcmp(y->created, x->created);

	/* Two runs of one command are often begun within a tick; runs of earlier versions know no better than the tick. */
	if (r == 0 && x->created_ns && y->created_ns)
		r = (x->created_ns < y->created_ns) - (x->created_ns > y->created_ns);
	if (r == 0)
		r = (x->start < y->start) - (x->start > y->start);
	return r ? r : strcmp(x->name, y->name);
}

static int revert_found(found_vec *found, const struct revert_options *o, struct revert_report *ret, struct err *err)
{
	bool named = !o->force || !o->force[0];

	for (size_t i = 0; i < found->n; i++) {
		bool here = peek(&found->at[i], o->force);

		named = named || here;
		if (found->at[i].aside && !here)
			found->at[i].dir[0] = '\0'; /* nothing of it is wanted back */
	}
	if (!named)
		return err_set(err, -ENOENT,
			       "nothing that is to be undone belongs to \"%.100s\": vlat revert --dry-run lists what there is, "
			       "with its knob",
			       o->force[0]);
	if (found->n)
		qsort(found->at, found->n, sizeof(*found->at), latest_first);
	for (size_t i = 0; i < found->n; i++) {
		if (found->at[i].dir[0] && !revert_one(&found->at[i], o, vec_add(ret)))
			ret->n--;
	}
	return 0;
}

/* In runs/, and where something is to be put back by force, in left/.  -ENOENT, without err: there is no such folder. */
static int find_all(const struct revert_options *options, char *runs, size_t cap, found_vec *found, struct err *err)
{
	char left[300];
	int r = runs_dir(runs, cap, false, err);

	if (r == 0)
		r = find(runs, false, options, found, err);
	if (r == 0 && options->force && options->force[0]) {
		r = aside_dir(left, sizeof(left), false, err);
		r = r == -ENOENT ? 0 : r < 0 ? r : find(left, true, options, found, err);
	}
	return r;
}

int journals_found(const struct revert_options *o, journal_vec *ret, struct err *err)
{
	struct revert_options look = *o;
	found_vec found = { 0 };
	char runs[300];
	int r;

	look.dry_run = true;
	r = find_all(&look, runs, sizeof(runs), &found, err);
	for (size_t i = 0; r == 0 && i < found.n; i++) {
		struct err ignored = { 0 };
		struct journal *j;

		if (open_found(&found.at[i], &j, &ignored) == 0)
			*vec_add(ret) = j;
		else
			journal_free(j);
	}
	vec_free(&found);
	return r == -ENOENT ? 0 : r;
}

int journal_revert(const struct revert_options *options, struct revert_report *ret, struct err *err)
{
	found_vec found = { 0 };
	char runs[300];
	int r = find_all(options, runs, sizeof(runs), &found, err);

	if (r == -ENOENT) /* vlat has never changed anything here */
		return options->run ? err_set(err, r, "there is no run %s to revert", options->run) : 0;
	if (r == 0 && options->run && found.n == 0)
		r = err_set(err, -ENOENT, "there is no run %s to revert in %s", options->run, runs);
	if (r == 0)
		r = revert_found(&found, options, ret, err);
	vec_free(&found);
	return r;
}

bool revert_clean(const struct revert_report *r)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->at[i].state == REVERT_LEFT || r->at[i].state == REVERT_UNREADABLE)
			return false;
	}
	return true;
}

void revert_report_free(struct revert_report *r)
{
	for (size_t i = 0; i < r->n; i++)
		undo_report_free(&r->at[i].report);
	vec_free(r);
}

static json_t *run_json(const struct revert_run *run)
{
	json_t *items = json_array();

	for (size_t i = 0; i < run->report.n; i++) {
		const struct undo_item *it = &run->report.at[i];

		json_array_append_new(items, json_pack("{s:s, s:s, s:s, s:s}", "state", undo_state_name(it->state), "what",
						       it->what, "knob", it->knob, "text", it->text));
	}
	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:s, s:o}", "run", run->id, "state", revert_names[run->state], "why",
			 run->why, "created", run->created, "pid", (json_int_t) run->pid, "text", run->text, "items", items);
}

json_t *revert_report_json(const struct revert_report *r)
{
	json_t *runs = json_array();

	for (size_t i = 0; i < r->n; i++)
		json_array_append_new(runs, run_json(&r->at[i]));
	return json_pack("{s:i, s:b, s:o}", "format", 1, "clean", revert_clean(r), "runs", runs);
}
