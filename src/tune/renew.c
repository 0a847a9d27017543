/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An applied plan on a machine that has changed under it: a CPU came back with
 * the kernel's own settings, a card was given new interrupts.  What came is
 * listed anew and made as wanted, in the same journal.
 *
 * Values and cards.  Groups are there already; they are mended where the kernel
 * took a CPU out of them (cgroup v1 does, for good).  Tasks are not moved again:
 * who is started later inherits where he may run.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tune/internal.h"

static bool is_thing(enum setting_kind kind)
{
	return kind == SETTING_VALUE || kind == SETTING_NIC;
}

static bool is_new(const struct setting *s, const char *knob, plan_came_fn *came, void *arg)
{
	return is_thing(s->kind) && s->state == SETTING_TODO && s->path && came(arg, knob, s->path);
}

/* A file or a card of the step stands in it once: the newest look at it counts. */
static struct setting *place_for(struct step *s, const struct setting *like)
{
	for (size_t i = 0; i < s->settings.n; i++)
		if (s->settings.at[i].kind == like->kind && text_eq(s->settings.at[i].path, like->path))
			return &s->settings.at[i];
	return NULL;
}

static void take_over(struct step *s, struct setting *from)
{
	struct setting *to = place_for(s, from), was;

	if (!to)
		to = settings_add(&s->settings, from->kind, from->path);
	was = *to;
	*to = *from;
	*from = was; /* freed with the list it came from */
}

/* Listed beside what the step holds, for that is what undoing and verifying go by. */
static int list_beside(const struct plan *p, const struct step *s, struct step *ret, struct err *err)
{
	*ret = (struct step){ .knob = s->knob };
	return step_list(p, ret, true, err);
}

/*
 * A file that vlat has changed before keeps its one entry: what was there first
 * is what undoing gives back, not what the kernel made of it in between; so does
 * a card whose driver was loaded again.  A number that another device has taken
 * over, and a slot with another card (the guard tells), is another thing.
 */
static const struct setting *known(struct step *s, const struct setting *fresh)
{
	const struct setting *old = place_for(s, fresh);
	bool ours = old && (old->state == SETTING_DONE || old->state == SETTING_CHANGED);
	bool same = ours && !old->guard == !fresh->guard && (!old->guard || text_eq(old->guard, fresh->guard));

	return same ? old : NULL;
}

static int note_new(struct plan *p, struct step *s, const struct setting *fresh, struct err *err)
{
	const struct setting *old = known(s, fresh);
	char path[512];

	if (old &&
	    (fresh->kind == SETTING_NIC ? text_eq(old->after, fresh->after) : value_same(fresh->form, old->after, fresh->after)))
		return 0;
	if (!old || fresh->kind == SETTING_NIC)
		return setting_intent(p, fresh, err);
	text_print(path, sizeof(path), "%s%s%s", p->fs.path, text_ends(p->fs.path, "/") ? "" : "/", fresh->path);
	return journal_left(p->journal, path, fresh->after, err);
}

static int note_all(struct plan *p, struct step *s, struct step *fresh, plan_came_fn *came, void *arg, struct err *err)
{
	struct err ignored = { 0 };
	int r = 0;

	journal_hold(p->journal);
	for (size_t i = 0; r == 0 && i < fresh->settings.n; i++)
		if (is_new(&fresh->settings.at[i], s->knob->id, came, arg))
			r = note_new(p, s, &fresh->settings.at[i], err);
	if (r < 0)
		journal_sync(p->journal, &ignored);
	return r < 0 ? r : journal_sync(p->journal, err);
}

/* Groups that were given CPUs were given them on purpose. */
static void leave_chosen(const struct plan *p, struct step *fresh)
{
	for (size_t i = 0; i < fresh->settings.n; i++) {
		struct setting *s = &fresh->settings.at[i];
		struct cpuset cpus;
		bool inherits = s->kind == SETTING_VALUE && cpuset_parse_list(s->before, &cpus) == 0 &&
				(cpuset_empty(&cpus) || cpuset_within(&p->facts->cpu.online, &cpus));

		if (s->kind == SETTING_VALUE && text_ends(s->path, "/cpuset.cpus") && !inherits)
			s->state = SETTING_SAME;
	}
}

