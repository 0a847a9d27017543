/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/pair.h"

#include <errno.h>
#include <stdlib.h>

#include "audit/parts.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"
#include "knob/look.h"
#include "knob/vm_cure.h"

#define VCPUS_MOST CPUSET_MAX

static const struct pair_rows *const families[] = { &pair_time, &pair_cpu, &pair_memory };

static const struct pair_row *row_at(size_t i)
{
	for (size_t f = 0; f < ARRAY_SIZE(families); f++) {
		if (i < families[f]->n)
			return &families[f]->at[i];
		i -= families[f]->n;
	}
	return NULL;
}

const struct knob *pair_at(size_t i)
{
	const struct pair_row *row = row_at(i);

	return row ? &row->knob : NULL;
}

const struct knob *pair_find(const char *id)
{
	const struct knob *k = NULL;

	for (size_t i = 0; (k = pair_at(i)); i++) {
		if (text_eq(k->id, id))
			break;
	}
	return k;
}

int pair_find_vm(const struct qemus *all, const char *which, const struct qemu **ret, struct err *err)
{
	const char *names[64], *near;
	size_t n = 0;
	uint64_t pid;

	for (size_t i = 0; i < all->n; i++) {
		if (text_eq(all->at[i].name, which) || (text_u64(which, &pid) == 0 && pid == (uint64_t) all->at[i].pid)) {
			*ret = &all->at[i];
			return 0;
		}
		if (n < ARRAY_SIZE(names) && all->at[i].name[0])
			names[n++] = all->at[i].name;
	}
	near = text_nearest(which, names, n);
	return err_set(err, -ENOENT, "no virtual machine \"%.60s\" runs here%s%s%s: %zu QEMU processes are seen", which,
		       near ? "; did you mean " : "", near ? near : "", near ? "?" : "", all->n);
}

/* ---- what the rows need ---- */

void pair_host_says(const struct pair_ctx *p, struct settings *out, bool ok, const char *target, const char *now,
		    const char *want, const char *cure_of)
{
	struct setting *s = look_says(out, ok, target, now, want);

	s->cure = cure_of ? vm_cure(cure_of, p->vm->launcher) : NULL;
	if (s->cure)
		s->whose = xstrdup(p->whose);
}

void pair_guest_says(struct settings *out, bool ok, const char *target, const char *now, const char *want, const char *cure,
		     const char *list)
{
	struct setting *s = look_says(out, ok, target, now, want);

	s->cure = cure;
	if (list)
		s->whose = xstrdup(list);
}

bool pair_option_on(const struct qemu *vm, const char *option, const char *key)
{
	char value[64];

	return qemu_value(vm, option, key, value, sizeof(value)) && (text_eq(value, "on") || text_eq(value, "yes"));
}

bool pair_guest_boot(const struct pair_ctx *p, const char *name, char *buf, size_t cap)
{
	struct cmdline_param param;

	if (!cmdline_find(p->guest->host.kernel.cmdline, name, &param))
		return false;
	text_print(buf, cap, "%s", param.has_value ? param.value : "");
	return true;
}

struct cpuset pair_guest_isolated(const struct pair_ctx *p)
{
	return cpuset_or(&p->guest->host.cpu.isolated, &p->guest->partition.isolated);
}

/* "-smp 4", "4,maxcpus=8", "cpus=4"; 1 without the option. */
static size_t smp_of(const struct qemu *vm)
{
	char text[64];
	uint64_t n;

	if (!qemu_value(vm, "smp", "", text, sizeof(text)) && !qemu_value(vm, "smp", "cpus", text, sizeof(text)))
		return 1;
	return text_u64(text, &n) == 0 && n > 0 && n <= VCPUS_MOST ? (size_t) n : 1;
}

static bool is_shared(const struct pair *p, const struct qemu_task *t)
{
	for (size_t i = 0; i < p->all->n; i++) {
		const struct qemu *q = &p->all->at[i];

		for (size_t n = 0; n < q->n_tasks; n++) {
			struct cpuset both = cpuset_and(&q->tasks[n].task->allowed, &t->task->allowed);

			if (q->tasks[n].kind == QEMU_VCPU && q->tasks[n].task != t->task && !cpuset_empty(&both))
				return true;
		}
	}
	return false;
}

static void fill_vcpus(struct pair_ctx *p)
{
	struct cpuset apart = cpuset_or(&p->host->host.cpu.isolated, &p->host->partition.isolated);

	p->n_vcpus = smp_of(p->vm);
	p->vcpus = xalloc(p->n_vcpus, sizeof(*p->vcpus));
	for (size_t i = 0; i < p->vm->n_tasks; i++) {
		const struct qemu_task *t = &p->vm->tasks[i];
		struct pair_vcpu *v;

		if (t->kind != QEMU_VCPU || t->index >= p->n_vcpus)
			continue;
		v = &p->vcpus[t->index];
		v->known = true;
		v->cpus = t->task->allowed;
		v->alone = cpuset_count(&v->cpus) == 1 && !is_shared(p->pair, t);
		v->own = v->alone && cpuset_within(&v->cpus, &apart);
	}
	p->all_own = true;
	for (size_t i = 0; i < p->n_vcpus; i++)
		p->all_own = p->all_own && p->vcpus[i].own;
}

static size_t rows_count(void)
{
	size_t n = 0;

	while (row_at(n))
		n++;
	return n;
}

void pair_make(struct audit **ret, const struct pair *p, const char *only)
{
	struct pair_ctx c = {
		.pair = p, .host = p->host, .guest = p->guest, .vm = p->vm, .kvm = p->vm->kvm || p->vm->default_kvm
	};
	struct audit *a = xalloc(1, sizeof(*a));
	const struct pair_row *row;

	a->role = ROLE_VM_HOST;
	a->machine = p->host;
	a->split = *p->split;
	a->at = xalloc(rows_count(), sizeof(*a->at));
	qemu_handle(p->vm, c.whose, sizeof(c.whose));
	fill_vcpus(&c);
	for (size_t i = 0; (row = row_at(i)); i++) {
		struct settings out = { 0 };

		if (only && !text_eq(only, row->knob.id))
			continue;
		row->check(&c, &out);
		audit_put(a, &row->knob, out);
	}
	free(c.vcpus);
	audit_rank(a);
	*ret = a;
}
