/* SPDX-License-Identifier: Apache-2.0 */
/* Ask every knob, judge, group, rank. */
#include "audit/audit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "audit/gaps.h"
#include "audit/parts.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"
#include "knob/look.h"

const char *audit_state_name(enum audit_state s)
{
	static const char *const names[] = {
		[AUDIT_DIFFERS] = "differs", [AUDIT_BLOCKED] = "blocked",       [AUDIT_UNSEEN] = "cannot see",
		[AUDIT_OK] = "ok",           [AUDIT_ABSENT] = "not applicable",
	};

	return names[s];
}

/* What a file that is only looked at holds cannot be "todo": it is a difference. */
static enum audit_state state_of(const struct setting *s)
{
	switch (s->state) {
	case SETTING_TODO:
		return AUDIT_DIFFERS;
	case SETTING_BLOCKED:
		return AUDIT_BLOCKED;
	case SETTING_UNSEEN:
		return AUDIT_UNSEEN;
	case SETTING_ABSENT:
		return AUDIT_ABSENT;
	case SETTING_SAME:
	case SETTING_DONE:
	case SETTING_FAILED:
	case SETTING_CHANGED:
		break;
	}
	return AUDIT_OK;
}

static bool same_text(const char *a, const char *b)
{
	return (!a && !b) || (a && b && text_eq(a, b));
}

static bool alike(const struct audit_group *g, enum audit_state state, const struct setting *s)
{
	return g->state == state && same_text(g->first->before, s->before) && same_text(g->first->after, s->after) &&
	       text_eq(g->first->reason, s->reason) && g->first->cure == s->cure;
}

static int by_state(const void *a, const void *b)
{
	const struct audit_group *x = a, *y = b;

	if (x->state != y->state)
		return x->state < y->state ? -1 : 1;
	/* Of an array: what came first stays first. */
	return x->first < y->first ? -1 : x->first > y->first;
}

/* Only the last few groups are looked through: a thousand different values make a thousand groups, not a million looks. */
#define LOOK_BACK 16

static void group_settings(struct finding *f)
{
	VEC(struct audit_group) list = { 0 };

	for (size_t i = 0; i < f->settings.n; i++) {
		const struct setting *s = &f->settings.at[i];
		enum audit_state state = state_of(s);
		size_t g = list.n, least = list.n > LOOK_BACK ? list.n - LOOK_BACK : 0;

		while (g > least && !alike(&list.at[g - 1], state, s))
			g--;
		if (g > least)
			list.at[g - 1].n++;
		else
			*vec_add(&list) = (struct audit_group){ .state = state, .first = s, .n = 1 };
	}
	if (list.n)
		qsort(list.at, list.n, sizeof(*list.at), by_state);
	f->groups = list.at;
	f->n_groups = list.n;
	f->state = list.n ? list.at[0].state : AUDIT_ABSENT;
}

/* By state, then by effect; among equals what works at once stands before what needs a boot. */
static int by_rank(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;

	if (x->state != y->state)
		return x->state < y->state ? -1 : 1;
	if (x->effect != y->effect)
		return x->effect > y->effect ? -1 : 1;
	if (x->knob->when != y->knob->when)
		return x->knob->when < y->knob->when ? -1 : 1;
	return strcmp(x->knob->id, y->knob->id);
}

static bool runs(const struct task_facts *tasks, const char *const *names, size_t n)
{
	for (size_t i = 0; i < tasks->n; i++) {
		for (size_t k = 0; k < n; k++) {
			if (!task_is_kernel(&tasks->at[i]) && text_starts(tasks->at[i].stat.comm, names[k]))
				return true;
		}
	}
	return false;
}

static enum role guess_role(const struct knob_ctx *c)
{
	static const char *const engines[] = { "dockerd", "containerd", "crio", "kubelet", "conmon", "podman" };

	if (look_qemus(c)->n)
		return ROLE_VM_HOST;
	if (runs(look_tasks(c), engines, ARRAY_SIZE(engines)))
		return ROLE_CONTAINER_HOST;
	return c->look->machine->virt.guest || c->facts->kernel.virtual_machine ? ROLE_GUEST : ROLE_VM_HOST;
}

