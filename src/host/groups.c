/* SPDX-License-Identifier: Apache-2.0 */
#include "host/groups.h"

#include "base/text.h"
#include "base/vec.h"

/* Garbage in a thousand files must not make a thousand sets: what is odd beyond these is the last one. */
#define GROUPS_MAX 64

static struct cpu_group *group_of(struct cpu_groups *g, const char *value)
{
	struct cpu_group *new;

	for (size_t i = 0; i < g->n; i++) {
		if (text_eq(g->at[i].value, value))
			return &g->at[i];
	}
	if (g->n == GROUPS_MAX)
		return &g->at[g->n - 1];
	new = vec_add(g);
	text_print(new->value, sizeof(new->value), "%s", g->n == GROUPS_MAX ? "others" : value);
	return new;
}

void groups_add(struct cpu_groups *g, const char *value, const struct cpuset *cpus)
{
	char cut[sizeof(g->at->value)];
	struct cpu_group *group;

	text_print(cut, sizeof(cut), "%s", value);
	group = group_of(g, cut);
	group->cpus = cpuset_or(&group->cpus, cpus);
}

void groups_add_one(struct cpu_groups *g, const char *value, unsigned cpu)
{
	char cut[sizeof(g->at->value)];

	text_print(cut, sizeof(cut), "%s", value);
	cpuset_add(&group_of(g, cut)->cpus, cpu);
}

const char *groups_value(const struct cpu_groups *g, unsigned cpu)
{
	for (size_t i = 0; i < g->n; i++) {
		if (cpuset_has(&g->at[i].cpus, cpu))
			return g->at[i].value;
	}
	return NULL;
}

void groups_free(struct cpu_groups *g)
{
	vec_free(g);
}
