/* SPDX-License-Identifier: Apache-2.0 */
/* Making a plan: which knobs, in which order, and what each would do here. */
#include "tune/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tune/internal.h"

struct knob_ctx plan_ctx(const struct plan *p, bool applying)
{
	return (struct knob_ctx){
		.fs = &p->fs,
		.facts = p->facts,
		.split = &p->split,
		.options = &p->options,
		.run = p->journal ? journal_run(p->journal) : "RUN",
		.grouped = p->grouped,
		.applying = applying,
		.plain_groups = p->plain_groups,
	};
}

int step_list(const struct plan *p, struct step *s, bool applying, struct err *err)
{
	struct knob_ctx c = plan_ctx(p, applying);
	int r;

	settings_free(&s->settings);
	r = knob_list(s->knob, &c, &s->settings, err);
	nic_know(p, s);
	return r < 0 ? err_in(err, "%s", s->knob->id) : 0;
}

bool step_has_kind(const struct step *s, enum setting_kind kind)
{
	for (size_t i = 0; i < s->settings.n; i++) {
		if (s->settings.at[i].kind == kind)
			return true;
	}
	return false;
}

static bool named(const char *const *list, const char *id)
{
	for (size_t i = 0; list && list[i]; i++) {
		if (text_eq(list[i], id))
			return true;
	}
	return false;
}

static int check_ids(const char *const *list, struct err *err)
{
	for (size_t i = 0; list && list[i]; i++) {
		const char *ids[128], *near;

		if (knob_find(list[i]))
			continue;
		for (size_t k = 0; k < knob_count && k < ARRAY_SIZE(ids); k++)
			ids[k] = knob_table[k]->id;
		near = text_nearest(list[i], ids, knob_count < ARRAY_SIZE(ids) ? knob_count : ARRAY_SIZE(ids));
		return err_set(err, -EINVAL, "there is no knob \"%.60s\" that can be tuned%s%s%s", list[i],
			       near ? "; did you mean " : ": vlat knobs lists them", near ? near : "", near ? "?" : "");
	}
	return 0;
}

static int by_order(const void *a, const void *b)
{
	const struct step *x = a, *y = b;

	if (x->knob->order != y->knob->order)
		return x->knob->order < y->knob->order ? -1 : 1;
	return strcmp(x->knob->id, y->knob->id);
}

static void choose_knobs(struct plan *p, const struct plan_options *o)
{
	for (size_t i = 0; i < knob_count; i++) {
		const struct knob *k = knob_table[i];

		/* What cuts links is never part of "all". */
		if (named(o->except, k->id) || (o->only ? !named(o->only, k->id) : k->disruptive))
			continue;
		if (k->security && !o->allow_insecure && !named(o->insecure, k->id)) {
			p->left_out++;
			continue;
		}
		vec_add(&p->steps)->knob = k;
	}
	if (p->steps.n)
		qsort(p->steps.at, p->steps.n, sizeof(*p->steps.at), by_order);
}

/* VLAT_LEAVE_ALONE=1,corosync: for machines where something must never be moved, whatever the call says. */
static void leave_alone_from_env(struct plan *p)
{
	const char *env = getenv("VLAT_LEAVE_ALONE");
	VEC(char *) words = { 0 };

	if (!env || !*env)
		return;
	for (const char *at = env; *at; at += strcspn(at, ","), at += *at == ',') {
		size_t n = strcspn(at, ",");

		if (n)
			*vec_add(&words) = xstrndup(at, n);
	}
	*vec_add(&words) = NULL;
	p->leave_alone = words.at;
	p->options.leave_alone = (const char *const *) words.at;
}

