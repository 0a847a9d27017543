/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of undoing: processes first, so that nothing goes on making what
 * is being removed; then every entry, last first.  A container's `delete`
 * stands after its namespace and cgroup in the journal, so it runs before them.
 *
 * Each step looks before it acts, so a kill in the middle and a second undo
 * lead to the same end.  Settled entries are noted without fsync: losing such
 * a note only means looking once more.
 */
#include "journal/undo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "journal/hands.h"
#include "journal/internal.h"

#define SLOW_NS (100 * NS_PER_MS) /* worth a remark to a developer */

static undo_fn *const undo_table[] = {
	[ENTRY_VALUE] = undo_value,   [ENTRY_TASK] = undo_task,     [ENTRY_POLICY] = undo_policy, [ENTRY_NETNS] = undo_netns,
	[ENTRY_CGROUP] = undo_cgroup, [ENTRY_TREE] = undo_tree,     [ENTRY_MOUNT] = undo_mount,   [ENTRY_COMMAND] = undo_command,
	[ENTRY_DRIVER] = undo_driver, [ENTRY_VFS] = undo_vfs,       [ENTRY_NETDEV] = undo_netdev, [ENTRY_FILE] = undo_file,
	[ENTRY_LINK] = undo_link,     [ENTRY_FOLDER] = undo_folder, [ENTRY_NIC] = undo_nic,
};

static const char *const state_names[] = {
	[UNDO_DONE] = "undone",     [UNDO_SAME] = "unchanged", [UNDO_VOID] = "void",
	[UNDO_FOREIGN] = "foreign", [UNDO_FAILED] = "failed",
};

const char *undo_state_name(enum undo_state s)
{
	return state_names[s];
}

void undo_report_free(struct undo_report *r)
{
	vec_free(r);
	memset(r->count, 0, sizeof(r->count));
}

static void report_add(struct undo_report *report, const struct undo_item *item)
{
	if (!report && (item->state == UNDO_FOREIGN || item->state == UNDO_FAILED)) /* nobody else will tell */
		log_warn("%s %s", item->what, item->text);
	if (!report)
		return;
	*vec_add(report) = *item;
	report->count[item->state]++;
}

static void settle(struct journal *j, struct entry *e, enum undo_state how)
{
	AUTO_FREE char *line = xprintf("{\"undone\":%llu,\"how\":\"%s\"}", (unsigned long long) e->seq, state_names[how]);
	struct err err = { 0 };

	e->settled = true;
	e->foreign = how == UNDO_FOREIGN;
	if (journal_write(j, line, false, &err) < 0)
		log_debug("%s", err.text);
}

bool undo_is_forced(const struct undo_ctx *c, const struct entry *e)
{
	for (size_t i = 0; c->force && c->force[i]; i++) {
		if (text_eq(c->force[i], e->knob ? e->knob : "") || text_eq(c->force[i], e->path ? e->path : ""))
			return true;
	}
	return false;
}

static bool reads_so(const struct entry *e, const char *now)
{
	if (e->kind == ENTRY_VALUE && now)
		return value_same(e->form, now, e->before);
	return now && e->before ? strcmp(now, e->before) == 0 : !now && !e->before;
}

bool undo_went_further(const struct undo_ctx *c, const struct entry *e, const char *now)
{
	for (const struct entry *older = e; older-- > c->j->entries.at;) {
		if (older->kind == e->kind && !older->settled && text_eq(older->path, e->path) && reads_so(older, now))
			return true;
	}
	return false;
}

/* A program that failed is tried again only as long as what guards it is there: vlat's own file of that name goes after it. */
static bool guards_failed(const struct undo_ctx *c, const struct entry *e)
{
	const struct entry *end = c->j->entries.at + c->j->entries.n;

	for (const struct entry *later = e + 1; e->path && !c->dry && later < end; later++) {
		if (later->kind == ENTRY_COMMAND && !later->settled && later->guard && text_eq(later->guard, e->path))
			return true;
	}
	return false;
}

static bool same_target(const struct entry *a, const struct entry *b)
{
	if (a->path || b->path)
		return a->path && b->path && text_eq(a->path, b->path);
	return a->tid && a->tid == b->tid && a->start == b->start;
}

/*
 * What was changed twice, and the later change could not be undone: there stands what the later one wrote.  Looked at now, the
 * older one would take that for somebody else's, and never be undone.
 */
static bool covered(const struct undo_ctx *c, const struct entry *e)
{
	const struct entry *end = c->j->entries.at + c->j->entries.n;

	for (const struct entry *later = e + 1; !c->dry && later < end; later++) {
		if (later->kind == e->kind && !later->settled && same_target(later, e))
			return true;
	}
	return false;
}

