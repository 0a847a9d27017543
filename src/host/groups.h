/* SPDX-License-Identifier: Apache-2.0 */
/*
 * groups - a setting that every CPU has for itself, told as a person would:
 * "performance on 0-3, powersave on 4-63".
 */
#ifndef HOST_GROUPS_H
#define HOST_GROUPS_H

#include <stddef.h>

#include "base/cpuset.h"

struct cpu_group {
	char value[40];
	struct cpuset cpus;
};

struct cpu_groups {
	struct cpu_group *at;           /* in the order of first sight; owned */
	size_t n, cap;
};

void groups_add(struct cpu_groups *g, const char *value, const struct cpuset *cpus);
void groups_add_one(struct cpu_groups *g, const char *value, unsigned cpu);
const char *groups_value(const struct cpu_groups *g, unsigned cpu);    /* NULL = that CPU has none */
void groups_free(struct cpu_groups *g);

#endif
