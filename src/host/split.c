/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proposal goes by whole cores, node by node: of each NUMA node the first
 * quarter of its cores, at least one, keeps house, the rest is isolated.  The
 * exceptions: CPU 0's core always keeps house, and a node of a single core that
 * is not CPU 0's is isolated (on two such nodes there would be nothing else).
 */
#include "host/split.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "base/vec.h"

/* The online threads of the core of one CPU. */
static struct cpuset core_of(const struct cpu_facts *cpu, const struct cpu_fact *f)
{
	return cpuset_and(&f->siblings, &cpu->online);
}

static bool leads_core(const struct cpu_facts *cpu, const struct cpu_fact *f)
{
	struct cpuset core = core_of(cpu, f);

	return cpuset_first(&core) == (int) f->cpu;
}

/* Cores of one NUMA node, and how many of them keep house so far.  Few nodes: a list will do, and the whole stays linear. */
struct node_cores {
	int node;
	unsigned cores, kept;
};

struct node_list {
	VEC(struct node_cores) at;
};

static struct node_cores *node_of(struct node_list *all, int node)
{
	struct node_cores *n;

	for (size_t i = 0; i < all->at.n; i++) {
		if (all->at.at[i].node == node)
			return &all->at.at[i];
	}
	n = vec_add(&all->at);
	n->node = node;
	return n;
}

static unsigned all_cores(const struct cpu_facts *cpu)
{
	unsigned n = 0;

	for (size_t i = 0; i < cpu->n; i++)
		n += leads_core(cpu, &cpu->at[i]);
	return n;
}

/* How many cores of this node keep house. */
static unsigned keep_of_node(const struct cpu_facts *cpu, const struct node_cores *n)
{
	if (n->cores == 1)
		return cpu->at[0].node == n->node ? 1 : 0;
	return (n->cores + 3) / 4;
}

static struct cpuset keep_by_topology(const struct cpu_facts *cpu)
{
	struct node_list nodes = { 0 };
	struct cpuset keep = { 0 };

	for (size_t i = 0; i < cpu->n; i++) {
		if (leads_core(cpu, &cpu->at[i]))
			node_of(&nodes, cpu->at[i].node)->cores++;
	}
	for (size_t i = 0; i < cpu->n; i++) {
		struct node_cores *n = node_of(&nodes, cpu->at[i].node);
		struct cpuset core = core_of(cpu, &cpu->at[i]);

		if (!leads_core(cpu, &cpu->at[i]) || n->kept == keep_of_node(cpu, n))
			continue;
		n->kept++;
		keep = cpuset_or(&keep, &core);
	}
	vec_free(&nodes.at);
	return keep;
}

/* CPUs isolated at boot, without cores that are only half so. */
static struct cpuset whole_boot_isolated(const struct cpu_facts *cpu)
{
	struct cpuset set = cpuset_and(&cpu->isolated, &cpu->online);

	for (size_t i = 0; i < cpu->n; i++) {
		struct cpuset core = core_of(cpu, &cpu->at[i]);

		if (!cpuset_within(&core, &cpu->isolated))
			set = cpuset_minus(&set, &core);
	}
	return set;
}

static void find_leaders(const struct cpu_facts *cpu, struct cpu_split *s)
{
	int node = -1;

	for (size_t i = 0; i < cpu->n; i++) {
		const struct cpu_fact *f = &cpu->at[i];

		if (!cpuset_has(&s->isolated, f->cpu) || !leads_core(cpu, f))
			continue;
		if (cpuset_empty(&s->leaders))
			node = f->node;
		cpuset_add(&s->leaders, f->cpu);
		if (f->node == node)
			cpuset_add(&s->near, f->cpu);
	}
}

void split_propose(const struct cpu_facts *cpu, struct cpu_split *ret)
{
	struct cpuset boot = whole_boot_isolated(cpu);
	struct cpu_split s = { 0 };

	if (all_cores(cpu) < 2) {
		text_print(s.why, sizeof(s.why),
			   cpu->n < 2 ? "this machine has one CPU: none can be set apart"
				      : "all CPUs of this machine are hardware threads of one core: none can be set apart");
		*ret = s;
		return;
	}
	s.possible = true;
	if (!cpuset_empty(&boot) && !cpuset_equal(&boot, &cpu->online)) {
		s.isolated = boot;
		text_print(s.why, sizeof(s.why), "the CPUs that were isolated at boot");
	} else {
		struct cpuset keep = keep_by_topology(cpu);

		s.isolated = cpuset_minus(&cpu->online, &keep);
		text_print(s.why, sizeof(s.why), "whole cores; a quarter of each NUMA node, at least one core, keeps house");
	}
	s.housekeeping = cpuset_minus(&cpu->online, &s.isolated);
	find_leaders(cpu, &s);
	*ret = s;
}

int split_from_isolated(const struct cpu_facts *cpu, const struct cpuset *isolated, struct cpu_split *ret, struct err *err)
{
	struct cpu_split s = { .possible = true, .isolated = *isolated };
	char list[128], online[128];

	cpuset_list(isolated, list, sizeof(list));
	cpuset_list(&cpu->online, online, sizeof(online));
	if (cpuset_empty(isolated) || !cpuset_within(isolated, &cpu->online))
		return err_set(err, -EINVAL, "cannot isolate CPUs \"%s\": give CPUs out of those online, %s", list, online);
	s.housekeeping = cpuset_minus(&cpu->online, isolated);
	if (cpuset_empty(&s.housekeeping))
		return err_set(err, -EINVAL, "cannot isolate all CPUs (%s): leave at least one core for everything else", online);
	for (size_t i = 0; i < cpu->n; i++) {
		struct cpuset core = core_of(cpu, &cpu->at[i]), inside = cpuset_and(&core, isolated);
		char threads[64];

		if (!cpuset_empty(&inside) && !cpuset_equal(&inside, &core))
			return err_set(err, -EINVAL,
				       "cannot isolate CPUs \"%s\": CPUs %s are hardware threads of one core, take all or none",
				       list, cpuset_list(&core, threads, sizeof(threads)));
	}
	text_print(s.why, sizeof(s.why), "as asked for");
	find_leaders(cpu, &s);
	*ret = s;
	return 0;
}
