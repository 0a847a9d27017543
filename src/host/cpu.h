/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cpu - the CPUs of a host: what is there, what belongs together, what is set
 * apart.  Documentation/ABI/stable/sysfs-devices-system-cpu, admin-guide/cputopology.rst.
 */
#ifndef HOST_CPU_H
#define HOST_CPU_H

#include <stdbool.h>

#include "base/cpuset.h"
#include "base/err.h"
#include "base/fs.h"

/* Processors with two kinds of cores; CPU_KIND_ONE where all are alike. */
enum cpu_kind { CPU_KIND_ONE, CPU_KIND_PERFORMANCE, CPU_KIND_EFFICIENT };

struct cpu_fact {
	unsigned cpu;
	int package, core, node;        /* -1 = the kernel does not say */
	int die, cluster;               /* within the package; -1 = the kernel does not say */
	int capacity;                   /* cpu_capacity, 1024 = the fastest; -1 = the kernel does not say */
	enum cpu_kind kind;
	struct cpuset siblings;         /* hardware threads of the same core, itself included */
};

/* One physical cache: each appears once, however many CPUs share it. */
struct cache_fact {
	unsigned level;
	char type;                      /* 'd' data, 'i' instruction, 'u' unified */
	uint64_t bytes;
	struct cpuset cpus;
};

struct cpu_facts {
	struct cpuset possible, online;
	struct cpuset present, offline; /* offline: present, but not online */
	struct cpuset isolated;         /* from boot: /sys/devices/system/cpu/isolated */
	struct cpuset nohz_full;
	bool smt_active;
	unsigned n_possible;            /* highest possible CPU + 1: the width of masks */
	char model[128];                /* /proc/cpuinfo "model name"; "" when unknown */
	bool smt_known;                 /* the kernel says whether SMT is active */
	char smt_control[16];           /* "on", "off", "forceoff", "notsupported"; "" = not told */
	char vendor[24];                /* "GenuineIntel", "AuthenticAMD"; "" = not told */
	char microcode[24];
	unsigned n_packages, n_dies, n_clusters, n_cores, n_nodes; /* of online CPUs; what the kernel does not say counts 0 */
	bool hybrid;
	struct cpu_fact *at;            /* online CPUs, ascending; owned */
	size_t n;
	struct cache_fact *caches;      /* by level, then first CPU; owned */
	size_t n_caches;
};

int cpu_facts_read(const struct fs *fs, struct cpu_facts *ret, struct err *err);
void cpu_facts_free(struct cpu_facts *f);
const char *cpu_kind_name(enum cpu_kind kind); /* "performance", "efficient", "" */
const struct cpu_fact *cpu_fact(const struct cpu_facts *f, unsigned cpu);      /* NULL when not online */

#endif
