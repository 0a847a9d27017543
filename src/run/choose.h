/* SPDX-License-Identifier: Apache-2.0 */
/* choose - which CPUs a run gets, and which are set apart for it.  Pure. */
#ifndef RUN_CHOOSE_H
#define RUN_CHOOSE_H

#include <stdbool.h>

#include "base/cpuset.h"
#include "base/err.h"
#include "host/cpu.h"
#include "host/split.h"

/* "2" = how many, "2-3" or "2," = which. */
struct cpu_wish {
	unsigned count; /* 0 = `these` */
	struct cpuset these;
};
int cpu_wish_parse(const char *text, struct cpu_wish *ret, struct err *err);

struct choice {
	const struct cpu_facts *cpu;
	struct cpuset pool;  /* set apart already, by an earlier run; empty = nothing yet */
	struct cpuset taken; /* leased by others */
	bool tuned;          /* shall the CPUs be set apart? */
	bool near;           /* CPUs of this NUMA node first: the one with the network device */
	int node;
};

/*
 * The CPUs of a run.  Refused, each with a sentence: not online, all CPUs, held
 * by another run, more than there are.  By number one hardware thread of each
 * core is given out, nearest to each other.
 */
int choose_cpus(const struct choice *c, const struct cpu_wish *wish, struct cpuset *ret, struct err *err);

/* The whole cores of these, to be set apart: hardware threads of one core are never on two sides. */
int choose_pool(const struct cpu_facts *cpu, const struct cpuset *cpus, const struct cpuset *asked, struct cpu_split *ret,
		struct err *err);

#endif
