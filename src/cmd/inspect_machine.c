/* SPDX-License-Identifier: Apache-2.0 */
/* inspect: what machine this is, its kernel, its CPUs, what services and rights there are. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"
#include "cmd/inspect_text.h"
#include "cmd/table_out.h"

#define LIST_MAX 16384

static void put_guest(const struct inspect *i)
{
	const struct virt_facts *v = &i->m->virt;

	if (!v->guest) {
		inspect_line(i, "platform", "no hypervisor shows itself%s%s", v->product[0] ? ", " : "", v->product);
		return;
	}
	inspect_line(i, "platform", "guest of %s%s%s", v->hypervisor, v->product[0] ? ", " : "", v->product);
	inspect_line(i, "offered by the host", "%s", v->kvm_features);
	if (v->kvm_hints_dedicated >= 0)
		inspect_line(i, "CPUs are", "%s",
			     v->kvm_hints_dedicated ? "dedicated (kvm-hint-dedicated)" : "shared, says the host");
	if (v->steal_known)
		inspect_line(i, "stolen", "%.2f %% of CPU time since boot", v->steal_percent);
}

static const char *preemption(const struct kernel_facts *k)
{
	if (text_eq(k->preempt, "dynamic"))
		return "can be switched; which model runs is not told";
	return k->preempt[0] ? k->preempt : "not told";
}

static const struct cmdline_effect *effect_at(const void *row)
{
	return row;
}

static void cell_param(struct sink *out, const void *row)
{
	const struct cmdline_effect *e = effect_at(row);

	sink_printf(out, "  %s%s%s", e->name, e->value[0] ? "=" : "", e->value);
}

static void cell_effect(struct sink *out, const void *row)
{
	sink_put(out, effect_name(effect_at(row)->effect));
}

static void cell_seen(struct sink *out, const void *row)
{
	sink_put(out, effect_at(row)->seen);
}

static void cell_why(struct sink *out, const void *row)
{
	sink_put(out, effect_at(row)->why);
}

static enum paint paint_effect(const void *row)
{
	switch (effect_at(row)->effect) {
	case EFFECT_YES:
		return PAINT_GOOD;
	case EFFECT_NO:
		return PAINT_BAD;
	case EFFECT_PARTLY:
		return PAINT_WARN;
	default:
		return PAINT_NONE;
	}
}

static const struct column effect_columns[] = {
	{ .name = "  BOOT PARAMETER", .cell = cell_param, .wrap = true },
	{ .name = "IN EFFECT", .cell = cell_effect, .paint = paint_effect },
	{ .name = "NOW", .cell = cell_seen },
	{ .name = "WHY", .cell = cell_why, .wrap = true },
};

static void put_parameters(const struct inspect *i)
{
	const struct cmdline_facts *f = &i->m->cmdline;
	struct table table = { .columns = effect_columns,
			       .n_columns = ARRAY_SIZE(effect_columns),
			       .rows = f->at,
			       .n_rows = f->n,
			       .row_size = sizeof(*f->at) };
	struct err err;

	if (f->n)
		table_text(i->out, &table, i->term, &err);
}

void inspect_machine(const struct inspect *i)
{
	const struct host_facts *h = &i->m->host;
	const struct kernel_facts *k = &h->kernel;
	const char *choice = k->clocksources;

	inspect_head(i, "Machine");
	inspect_line(i, "name", "%s", h->hostname);
	inspect_line(i, "system", "%s", h->os);
	put_guest(i);
	inspect_line(i, "in a container", "%s", i->m->virt.container);
	inspect_line(i, "kernel", "%s %s", k->release, k->version);
	inspect_line(i, "preemption", "%s", preemption(k));
	inspect_line(i, "configuration", "%s", k->config_from);
	inspect_line(i, "lockdown", "%s", k->lockdown);
	inspect_line(i, "clock source", "%s%s%s%s", k->clocksource, *choice ? " (of " : "", choice, *choice ? ")" : "");
	if (k->rt_group == RT_GROUP_V1)
		inspect_line(i, "real time", "group scheduling is on: a group needs a budget before FIFO is allowed in it");
	put_parameters(i);
}

static void put_set(const struct inspect *i, const char *label, const struct cpuset *s)
{
	AUTO_FREE char *list = xalloc(1, LIST_MAX);

	inspect_line(i, label, "%s", cpuset_list(s, list, LIST_MAX));
}

/* "L3 32 MB x 4": caches of one kind that are alike. */
static void put_caches(const struct inspect *i)
{
	const struct cpu_facts *c = &i->m->host.cpu;
	struct sink text = { 0 };

	for (size_t n = 0, same; n < c->n_caches; n += same) {
		const struct cache_fact *f = &c->caches[n];
		unsigned shared = cpuset_count(&f->cpus);
		char size[32];

		for (same = 1; n + same < c->n_caches; same++) {
			const struct cache_fact *o = &c->caches[n + same];

			if (o->level != f->level || o->type != f->type || o->bytes != f->bytes)
				break;
		}
		sink_printf(&text, "%sL%u%s %s x %zu", text.len ? ", " : "", f->level,
			    f->type == 'u'   ? ""
			    : f->type == 'd' ? "d"
					     : "i",
			    inspect_size(size, f->bytes), same);
		if (shared > 1)
			sink_printf(&text, " (each for %u CPUs)", shared);
	}
	if (text.len)
		inspect_line(i, "caches", "%s", text.text);
	sink_free(&text);
}

static void count_word(struct sink *out, unsigned n, const char *one, const char *many)
{
	if (n)
		sink_printf(out, "%s%u %s", out->len ? ", " : "", n, n == 1 ? one : many);
}

static void put_counts(const struct inspect *i)
{
	const struct cpu_facts *c = &i->m->host.cpu;
	struct sink text = { 0 };

	count_word(&text, c->n_packages, "socket", "sockets");
	count_word(&text, c->n_dies > c->n_packages ? c->n_dies : 0, "die", "dies");
	count_word(&text, c->n_clusters > c->n_packages && c->n_clusters < c->n_cores ? c->n_clusters : 0, "cluster", "clusters");
	count_word(&text, c->n_cores, "core", "cores");
	count_word(&text, (unsigned) c->n, "CPU", "CPUs");
	count_word(&text, c->n_nodes, "NUMA node", "NUMA nodes");
	inspect_line(i, "topology", "%s", text.text ? text.text : "");
	sink_free(&text);
}

static void put_kinds(const struct inspect *i)
{
	const struct cpu_facts *c = &i->m->host.cpu;
	struct cpuset fast = { 0 }, slow = { 0 };

	for (size_t n = 0; n < c->n; n++)
		cpuset_add(c->at[n].kind == CPU_KIND_EFFICIENT ? &slow : &fast, c->at[n].cpu);
	put_set(i, "performance cores", &fast);
	put_set(i, "efficient cores", &slow);
}

void inspect_cpus(const struct inspect *i)
{
	const struct cpu_facts *c = &i->m->host.cpu;

	inspect_head(i, "CPUs");
	inspect_line(i, "model", "%s%s%s", c->model, c->microcode[0] ? ", microcode " : "", c->microcode);
	put_counts(i);
	put_set(i, "online", &c->online);
	put_set(i, "offline", &c->offline);
	if (c->hybrid)
		put_kinds(i);
	if (c->smt_known)
		inspect_line(i, "SMT", "%s%s%s", c->smt_active ? "on" : "off", c->smt_control[0] ? ", control " : "",
			     c->smt_control);
	put_set(i, "isolated at boot", &c->isolated);
	put_set(i, "without a tick", &c->nohz_full);
	put_caches(i);
}
