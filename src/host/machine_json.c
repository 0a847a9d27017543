/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stable names: docs/inspect.md.  What is not known is null, never a number
 * that means something else; sets of CPUs are lists as the kernel writes them.
 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "host/facts.h"
#include "host/json_parts.h"

#define LIST_MAX 16384

json_t *hj_text(const char *s)
{
	json_t *t = s && *s ? json_string(s) : NULL;

	return t ? t : json_null();
}

json_t *hj_set(const struct cpuset *s)
{
	AUTO_FREE char *list = xalloc(LIST_MAX, 1);

	return json_string(cpuset_list(s, list, LIST_MAX));
}

json_t *hj_number(int64_t n)
{
	return n < 0 ? json_null() : json_integer((json_int_t) n);
}

static json_t *count_json(uint64_t n)
{
	return json_integer((json_int_t) (n & INT64_MAX));
}

json_t *hj_groups(const struct cpu_groups *g)
{
	json_t *list = json_array();

	for (size_t i = 0; i < g->n; i++)
		json_array_append_new(list,
				      json_pack("{s:o, s:o}", "value", hj_text(g->at[i].value), "cpus", hj_set(&g->at[i].cpus)));
	return list;
}

static json_t *one_cpu(const struct cpu_fact *c)
{
	return json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "cpu", (int) c->cpu, "package", hj_number(c->package),
			 "die", hj_number(c->die), "cluster", hj_number(c->cluster), "core", hj_number(c->core), "node",
			 hj_number(c->node), "kind", hj_text(cpu_kind_name(c->kind)), "capacity", hj_number(c->capacity),
			 "siblings", hj_set(&c->siblings));
}

static json_t *caches_json(const struct cpu_facts *f)
{
	json_t *list = json_array();

	for (size_t i = 0; i < f->n_caches; i++) {
		const struct cache_fact *c = &f->caches[i];
		const char *type = c->type == 'd' ? "data" : c->type == 'i' ? "instruction" : "unified";

		json_array_append_new(list, json_pack("{s:i, s:s, s:o, s:o}", "level", (int) c->level, "type", type, "bytes",
						      count_json(c->bytes), "cpus", hj_set(&c->cpus)));
	}
	return list;
}

static json_t *cpu_json(const struct cpu_facts *f)
{
	json_t *cpus = json_array(), *j;

	for (size_t i = 0; i < f->n; i++)
		json_array_append_new(cpus, one_cpu(&f->at[i]));
	j = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "model", hj_text(f->model), "vendor",
		      hj_text(f->vendor), "microcode", hj_text(f->microcode), "online", hj_set(&f->online), "offline",
		      hj_set(&f->offline), "possible", hj_set(&f->possible), "isolated", hj_set(&f->isolated), "nohz_full",
		      hj_set(&f->nohz_full), "smt", f->smt_known ? json_boolean(f->smt_active) : json_null(), "smt_control",
		      hj_text(f->smt_control));
	json_object_update_new(j, json_pack("{s:i, s:i, s:i, s:i, s:i, s:b, s:o, s:o}", "packages", (int) f->n_packages, "dies",
					    (int) f->n_dies, "clusters", (int) f->n_clusters, "cores", (int) f->n_cores, "nodes",
					    (int) f->n_nodes, "hybrid", f->hybrid, "cpus", cpus, "caches", caches_json(f)));
	return j;
}

static json_t *parameters_json(const struct cmdline_facts *f)
{
	json_t *list = json_array();

	for (size_t i = 0; i < f->n; i++) {
		const struct cmdline_effect *e = &f->at[i];

		json_array_append_new(list, json_pack("{s:s, s:o, s:s, s:o, s:o, s:o}", "name", e->name, "value",
						      hj_text(e->value), "effect", effect_name(e->effect), "seen",
						      hj_text(e->seen), "from", hj_text(e->from), "why", hj_text(e->why)));
	}
	return list;
}

static json_t *options_json(const struct kernel_facts *k)
{
	json_t *options = json_object();

	for (size_t i = 0; i < k->n_options; i++)
		json_object_set_new(options, k->options[i].name, hj_text(k->options[i].value));
	return options;
}

static json_t *kernel_json(const struct machine_facts *m)
{
	static const char *const rt[] = { [RT_GROUP_NO] = "no", [RT_GROUP_V1] = "v1", [RT_GROUP_UNKNOWN] = "unknown" };
	const struct kernel_facts *k = &m->host.kernel;

	return json_pack("{s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "release", hj_text(k->release),
			 "version", hj_text(k->version), "machine", hj_text(k->machine), "preempt", hj_text(k->preempt),
			 "realtime", k->realtime, "lockdown", hj_text(k->lockdown), "clocksource", hj_text(k->clocksource),
			 "clocksources", hj_text(k->clocksources), "rt_group_sched", rt[k->rt_group], "cmdline",
			 hj_text(k->cmdline), "parameters", parameters_json(&m->cmdline), "config_from", hj_text(k->config_from),
			 "options", options_json(k));
}

static json_t *one_irq(const struct irq_fact *i)
{
	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o}", "irq", (json_int_t) i->nr, "name",
			 hj_text(i->name), "chip", hj_text(i->chip), "device", hj_text(i->device), "node", hj_number(i->node),
			 "affinity", hj_set(&i->affinity), "effective", hj_set(&i->effective), "managed",
			 irq_managed_name(i->managed), "thread", i->thread ? json_integer(i->thread) : json_null(), "count",
			 count_json(i->count), "counted_on", hj_set(&i->counted));
}

static json_t *irqs_json(const struct irq_facts *f)
{
	json_t *list = json_array(), *rows = json_array();

	for (size_t i = 0; i < f->n; i++)
		json_array_append_new(list, one_irq(&f->at[i]));
	for (size_t i = 0; i < f->n_rows; i++)
		json_array_append_new(rows, json_pack("{s:o, s:o, s:o, s:o, s:i}", "label", hj_text(f->rows[i].label), "what",
						      hj_text(f->rows[i].what), "count", count_json(f->rows[i].count), "worst",
						      count_json(f->rows[i].worst), "worst_cpu", (int) f->rows[i].worst_cpu));
	return json_pack("{s:o, s:b, s:o, s:o}", "default_affinity",
			 f->default_known ? hj_set(&f->default_affinity) : json_null(), "counts_known", f->counts_known, "list",
			 list, "rows", rows);
}

static json_t *unseen_json(const struct unseens *u)
{
	json_t *list = json_array();

	for (size_t i = 0; i < u->n; i++)
		json_array_append_new(list, json_pack("{s:o, s:o, s:o}", "what", hj_text(u->at[i].what), "why",
						      hj_text(u->at[i].why), "cure", hj_text(u->at[i].cure)));
	return list;
}

json_t *machine_facts_json(const struct machine_facts *m)
{
	const struct host_facts *h = &m->host;
	json_t *j = json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:o}", "format", 1, "hostname", hj_text(h->hostname), "os",
			      hj_text(h->os), "looked_as_root", m->uid == UINT32_MAX ? json_null() : json_boolean(m->uid == 0),
			      "cpu", cpu_json(&h->cpu), "kernel", kernel_json(m), "interrupts", irqs_json(&m->irq));

	machine_parts_json(m, j);
	json_object_set_new(j, "unseen", unseen_json(&m->unseen));
	return j;
}
