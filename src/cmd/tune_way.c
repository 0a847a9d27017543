/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Setting CPUs apart moves every ordinary task off them, guests too: a VM that
 * ran on eight CPUs would go on with two.  Whoever launched it has to place it
 * (or `vlat run` does), so it is named and left to the person.  A plan that
 * moves nobody is in no guest's way.
 */
#include "cmd/tune_way.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "knob/containers.h"
#include "knob/qemu.h"

static void add_vms(const struct tuner *t, const struct task_facts *tasks, struct in_the_way *w)
{
	struct qemus vms;

	qemus_read(&t->fs, tasks, 0, &vms);
	for (size_t i = 0; i < vms.n; i++) {
		const struct qemu *q = &vms.at[i];
		struct cpuset cpus = qemu_vcpu_cpus(q);
		struct guest *g;

		cpus = cpuset_and(&cpus, &t->split.isolated);
		if (cpuset_empty(&cpus))
			continue;
		g = vec_add(&w->guests);
		g->cpus = cpus;
		text_print(g->name, sizeof(g->name), "VM %.40s%s(process %d)", q->name, q->name[0] ? " " : "", (int) q->pid);
	}
	qemus_free(&vms);
}

/* One that may also run elsewhere goes there, as every process does. */
static void add_container(const struct tuner *t, const struct container_fact *c, struct in_the_way *w)
{
	const struct cgroup_home *home = &t->facts.cgroup.cpuset;
	AUTO_FREE char *file = xprintf("%s%s/cpuset.cpus", home->dir, c->path);
	struct cpuset cpus;
	struct guest *g;

	if (home->version == 0 || fs_read_cpulist(&t->fs, file, &cpus) < 0 || cpuset_empty(&cpus) ||
	    !cpuset_within(&cpus, &t->split.isolated))
		return;
	g = vec_add(&w->guests);
	g->cpus = cpus;
	text_print(g->name, sizeof(g->name), "container %.12s (%s)", c->id, c->engine);
}

static int add_guests(const struct tuner *t, struct in_the_way *w, struct err *err)
{
	struct containers list;
	struct task_facts tasks;
	int r = task_facts_read(&t->fs, &tasks, err);

	if (r < 0)
		return r;
	add_vms(t, &tasks, w);
	task_facts_free(&tasks);
	containers_read(&t->fs, &t->facts.cgroup, &list);
	for (size_t i = 0; i < list.n; i++)
		add_container(t, &list.at[i], w);
	containers_free(&list);
	return 0;
}

int way_look(const struct tuner *t, struct in_the_way *ret, struct err *err)
{
	*ret = (struct in_the_way){ .rivals = { .at = NULL } };
	rivals_find(t->plan, false, &ret->rivals);
	return plan_moves_tasks(t->plan) ? add_guests(t, ret, err) : 0;
}

void way_free(struct in_the_way *w)
{
	rivals_free(&w->rivals);
	vec_free(&w->guests);
}

static void put_guests(const struct in_the_way *w, const char *begin, const char *between, struct sink *out)
{
	char cpus[256];

	for (size_t i = 0; i < w->guests.n; i++)
		sink_printf(out, "%s%s on CPUs %s", i ? between : begin, w->guests.at[i].name,
			    cpuset_list(&w->guests.at[i].cpus, cpus, sizeof(cpus)));
}

void way_text(const struct in_the_way *w, struct sink *out)
{
	size_t stoppable = rivals_stoppable(&w->rivals);

	if (stoppable) {
		sink_put(out, "\nIn the way: stopped and masked while the tuning is in force, with --take-over\n");
		rivals_text(&w->rivals, true, out);
	}
	if (w->rivals.n > stoppable) {
		sink_put(out, "\nIn the way: never stopped; tell each of them which CPUs are set apart\n");
		rivals_text(&w->rivals, false, out);
	}
	if (w->guests.n) {
		sink_put(
			out,
			"\nIn the way: guests that run on CPUs to be isolated, and would be moved off them; only with --force\n");
		put_guests(w, "  ", "\n  ", out);
		sink_put(out, "\n");
	}
}

json_t *way_json(const struct in_the_way *w)
{
	json_t *rivals = json_array(), *guests = json_array();
	char cpus[4096];

	for (size_t i = 0; i < w->rivals.n; i++) {
		const struct rival *r = &w->rivals.at[i];

		json_array_append_new(rivals, json_pack("{s:s, s:i, s:s, s:b}", "name", r->row->name, "pid", (int) r->pid, "does",
							r->row->fights, "stoppable", r->stoppable));
	}
	for (size_t i = 0; i < w->guests.n; i++)
		json_array_append_new(guests, json_pack("{s:s, s:s}", "name", w->guests.at[i].name, "cpus",
							cpuset_list(&w->guests.at[i].cpus, cpus, sizeof(cpus))));
	return json_pack("{s:o, s:o}", "programs", rivals, "guests", guests);
}

static void names_of(const struct rivals *r, struct sink *out)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		if (r->at[i].stoppable)
			sink_printf(out, "%s%s (process %d)", n++ ? ", " : "", r->at[i].row->name, (int) r->at[i].pid);
}

int way_clear(const struct in_the_way *w, struct plan *p, bool take_over, bool force, struct err *err)
{
	AUTO(sink_free) struct sink what = { 0 };

	if (cpuset_has(&plan_split(p)->isolated, 0) && !force)
		return err_set(err, -EINVAL,
			       "CPU 0 is to be isolated, but the kernel keeps work there that it cannot move (boot, timekeeping, "
			       "interrupts that nobody else may take): choose other CPUs, or say --force");
	if (w->guests.n && !force) {
		put_guests(w, "", ", ", &what);
		return err_set(err, -EBUSY,
			       "guests run on CPUs to be isolated, and would be crowded onto the others: %.300s; stop them or "
			       "place them first, choose other CPUs, or say --force",
			       what.text);
	}
	if (rivals_stoppable(&w->rivals) && !take_over) {
		names_of(&w->rivals, &what);
		return err_set(err, -EBUSY,
			       "%.300s would undo this tuning: stop it, or say --take-over to have it stopped and masked for "
			       "as long as the tuning is in force",
			       what.text);
	}
	return take_over ? plan_take_over(p, &w->rivals, err) : 0;
}