static int write_new(struct plan *p, struct step *s, struct step *fresh, plan_came_fn *came, void *arg, struct err *err)
{
	int r = note_all(p, s, fresh, came, arg, err), n = 0;

	for (size_t i = 0; r == 0 && i < fresh->settings.n; i++) {
		struct setting *one = &fresh->settings.at[i];

		if (!is_new(one, s->knob->id, came, arg))
			continue;
		r = setting_do(p, one, err);
		n += one->state == SETTING_DONE;
		take_over(s, one);
	}
	if (r == 0)
		journal_done(p->journal);
	return r < 0 ? r : n;
}

static int mend_groups(struct plan *p, struct step *s, struct err *err)
{
	int n = 0;

	for (size_t i = 0; i < s->settings.n; i++) {
		struct setting *one = &s->settings.at[i];
		bool ours = one->kind == SETTING_GROUP && (one->state == SETTING_DONE || one->state == SETTING_CHANGED);
		int r;

		if (!ours)
			continue;
		one->state = SETTING_DONE;
		if (setting_check(p, one))
			continue;
		one->state = SETTING_TODO;
		r = setting_do(p, one, err);
		if (r < 0)
			return r;
		n += one->state == SETTING_DONE;
		if (one->state != SETTING_DONE)
			one->state = SETTING_CHANGED; /* a CPU of it is away: tried again when one comes */
	}
	return n;
}

static int renew_groups(struct plan *p, struct step *s, plan_came_fn *came, void *arg, struct err *err)
{
	struct step fresh;
	int mended = mend_groups(p, s, err), r;

	if (mended < 0 || !p->grouped)
		return mended;
	r = list_beside(p, s, &fresh, err);
	leave_chosen(p, &fresh);
	if (r == 0)
		r = write_new(p, s, &fresh, came, arg, err);
	settings_free(&fresh.settings);
	return r < 0 ? r : mended + r;
}

static int renew_step(struct plan *p, struct step *s, plan_came_fn *came, void *arg, struct err *err)
{
	struct step fresh;
	int r;

	if (step_has_kind(s, SETTING_GROUP))
		return renew_groups(p, s, came, arg, err);
	if (s->knob->when != KNOB_LIVE)
		return 0;
	r = list_beside(p, s, &fresh, err);
	if (r == 0)
		r = nic_spare(p, &fresh, err);
	if (r == 0)
		r = write_new(p, s, &fresh, came, arg, err);
	settings_free(&fresh.settings);
	return r;
}

int plan_renew(struct plan *p, const struct host_facts *facts, plan_came_fn *came, void *arg, struct err *err)
{
	const struct host_facts *made_of = p->facts;
	int r = 0, n = 0;

	if (!p->journal)
		return 0;
	p->facts = facts;
	for (size_t i = 0; r >= 0 && i < p->steps.n; i++) {
		r = renew_step(p, &p->steps.at[i], came, arg, err);
		n += r > 0 ? r : 0;
	}
	p->facts = made_of;
	return r < 0 ? r : n;
}

bool plan_confined_groups(const struct plan *p, char *dir, size_t cap)
{
	const struct step *s = plan_step(p, "iso.partition");

	for (size_t i = 0; s && i < s->settings.n; i++)
		if (s->settings.at[i].kind == SETTING_GROUP && strstr(s->settings.at[i].after, "cpuset.cpus.partition"))
			return false; /* takes the CPUs from all others, whenever they come */
	return s && p->journal && p->grouped &&
	       !text_print(dir, cap, "%s%s%s", p->fs.path, text_ends(p->fs.path, "/") ? "" : "/",
			   p->facts->cgroup.cpuset.dir);
}
