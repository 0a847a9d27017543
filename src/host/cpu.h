/* SPDX-License-Identifier: Apache-2.0 */
/* cpu - the CPUs of a host: what is there, what belongs together, what is set apart. */
#ifndef HOST_CPU_H
#define HOST_CPU_H

#include <stdbool.h>

#include "base/cpuset.h"
#include "base/err.h"
#include "base/fs.h"

struct cpu_fact {
	unsigned cpu;
	int package, core, node;        /* -1 = the kernel does not say */
	struct cpuset siblings;         /* hardware threads of the same core, itself included */
};

struct cpu_facts {
	struct cpuset possible, online;
	struct cpuset isolated;         /* from boot: /sys/devices/system/cpu/isolated */
	struct cpuset nohz_full;
	bool smt_active;
	unsigned n_possible;            /* highest possible CPU + 1: the width of masks */
	char model[128];                /* /proc/cpuinfo "model name"; "" when unknown */
	struct cpu_fact *at;            /* online CPUs, ascending; owned */
	size_t n;
};

int cpu_facts_read(const struct fs *fs, struct cpu_facts *ret, struct err *err);
void cpu_facts_free(struct cpu_facts *f);
const struct cpu_fact *cpu_fact(const struct cpu_facts *f, unsigned cpu);      /* NULL when not online */

#endif
