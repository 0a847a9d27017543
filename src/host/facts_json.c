/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/vec.h"
#include "host/facts.h"

/* Files of a foreign machine may hold any bytes; what is no UTF-8 becomes null rather than an error. */
static json_t *text_json(const char *s)
{
	json_t *t = json_string(s);

	return t ? t : json_null();
}

static json_t *set_json(const struct cpuset *s)
{
	char list[1024];

	return json_string(cpuset_list(s, list, sizeof(list)));
}

static json_t *cpu_json(const struct cpu_facts *c)
{
	unsigned cores = 0;
	int top_node = 0;

	for (size_t i = 0; i < c->n; i++) {
		cores += cpuset_first(&c->at[i].siblings) == (int) c->at[i].cpu;
		top_node = c->at[i].node > top_node ? c->at[i].node : top_node;
	}
	return json_pack("{s:o, s:i, s:i, s:i, s:o, s:o, s:o, s:b}", "model", text_json(c->model), "cpus", (int) c->n, "cores",
			 (int) cores, "nodes", top_node + 1, "online", set_json(&c->online), "isolated_at_boot",
			 set_json(&c->isolated), "nohz_full", set_json(&c->nohz_full), "smt", c->smt_active);
}

static json_t *kernel_json(const struct kernel_facts *k)
{
	static const char *const rt[] = { [RT_GROUP_NO] = "no", [RT_GROUP_V1] = "v1", [RT_GROUP_UNKNOWN] = "unknown" };

	return json_pack("{s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:s, s:b, s:o}", "release", text_json(k->release), "version",
			 text_json(k->version), "cmdline", text_json(k->cmdline), "preempt", text_json(k->preempt), "realtime",
			 k->realtime, "lockdown", text_json(k->lockdown), "clocksource", text_json(k->clocksource),
			 "rt_group_sched", rt[k->rt_group], "virtual_machine", k->virtual_machine, "hypervisor",
			 text_json(k->hypervisor));
}

static json_t *memory_json(const struct memory_facts *m)
{
	json_t *huge = json_array();

	for (unsigned i = 0; i < m->n_huge; i++)
		json_array_append_new(huge, json_pack("{s:i, s:I, s:I}", "kb", (int) m->huge[i].kb, "total",
						      (json_int_t) m->huge[i].total, "free", (json_int_t) m->huge[i].free));
	return json_pack("{s:I, s:I, s:I, s:o}", "total_bytes", (json_int_t) m->total_bytes, "available_bytes",
			 (json_int_t) m->available_bytes, "swap_bytes", (json_int_t) m->swap_bytes, "huge_pages", huge);
}

json_t *host_facts_json(const struct host_facts *f)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:b, s:o}", "hostname", text_json(f->hostname), "os",
			 text_json(f->os), "cpu", cpu_json(&f->cpu), "kernel", kernel_json(&f->kernel), "memory",
			 memory_json(&f->memory), "cgroup", host_cgroups_name(f->cgroup.layout), "governor",
			 text_json(f->governor), "kvm_device", f->kvm_device, "other_tuners", text_json(f->writers));
}
