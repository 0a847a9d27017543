/* SPDX-License-Identifier: Apache-2.0 */
/* inspect: memory, power, KVM, groups, services, and what cannot be seen. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"
#include "cmd/help.h"
#include "cmd/inspect_text.h"
#include "cmd/table_out.h"

#define LIST_MAX 4096

static void put_pools(struct sink *out, const struct huge_pool *pools, unsigned n)
{
	for (unsigned k = 0; k < n; k++) {
		char size[32];

		sink_printf(out, "%s%llu x %s", k ? ", " : "", (unsigned long long) pools[k].total,
			    inspect_size(size, (uint64_t) pools[k].kb * 1024));
		if (pools[k].total)
			sink_printf(out, " (%llu free)", (unsigned long long) pools[k].free);
	}
}

static const struct numa_node *node_at(const void *row)
{
	return row;
}

static void cell_node(struct sink *out, const void *row)
{
	sink_printf(out, "  %u", node_at(row)->node);
}

static void cell_cpus(struct sink *out, const void *row)
{
	AUTO_FREE char *list = xalloc(1, LIST_MAX);

	sink_put(out, cpuset_list(&node_at(row)->cpus, list, LIST_MAX));
}

static void cell_total(struct sink *out, const void *row)
{
	char size[32];

	sink_put(out, inspect_size(size, node_at(row)->total_bytes));
}

static void cell_free(struct sink *out, const void *row)
{
	char size[32];

	sink_put(out, inspect_size(size, node_at(row)->free_bytes));
}

static void cell_huge(struct sink *out, const void *row)
{
	put_pools(out, node_at(row)->huge, node_at(row)->n_huge);
}

static void cell_distances(struct sink *out, const void *row)
{
	for (size_t k = 0; k < node_at(row)->n_distances; k++)
		sink_printf(out, "%s%u", k ? " " : "", node_at(row)->distances[k]);
}

static const struct column node_columns[] = {
	{ .name = "  NODE", .cell = cell_node },
	{ .name = "CPUS", .cell = cell_cpus, .wrap = true },
	{ .name = "MEMORY", .number = true, .cell = cell_total },
	{ .name = "FREE", .number = true, .cell = cell_free },
	{ .name = "HUGE PAGES", .cell = cell_huge },
	{ .name = "DISTANCES", .cell = cell_distances, .wrap = true },
};

static const char *on_off(int n)
{
	return n < 0 ? "not there" : n ? "on" : "off";
}

static void put_swap(const struct inspect *i)
{
	const struct memory_facts *m = &i->m->host.memory;
	char total[32], used[32];

	if (!m->swap_bytes) {
		inspect_line(i, "swap", "none");
		return;
	}
	inspect_line(
		i, "swap", "%s, %s of it used", inspect_size(total, m->swap_bytes),
		inspect_size(used, m->swap_bytes - (m->swap_free_bytes < m->swap_bytes ? m->swap_free_bytes : m->swap_bytes)));
	if (m->swappiness >= 0)
		inspect_line(i, "swappiness", "%d", m->swappiness);
}

void inspect_memory(const struct inspect *i)
{
	const struct memory_facts *m = &i->m->host.memory;
	struct table table = { .columns = node_columns,
			       .n_columns = ARRAY_SIZE(node_columns),
			       .rows = m->nodes,
			       .n_rows = m->n_nodes,
			       .row_size = sizeof(*m->nodes) };
	struct sink pools = { 0 };
	char total[32], available[32];
	struct err err;

	inspect_head(i, "Memory");
	inspect_line(i, "size", "%s, %s available", inspect_size(total, m->total_bytes),
		     inspect_size(available, m->available_bytes));
	put_pools(&pools, m->huge, m->n_huge);
	inspect_line(i, "huge pages", "%s", pools.text ? pools.text : "");
	sink_free(&pools);
	inspect_line(i, "transparent ones", "%s%s%s", m->thp, m->thp_defrag[0] ? ", defragmentation " : "", m->thp_defrag);
	inspect_line(i, "merging (KSM)", "%s", m->ksm_run < 0 ? "not there" : m->ksm_run == 1 ? "on" : "off");
	inspect_line(i, "NUMA balancing", "%s", on_off(m->numa_balancing));
	put_swap(i);
	if (m->n_nodes)
		table_text(i->out, &table, i->term, &err);
}

static void put_states(const struct inspect *i)
{
	const struct power_facts *p = &i->m->power;
	struct sink text = { 0 };

	for (size_t k = 0; k < p->n_states; k++) {
		const struct idle_state *s = &p->states[k];

		sink_printf(&text, "%s%s %llu us", k ? ", " : "", s->name, (unsigned long long) s->latency_us);
		if (cpuset_empty(&s->disabled))
			continue;
		if (cpuset_equal(&s->disabled, &s->cpus))
			sink_put(&text, " (off)");
		else
			sink_printf(&text, " (off on %u CPUs)", cpuset_count(&s->disabled));
	}
	if (text.len)
		inspect_line(i, "idle states", "%s", text.text);
	sink_free(&text);
}

static void put_qos(const struct inspect *i)
{
	const struct power_facts *p = &i->m->power;

	if (!p->qos_known)
		return;
	if (p->qos_us == QOS_NONE) {
		inspect_line(i, "latency asked for", "by nobody (/dev/cpu_dma_latency)");
		return;
	}
	inspect_line(i, "latency asked for", "%lld us%s%s (process %d)", (long long) p->qos_us, p->n_holders ? " by " : "",
		     p->n_holders ? p->holders[0].comm : "", p->n_holders ? (int) p->holders[0].pid : 0);
}

void inspect_power(const struct inspect *i)
{
	const struct power_facts *p = &i->m->power;

	inspect_head(i, "Power");
	if (!p->driver.n && !p->governor.n)
		inspect_line(i, "frequency", "no driver offers to set it");
	inspect_groups(i, "frequency driver", &p->driver);
	inspect_line(i, "driver mode", "%s", p->pstate);
	inspect_groups(i, "governor", &p->governor);
	inspect_groups(i, "energy preference", &p->epp);
	inspect_groups(i, "energy bias", &p->epb);
	inspect_groups(i, "lowest (kHz)", &p->min_khz);
	inspect_groups(i, "highest (kHz)", &p->max_khz);
	if (p->turbo != TURBO_UNKNOWN)
		inspect_line(i, "turbo", "%s", turbo_name(p->turbo));
	inspect_line(i, "idle driver", "%s%s%s", p->idle_driver[0] ? p->idle_driver : "none",
		     p->idle_governor[0] ? ", governor " : "", p->idle_governor);
	put_states(i);
	if (p->resume_latency.n > 1 || (p->resume_latency.n && !text_eq(p->resume_latency.at[0].value, "0")))
		inspect_groups(i, "wake-up limit (us)", &p->resume_latency);
	put_qos(i);
}

/* Those that a person looks for; JSON has all. */
static bool matters(const char *param)
{
	static const char *const names[] = { "halt_poll_ns",
					     "nx_huge_pages",
					     "lapic_timer_advance",
					     "lapic_timer_advance_ns",
					     "ple_gap",
					     "ple_window",
					     "pause_filter_count",
					     "preemption_timer",
					     "enable_apicv",
					     "avic",
					     "tdp_mmu",
					     "min_timer_period_us",
					     "kvmclock_periodic_sync",
					     "mmio_caching",
					     "enable_ipiv",
					     "pi_inject_timer",
					     "vgif" };

	for (size_t n = 0; n < ARRAY_SIZE(names); n++) {
		if (text_eq(names[n], param))
			return true;
	}
	return false;
}