static enum undo_state undo_one(const struct undo_ctx *c, struct entry *e, struct undo_item *item)
{
	if (guards_failed(c, e)) {
		text_print(item->what, sizeof(item->what), "%s", e->path);
		text_print(item->text, sizeof(item->text), "stays until the program that failed has done its part");
		return UNDO_FAILED;
	}
	if (c->j->rebooted && !e->lasting && e->kind != ENTRY_NETNS) { /* /run may lie on disk: the name of a namespace stays */
		text_print(item->what, sizeof(item->what), "%s", e->path ? e->path : "a task");
		text_print(item->text, sizeof(item->text), "void: the machine was rebooted since");
		return UNDO_VOID;
	}
	if (undo_is_out_of_sight(e, item))
		return UNDO_FAILED;
	if (e->kind == ENTRY_MOUNT && !c->dry && undo_holds_ours(c, e)) {
		text_print(item->what, sizeof(item->what), "mount %s", e->path);
		text_print(item->text, sizeof(item->text), "stays until what was changed in it is undone");
		return UNDO_FAILED;
	}
	if (c->hands && !c->dry && hands_are_for(e->kind))
		return hands_undo(c->hands, c->j, e, item);
	if (e->follower)
		return follower_undo(c, e, item, undo_table[e->kind]);
	return undo_table[e->kind](c, e, item);
}

static enum undo_state wait_for_later(const struct entry *e, struct undo_item *item)
{
	if (e->path)
		text_print(item->what, sizeof(item->what), "%s", e->path);
	else
		text_print(item->what, sizeof(item->what), "task %d", (int) e->tid);
	text_print(item->text, sizeof(item->text), "stays until what was changed there later is undone");
	return UNDO_FAILED;
}

static int end_processes(const struct undo_ctx *c, struct undo_report *report, struct err *err)
{
	struct undo_item item = { .state = UNDO_DONE };
	struct err why = { 0 };
	int n = marked_kill(c, 0, &why);

	if (n == 0)
		return 0;
	text_print(item.what, sizeof(item.what), "processes started by the run");
	text_print(item.text, sizeof(item.text), c->dry ? "%d would be ended" : "%d ended", n);
	if (n < 0) {
		item.state = UNDO_FAILED;
		text_print(item.text, sizeof(item.text), "%.300s", why.text);
		err_set(err, n, "%s", why.text);
	}
	report_add(report, &item);
	return n < 0 ? n : 0;
}

int undo_entries(const struct undo_ctx *c, size_t here, struct undo_report *report, struct err *err)
{
	struct err first = { 0 };
	size_t failed = 0;

	if (c->end && end_processes(c, report, &first) < 0)
		failed++;
	for (size_t i = c->j->entries.n; i-- > here;) {
		struct entry *e = &c->j->entries.at[i];
		struct undo_item item = { .state = UNDO_DONE };
		uint64_t start = clock_ns();

		if (e->settled)
			continue;
		text_print(item.knob, sizeof(item.knob), "%s", e->knob ? e->knob : "");
		item.state = failed && covered(c, e) ? wait_for_later(e, &item) : undo_one(c, e, &item);
		if (clock_ns() - start > SLOW_NS)
			log_debug("%s took %llu ms to undo", item.what, (unsigned long long) ((clock_ns() - start) / NS_PER_MS));
		report_add(report, &item);
		if (item.state == UNDO_FAILED && failed++ == 0)
			err_set(&first, -EBUSY, "%.200s %.250s", item.what, item.text);
		else if (item.state != UNDO_FAILED && !c->dry)
			settle(c->j, e, item.state);
	}
	if (!failed)
		return 0;
	return err_set(err, first.code, "run %s: %zu of its changes could not be undone; first: %.380s", c->j->head.run, failed,
		       first.text);
}

static int undo_from(const struct undo_ctx *c, size_t here, struct undo_report *report, struct err *err)
{
	struct err sync = { 0 };

	if (c->j->held && journal_sync(c->j, &sync) < 0)
		log_debug("%s", sync.text);
	return undo_entries(c, here, report, err);
}

int journal_undo_report(struct journal *j, size_t here, struct undo_report *report, struct err *err)
{
	struct undo_ctx c = { .j = j };

	return undo_from(&c, here, report, err);
}

int journal_undo_to(struct journal *j, size_t here, struct err *err)
{
	return journal_undo_report(j, here, NULL, err);
}

static size_t count_foreign(const struct journal *j)
{
	size_t n = 0;

	for (size_t i = 0; i < j->entries.n; i++)
		n += j->entries.at[i].foreign;
	return n;
}

int journal_close(struct journal *j, struct err *err)
{
	struct undo_ctx c = { .j = j, .end = true };
	int r;

	if (!j)
		return 0;
	r = undo_from(&c, 0, NULL, err);
	history_end(j, r < 0 || count_foreign(j) ? HISTORY_LEFT : HISTORY_ENDED, count_foreign(j), r < 0);
	if (r == 0)
		r = run_remove(j->dir, err);
	else
		err_in(err, "vlat revert may be tried again");
	journal_free(j);
	return r;
}