int plan_make(struct plan **ret, const struct fs *fs, const struct host_facts *facts, const struct cpu_split *split,
	      const struct plan_options *options, struct err *err)
{
	static const struct plan_options none;
	const struct plan_options *o = options ? options : &none;
	struct plan *p;
	int r = check_ids(o->only, err);

	if (r == 0)
		r = check_ids(o->except, err);
	if (r == 0)
		r = check_ids(o->insecure, err);
	if (r < 0)
		return r;
	if (!split->possible)
		return err_set(err, -EOPNOTSUPP, "the tuning cannot set CPUs apart: %s", split->why);
	p = xalloc(1, sizeof(*p));
	p->lease = -1;
	p->mounter = -1;
	p->fs = *fs;
	p->facts = facts;
	p->split = *split;
	p->options.vm_memory_mb = o->vm_memory_mb;
	p->options.leave_alone = o->leave_alone;
	p->options.own = o->own;
	p->options.n_own = o->n_own;
	if (!o->leave_alone)
		leave_alone_from_env(p);
	choose_knobs(p, o);
	for (size_t i = 0; r == 0 && i < p->steps.n; i++) {
		r = step_list(p, &p->steps.at[i], false, err);
		p->grouped = p->grouped || step_has_kind(&p->steps.at[i], SETTING_MOVE) ||
			     step_has_kind(&p->steps.at[i], SETTING_GROUP);
	}
	if (r < 0)
		plan_free(p);
	else
		*ret = p;
	return r;
}

void plan_free(struct plan *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->steps.n; i++)
		settings_free(&p->steps.at[i].settings);
	vec_free(&p->steps);
	vec_free(&p->rivals);
	plan_release(p);
	if (p->lease >= 0)
		close(p->lease);
	if (p->mounter >= 0)
		close(p->mounter);
	for (size_t i = 0; p->leave_alone && p->leave_alone[i]; i++)
		free(p->leave_alone[i]);
	free(p->leave_alone);
	free(p);
}

size_t plan_changes(const struct plan *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->steps.n; i++) {
		for (size_t k = 0; k < p->steps.at[i].settings.n; k++)
			n += p->steps.at[i].settings.at[k].state == SETTING_TODO;
	}
	return n;
}

bool plan_moves_tasks(const struct plan *p)
{
	static const char *const movers[] = { "iso.partition", "sch.task_affinity" };

	for (size_t i = 0; i < ARRAY_SIZE(movers); i++) {
		const struct step *s = plan_step(p, movers[i]);

		for (size_t k = 0; s && k < s->settings.n; k++)
			if (s->settings.at[k].state == SETTING_TODO)
				return true;
	}
	return false;
}

const struct step *plan_step(const struct plan *p, const char *id)
{
	for (size_t i = 0; i < p->steps.n; i++) {
		if (text_eq(p->steps.at[i].knob->id, id))
			return &p->steps.at[i];
	}
	return NULL;
}

const struct cpu_split *plan_split(const struct plan *p)
{
	return &p->split;
}

const struct fs *plan_fs(const struct plan *p)
{
	return &p->fs;
}

/* The groups that iso.partition made, as absolute paths. */
static void placement_groups(const struct plan *p, const struct step *s, struct placement *ret)
{
	for (size_t i = 0; i < s->settings.n; i++) {
		const struct setting *g = &s->settings.at[i];
		bool fits = true;

		if (g->kind != SETTING_GROUP || g->state != SETTING_DONE)
			continue;
		if (text_ends(g->path, "/iso"))
			fits = !text_print(ret->cgroup_iso, sizeof(ret->cgroup_iso), "/%s", g->path);
		else if (!text_ends(g->path, ".hk"))
			fits = !text_print(ret->cgroup, sizeof(ret->cgroup), "/%s", g->path);
		if (!fits || !p->fs.live)
			ret->cgroup[0] = ret->cgroup_iso[0] = '\0';
	}
}

static unsigned huge_kb(const struct plan *p)
{
	const struct step *s = plan_step(p, "mem.huge_2m");
	enum setting_state state = s && s->settings.n ? s->settings.at[0].state : SETTING_ABSENT;

	return state == SETTING_SAME || state == SETTING_DONE || (state == SETTING_TODO && !p->journal) ? 2048 : 0;
}

void plan_placement(const struct plan *p, struct placement *ret)
{
	const struct step *groups = plan_step(p, "iso.partition");
	struct placement out;

	placement_propose(&p->split, &out);
	if (!plan_step(p, "vm.thread_pin"))
		out.sut_cpus = out.peer_cpus = out.emulator_cpus = (struct cpuset){ 0 };
	if (!plan_step(p, "sch.vcpu_policy"))
		out.sut_fifo = out.peer_fifo = out.emulator_fifo = 0;
	out.lock_memory = plan_step(p, "mem.mlock") != NULL;
	out.hugepage_kb = huge_kb(p);
	if (groups && p->journal)
		placement_groups(p, groups, &out);
	*ret = out;
}