static void put_kvm(const struct inspect *i)
{
	const struct kvm_facts *k = &i->m->kvm;
	struct sink text = { 0 };

	inspect_head(i, "KVM");
	inspect_line(i, "usable", "%s: %s", kvm_usable_name(k->usable), k->why);
	if (k->nested_paging >= 0)
		inspect_line(i, "nested paging", "%s", on_off(k->nested_paging));
	if (k->nested >= 0)
		inspect_line(i, "nested guests", "%s", on_off(k->nested));
	for (size_t n = 0; n < k->n_params; n++)
		if (matters(k->params[n].name))
			sink_printf(&text, "%s%s.%s=%s", text.len ? ", " : "", k->params[n].module, k->params[n].name,
				    k->params[n].value);
	if (text.len)
		inspect_line(i, "parameters", "%s", text.text);
	sink_free(&text);
}

static void put_groups(const struct inspect *i)
{
	const struct partition_facts *p = &i->m->partition;
	const struct cgroup_facts *c = &i->m->host.cgroup;

	inspect_head(i, "Control groups");
	inspect_line(i, "layout", "%s", host_cgroups_name(c->layout));
	if (c->cpuset.version)
		inspect_line(i, "cpuset", "v%d at /%s, %s", c->cpuset.version, c->cpuset.dir,
			     c->cpuset.writable ? "writable" : "read-only");
	for (size_t n = 0; n < p->n; n++) {
		AUTO_FREE char *list = xalloc(1, LIST_MAX);

		inspect_line(i, n ? "" : "partitions", "%s: %s, CPUs %s", p->at[n].path[0] ? p->at[n].path : "/", p->at[n].state,
			     cpuset_list(&p->at[n].cpus, list, LIST_MAX));
	}
	if (!p->n && c->cpuset.version)
		inspect_line(i, "partitions", "none in %u group%s", p->groups, p->groups == 1 ? "" : "s");
}

static void put_services(const struct inspect *i)
{
	const struct service_facts *f = &i->m->service;

	if (!f->n)
		return;
	inspect_head(i, "Programs that set the same things");
	for (size_t n = 0; n < f->n; n++) {
		const struct service_fact *s = &f->at[n];

		inspect_line(i, s->row->name, "%s%s: %s", s->processes ? "running" : "not running",
			     s->enabled ? ", started at boot" : "", s->row->fights);
	}
}

static void put_unseen(const struct inspect *i)
{
	const struct unseens *u = &i->m->unseen;

	if (!u->n)
		return;
	inspect_head(i, "Cannot be seen from here");
	for (size_t n = 0; n < u->n; n++) {
		struct sink text = { 0 };

		sink_printf(&text, "%s (%s)%s%s", u->at[n].what, u->at[n].why, u->at[n].cure[0] ? ": " : "", u->at[n].cure);
		sink_put(i->out, "  -");
		wrap_text(i->out, text.text, 3, 4, i->term->width ? i->term->width : 100);
		sink_free(&text);
	}
}

void inspect_rest(const struct inspect *i)
{
	put_kvm(i);
	put_groups(i);
	put_services(i);
	put_unseen(i);
}
