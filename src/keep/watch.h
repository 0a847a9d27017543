/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch - what happens on the isolated CPUs, looked at from a housekeeping CPU.
 *
 * Only counters that lie in memory are read: /proc/interrupts, /proc/stat, and
 * for each task its affinity, and the stat and status of those few that may
 * run on an isolated CPU.  None of these sends an interrupt to another CPU;
 * cpuinfo, cpufreq's current clock and /proc/sys/kernel/sched_* would.
 */
#ifndef KEEP_WATCH_H
#define KEEP_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cpuset.h"
#include "base/err.h"
#include "base/fs.h"

enum interrupt_kind { INTERRUPT_DEVICE, INTERRUPT_TIMER, INTERRUPT_CALL, INTERRUPT_OTHER, INTERRUPT_KINDS };
extern const char *const interrupt_kinds[INTERRUPT_KINDS]; /* "device" ... */

struct watch_cpu {
	unsigned cpu;
	uint64_t interrupts[INTERRUPT_KINDS]; /* since boot */
	double steal_s, busy_s;               /* since boot */
};

struct watch_thread {
	pid_t tid;
	uint64_t start, preempted, switches; /* all switches, and the involuntary ones, at the last look */
};

struct watch {
	struct watch_cpu *cpus; /* isolated ones, ascending; owned */
	size_t n_cpus;
	struct watch_thread *threads; /* confined to isolated CPUs; owned */
	size_t n_threads;
	struct watch_thread *others; /* that may run there too, and were last on one; owned */
	size_t n_others;
	bool looked;                     /* before: there is something to compare with */
	uint64_t preempted;              /* nonvoluntary switches of such threads since the watch began */
	unsigned strangers, k_strangers; /* tasks, kernel threads that strayed onto an isolated CPU */
	char stranger[32];               /* the name of one; "" = none */
	uint64_t thermal, quota;         /* throttlings since boot */
	bool rt_limited;                 /* the kernel takes the CPU from real-time tasks now and then */
};

/* Everything anew; what sums up stays.  Parts that this kernel does not show count nothing. */
int watch_look(struct watch *w, const struct fs *fs, const struct cpuset *isolated, struct err *err);
void watch_free(struct watch *w);

/* Of /proc/TID/status: all switches, and the involuntary ones; false when they are not there. */
bool watch_switches(const char *status, uint64_t *ret_all, uint64_t *ret_preempted);

#endif
