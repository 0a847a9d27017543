/* SPDX-License-Identifier: Apache-2.0 */
/*
 * steal - was the platform quiet while we measured?  Time the hypervisor took
 * from us (steal), time a cgroup quota froze us, thermal throttling: counters
 * sampled before and after a cell.  See Documentation/filesystems/proc.rst
 * (/proc/stat) and admin-guide/cgroup-v2.rst (cpu.stat).
 */
#ifndef HOST_STEAL_H
#define HOST_STEAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cpuset.h"
#include "base/err.h"
#include "base/fs.h"

#define STEAL_CPUS 1024

struct steal_sample {
	uint64_t at_ns;                         /* CLOCK_MONOTONIC */
	uint64_t steal_ns[STEAL_CPUS];          /* per CPU, USER_HZ resolution (10 ms) */
	uint64_t irq_ns[STEAL_CPUS];            /* hard and soft interrupt time */
	unsigned n_cpus;
	uint64_t quota_throttled;               /* nr_throttled of our own cpu group and its ancestors */
	uint64_t quota_throttled_ns;
	uint64_t thermal_throttles;             /* core + package counts, all CPUs */
};

struct steal_delta {
	double wall_s;
	double steal_s;                         /* summed over cpus */
	double steal_percent;                   /* of wall time, of the worst CPU in cpus */
	uint64_t quota_throttled, thermal_throttles;
	double quota_throttled_s;
	bool disturbed;
	char why[160];                          /* "" when not disturbed */
};

int steal_read(const struct fs *fs, struct steal_sample *ret, struct err *err);
/* cpus empty = all.  Disturbed: steal above 1 % of one CPU, or any throttling. */
void steal_diff(const struct steal_sample *before, const struct steal_sample *after, const struct cpuset *cpus,
		struct steal_delta *ret);

#endif