static int choose_role(struct audit *a, const char *name, struct knob_ctx *c, struct err *err)
{
	if (name && !role_parse(name, &a->role)) {
		const char *near = text_nearest(name, role_names, ROLE_COUNT);

		return err_set(err, -EINVAL, "there is no role \"%.40s\"%s%s%s: vm-host, container-host, guest or realtime", name,
			       near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
	}
	if (!name) {
		a->role = guess_role(c);
		a->role_guessed = true;
	}
	c->role = a->role;
	return 0;
}

static int choose_cpus(struct audit *a, const struct cpuset *cpus, struct err *err)
{
	if (cpus && !cpuset_empty(cpus))
		return split_from_isolated(&a->machine->host.cpu, cpus, &a->split, err);
	split_propose(&a->machine->host.cpu, &a->split);
	return 0;
}

static int choose_vm(struct look *l, const struct knob_ctx *c, const char *which, struct err *err)
{
	const struct qemu *vm = NULL;
	int r = pair_find_vm(look_qemus(c), which, &vm, err);

	if (r == 0)
		l->only_pid = vm->pid;
	return r;
}

/* By its name where that can be known, or the beginning of its id, as the engines take it. */
static int choose_container(struct look *l, const struct knob_ctx *c, const char *which, struct err *err)
{
	const struct containers *all = look_containers(c);
	const char *names[64], *near;
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++) {
		if (text_eq(all->at[i].name, which) || text_starts(all->at[i].id, which)) {
			l->only_container = which;
			return 0;
		}
		if (n < ARRAY_SIZE(names) && all->at[i].name[0])
			names[n++] = all->at[i].name;
	}
	near = text_nearest(which, names, n);
	return err_set(err, -ENOENT, "no running container is called \"%.60s\" or has an id that begins so%s%s%s: %s", which,
		       near ? "; did you mean " : "", near ? near : "", near ? "?" : "",
		       n        ? "names come from the engine's own files"
		       : all->n ? "names are known to root only; give the id (docker ps -q, podman ps -q, crictl ps -q)"
				: "none runs here");
}

/* The tuning has knobs that are no state of a machine: nothing to look at. */
static bool wanted_anywhere(const struct knob *k)
{
	for (unsigned r = 0; r < ROLE_COUNT; r++) {
		if (k->role[r].want)
			return true;
	}
	return false;
}

static bool in_scope(const struct knob *k, const struct audit_options *o)
{
	if (o->only)
		return text_eq(k->id, o->only);
	if (!wanted_anywhere(k))
		return false;
	return o->scope == AUDIT_HOST || (o->scope == AUDIT_VMS ? k->of_vm : k->of_container);
}

void audit_put(struct audit *a, const struct knob *k, struct settings settings)
{
	struct finding f = { .knob = k, .effect = k->role[a->role].effect, .settings = settings };

	group_settings(&f);
	a->at[a->n++] = f;
}

static int ask(struct audit *a, const struct knob *k, const struct knob_ctx *c, struct err *err)
{
	struct settings found = { 0 };
	int r;

	gaps_start(c->fs);
	r = knob_look(k, c, &found, err);
	if (r == 0 && k->role[a->role].want && a->split.possible)
		gaps_tell(c->fs, k, &found);
	if (r < 0) {
		settings_free(&found);
		return err_in(err, "%s", k->id);
	}
	audit_put(a, k, found);
	return 0;
}

static int ask_all(struct audit *a, const struct audit_options *o, const struct knob_ctx *c, struct err *err)
{
	const struct knob *k;
	size_t n = 0;
	int r = 0;

	while (knob_at(n))
		n++;
	a->at = xalloc(n, sizeof(*a->at));
	for (size_t i = 0; r == 0 && (k = knob_at(i)); i++) {
		if (in_scope(k, o))
			r = ask(a, k, c, err);
	}
	return r;
}

void audit_rank(struct audit *a)
{
	qsort(a->at, a->n, sizeof(*a->at), by_rank);
	for (size_t i = 0; i < a->n; i++) {
		a->count[a->at[i].state]++;
		a->differ[severity_of(a->at[i].effect)] += a->at[i].state == AUDIT_DIFFERS;
	}
}

static int make(struct audit *a, const struct fs *fs, const struct audit_options *o, struct err *err)
{
	struct look look;
	struct knob_ctx c = {
		.fs = fs, .facts = &a->machine->host, .split = &a->split, .run = "RUN", .auditing = true, .look = &look
	};
	int r;

	look_open(&look, fs, a->machine);
	look.thorough = o->scope != AUDIT_HOST || o->only;
	look.names = o->names;
	r = choose_role(a, o->role, &c, err);
	if (r == 0)
		r = choose_cpus(a, o->cpus, err);
	if (r == 0 && o->scope == AUDIT_VMS && o->which)
		r = choose_vm(&look, &c, o->which, err);
	else if (r == 0 && o->scope == AUDIT_CONTAINERS && o->which)
		r = choose_container(&look, &c, o->which, err);
	if (r == 0)
		r = ask_all(a, o, &c, err);
	look_close(&look);
	return r;
}

int audit_make(struct audit **ret, const struct fs *fs, const struct machine_facts *machine, const struct audit_options *o,
	       struct err *err)
{
	struct audit *a;
	int r;

	if (o->only && !knob_find_any(o->only)) {
		const struct knob *near = knob_nearest(o->only);

		return err_set(err, -EINVAL, "there is no knob \"%.60s\"%s%s%s: vlat knobs --all lists them", o->only,
			       near ? "; did you mean " : "", near ? near->id : "", near ? "?" : "");
	}
	a = xalloc(1, sizeof(*a));
	a->machine = machine;
	r = make(a, fs, o, err);
	if (r < 0) {
		audit_free(a);
		return r;
	}
	audit_rank(a);
	*ret = a;
	return 0;
}

void audit_free(struct audit *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->n; i++) {
		settings_free(&a->at[i].settings);
		free(a->at[i].groups);
	}
	free(a->at);
	free(a);
}
