/* SPDX-License-Identifier: Apache-2.0 */
/* usage - what the measuring thread cost, and what was done to it: counters read before and after. */
#ifndef WORKLOAD_USAGE_H
#define WORKLOAD_USAGE_H

#include <stdint.h>

#include "base/cpuset.h"

struct usage {
	double cpu_s;                   /* user and system time of the thread */
	int64_t voluntary, involuntary; /* context switches of the thread */
	int64_t minor_faults, major_faults;
	int64_t migrations;             /* -1 = this kernel does not tell */
	double steal_s;                 /* of the CPUs it may run on; -1 = unknown */
	uint64_t max_rss_bytes;         /* of the process */
};

void usage_read(struct usage *ret, const struct cpuset *cpus);          /* counters since the thread began */
void usage_since(struct usage *now, const struct usage *before);        /* what happened in between */
/* Steal of `cpus` in the text of /proc/stat, in clock ticks; -1 when there is no such column. */
int64_t steal_ticks(const char *stat, const struct cpuset *cpus);

#endif
