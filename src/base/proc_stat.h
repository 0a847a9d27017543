/* SPDX-License-Identifier: Apache-2.0 */
/* proc_stat - one task as /proc/TID/stat tells it (Documentation/filesystems/proc.rst, table 1-4). */
#ifndef BASE_PROC_STAT_H
#define BASE_PROC_STAT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cpuset.h"

struct proc_stat {
	pid_t tid, ppid;
	char comm[64];                  /* kernel workers have long names here; bytes that are no plain ASCII become '?' */
	char state;                     /* R S D Z ... */
	unsigned flags;                 /* PF_* of include/linux/sched.h */
	int threads;                    /* field 20, of the whole process */
	uint64_t start_time;            /* field 22, clock ticks after boot */
	int processor;                  /* field 39: where it ran last */
	int rt_priority, policy;        /* fields 40, 41 */
};

#define PROC_PF_NO_SETAFFINITY 0x04000000u
#define PROC_PF_KTHREAD        0x00200000u

bool proc_stat_parse(const char *text, struct proc_stat *ret);
/* From /proc of the running machine; -ESRCH when gone. */
int proc_stat_read(pid_t tid, struct proc_stat *ret);
/* "Cpus_allowed_list:" out of the text of /proc/TID/status. */
bool status_allowed(const char *text, struct cpuset *ret);
/* Where a task may run, CPUs that are offline included: sched_getaffinity(2) leaves those out. */
int proc_allowed(pid_t tid, struct cpuset *ret);
/* The task that had this start time exists and is no zombie. */
bool proc_is_alive(pid_t tid, uint64_t start_time);

#endif
