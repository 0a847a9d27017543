/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Applying a plan: strictly in the order in which it stands there, for one
 * setting can undo or forbid another (tests/unit/tune/order.h has the pairs).
 *
 * Neighbours share one fsync: all their intents first, then all their deeds.
 * Knobs that are `first` stand alone, and what comes after them is listed when
 * they are done: mounts bring files, control groups decide which tasks are
 * still to be moved, and what a CPU's own servers get can only be set while
 * the CPU is part of the machine: an isolated one has no bandwidth to take it
 * from.
 *
 * Everything is listed again: tasks and interrupts have come and gone since
 * the plan was made, and a study applies one plan many times.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "tune/internal.h"

#define SLOW_NS (100 * NS_PER_MS) /* worth a remark to a developer */

/* Moves first: see move.c. */
static int step_intents(const struct plan *p, const struct step *s, struct err *err)
{
	int r = 0;

	journal_for(p->journal, s->knob->id);
	for (int moves = 1; r == 0 && moves >= 0; moves--) {
		for (size_t i = 0; r == 0 && i < s->settings.n; i++) {
			const struct setting *one = &s->settings.at[i];

			if ((one->kind == SETTING_MOVE) == moves)
				r = setting_intent(p, one, err);
		}
	}
	journal_for(p->journal, NULL);
	return r;
}

static int step_do(struct plan *p, struct step *s, struct err *err)
{
	for (size_t i = 0; i < s->settings.n; i++) {
		struct setting *one = &s->settings.at[i];
		bool wanted = one->state == SETTING_TODO;
		uint64_t start = clock_ns();
		int r = setting_do(p, one, err);

		if (r < 0)
			return err_in(err, "%s", s->knob->id);
		if (clock_ns() - start > SLOW_NS)
			log_debug("%s: %s took %llu ms", s->knob->id, one->target,
				  (unsigned long long) ((clock_ns() - start) / NS_PER_MS));
		if (wanted && one->state == SETTING_BLOCKED && s->knob->refusal)
			text_print(one->reason, sizeof(one->reason), "%s", s->knob->refusal);
	}
	return 0;
}

static int step_write(struct plan *p, struct step *s, struct err *err)
{
	int r;

	journal_hold(p->journal);
	r = step_intents(p, s, err);
	if (r < 0) {
		struct err ignored = { 0 };

		journal_sync(p->journal, &ignored);
		return r;
	}
	r = journal_sync(p->journal, err);
	return r < 0 ? r : step_do(p, s, err);
}

static const struct setting *first_refusal(const struct step *s)
{
	for (size_t i = 0; i < s->settings.n; i++) {
		const struct setting *one = &s->settings.at[i];

		if (one->state == SETTING_BLOCKED || one->state == SETTING_FAILED)
			return one;
	}
	return NULL;
}

/* Half a set of groups confines nobody and may lock out the measured threads: all of it, or none. */
static void block_all(struct step *s, const char *why)
{
	for (size_t i = 0; i < s->settings.n; i++) {
		struct setting *one = &s->settings.at[i];

		if (one->state == SETTING_DONE || one->state == SETTING_TODO) {
			one->state = SETTING_BLOCKED;
			text_print(one->reason, sizeof(one->reason), "%s", why);
		}
	}
}

static int do_groups(struct plan *p, struct step *s, struct err *err)
{
	size_t here = journal_here(p->journal);
	const struct setting *refused;
	int r = 0;

	p->plain_groups = false;
	for (int tries = 0; r == 0 && tries < 2; tries++) {
		r = step_list(p, s, true, err);
		if (r == 0)
			r = step_write(p, s, err);
		refused = r == 0 ? first_refusal(s) : NULL;
		p->grouped = r == 0 && !refused && step_has_kind(s, SETTING_GROUP);
		if (r < 0 || !refused)
			return r;
		r = journal_undo_to(p->journal, here, err);
		if (p->plain_groups || p->facts->cgroup.cpuset.version != 2)
			break;
		p->plain_groups = true; /* the partition came out invalid: confine the others instead */
	}
	if (r == 0)
		block_all(s, "taken back because one of the groups was refused");
	return r;
}

static bool is_mounted(const struct step *s)
{
	return step_has_kind(s, SETTING_MOUNT) && s->settings.at[0].state == SETTING_DONE;
}

