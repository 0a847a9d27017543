/* SPDX-License-Identifier: Apache-2.0 */
/*
 * split - which CPUs keep house and which are given to latency work.
 *
 * Whole cores only: SMT siblings share pipelines and caches and are never on
 * two sides.  Each NUMA node keeps one core for housekeeping when it has two or
 * more, CPU 0 (timekeeping, boot-time interrupts) always keeps house.
 */
#ifndef HOST_SPLIT_H
#define HOST_SPLIT_H

#include <stdbool.h>

#include "base/cpuset.h"
#include "base/err.h"
#include "host/cpu.h"

struct cpu_split {
	bool possible;                  /* false: too few CPUs; why says so, both sets are empty */
	struct cpuset housekeeping;
	struct cpuset isolated;
	struct cpuset leaders;          /* of the isolated CPUs one of each core: measured threads go there, siblings stay idle */
	struct cpuset near;             /* leaders on the NUMA node of the first */
	char why[200];
};

/* From topology alone.  CPUs isolated at boot are preferred when there are any. */
void split_propose(const struct cpu_facts *cpu, struct cpu_split *ret);

/* The user's own choice, checked: online, not all CPUs, no core on two sides. */
int split_from_isolated(const struct cpu_facts *cpu, const struct cpuset *isolated, struct cpu_split *ret, struct err *err);

#endif