/* A mount brings files: the knob is listed again, and they are written at once. */
static int do_early(struct plan *p, struct step *s, struct err *err)
{
	int r = step_write(p, s, err);

	if (r == 0 && is_mounted(s)) {
		r = step_list(p, s, true, err);
		if (r == 0)
			r = step_write(p, s, err);
	}
	return r;
}

static int do_alone(struct plan *p, struct step *s, struct err *err)
{
	int r = step_list(p, s, true, err);

	if (r < 0)
		return r;
	return step_has_kind(s, SETTING_GROUP) ? do_groups(p, s, err) : do_early(p, s, err);
}

static int do_together(struct plan *p, size_t from, size_t to, struct err *err)
{
	int r = 0;

	journal_hold(p->journal);
	for (size_t i = from; r == 0 && i < to; i++) {
		r = step_list(p, &p->steps.at[i], true, err);
		if (r == 0)
			r = step_intents(p, &p->steps.at[i], err);
	}
	if (r < 0) {
		struct err ignored = { 0 };

		journal_sync(p->journal, &ignored);
		return r;
	}
	r = journal_sync(p->journal, err);
	for (size_t i = from; r == 0 && i < to; i++)
		r = step_do(p, &p->steps.at[i], err);
	return r;
}

static int do_all(struct plan *p, struct err *err)
{
	size_t from = 0;
	int r = 0;

	p->grouped = false;
	while (r == 0 && from < p->steps.n) {
		size_t to = from;

		while (to < p->steps.n && !p->steps.at[to].knob->first)
			to++;
		if (to > from) {
			r = do_together(p, from, to, err);
		} else {
			r = do_alone(p, &p->steps.at[from], err);
			to++;
		}
		from = to;
	}
	return r;
}

void plan_release(struct plan *p)
{
	for (size_t i = 0; i < p->spinners.n; i++)
		spin_stop(p->spinners.at[i]);
	vec_free(&p->spinners);
	for (size_t i = 0; i < p->held.n; i++)
		close(p->held.at[i]);
	vec_free(&p->held);
}

/* Last of all: until then nobody else may look at what is there. */
static void end_lease(struct plan *p)
{
	if (p->lease >= 0)
		close(p->lease);
	p->lease = -1;
}

static int take_back(struct plan *p, struct err *err)
{
	struct err why = *err, undo = { 0 };
	int r = journal_undo_to(p->journal, p->here, &undo);

	plan_release(p);
	end_lease(p);
	p->journal = NULL;
	if (r < 0)
		return err_set(err, why.code, "%.220s; and taking it back: %.220s", why.text, undo.text);
	return why.code;
}

int plan_apply(struct plan *p, struct journal *j, struct err *err)
{
	struct err why = { 0 };
	int r;

	if (p->journal)
		return err_set(err, -EALREADY, "this plan is applied already");
	r = plan_check_lifelines(p, err);
	if (r == 0 && p->fs.live && p->lease < 0)
		r = lease_take(&p->lease, err);
	if (r < 0)
		return r;
	if (p->mounter >= 0)
		journal_mounts_by(j, fcntl(p->mounter, F_DUPFD_CLOEXEC, 0));
	p->journal = j;
	p->here = journal_here(j);
	r = rivals_stop(p, &why);
	if (r == 0)
		r = do_all(p, &why);
	if (r == 0) {
		journal_done(j);
		return 0;
	}
	r = take_back(p, &why);
	return err_set(err, r, "the tuning could not be applied: %s", why.text);
}

int plan_verify(struct plan *p, struct err *err)
{
	int changed = 0;

	if (!p->journal)
		return err_set(err, -EINVAL, "this plan is not applied: there is nothing to verify");
	for (size_t i = 0; i < p->steps.n; i++) {
		for (size_t k = 0; k < p->steps.at[i].settings.n; k++)
			changed += !setting_check(p, &p->steps.at[i].settings.at[k]);
	}
	return changed;
}

int plan_revert(struct plan *p, struct err *err)
{
	int r;

	if (!p->journal)
		return 0;
	plan_release(p);
	r = journal_undo_to(p->journal, p->here, err);
	end_lease(p);
	p->journal = NULL;
	for (size_t i = 0; i < p->steps.n; i++) {
		for (size_t k = 0; k < p->steps.at[i].settings.n; k++) {
			struct setting *s = &p->steps.at[i].settings.at[k];

			if (s->state == SETTING_DONE || s->state == SETTING_CHANGED)
				s->state = SETTING_TODO;
		}
	}
	return r;
}
