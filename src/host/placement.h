/* SPDX-License-Identifier: Apache-2.0 */
/*
 * placement - where the threads of one system under test run, and how.
 *
 * Made by tune (from the plan), obeyed by sut, vm and container.  An empty set
 * means "anywhere", policy 0 means SCHED_OTHER: a zeroed placement is stock.
 *
 * While a tuning is applied, vlat itself and every child it starts sit in a
 * cpuset group of the housekeeping CPUs: an isolated CPU can be asked for only
 * after the thread has joined the group of its role.  So start a child without
 * an affinity of its own and call placement_put() for each of its threads.
 */
#ifndef HOST_PLACEMENT_H
#define HOST_PLACEMENT_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/cpuset.h"
#include "base/err.h"

struct placement {
	struct cpuset sut_cpus;         /* measured threads; vCPU i on the i-th CPU, 1:1 */
	struct cpuset peer_cpus;        /* the client that stands in for the wire */
	struct cpuset emulator_cpus;    /* QEMU main loop and helpers, vhost workers */
	struct cpuset housekeeping;     /* everything else, vlat itself, interference */
	int sut_fifo;                   /* SCHED_FIFO priority 1..99, 0 = SCHED_OTHER */
	int peer_fifo;
	int emulator_fifo;
	bool lock_memory;               /* mlockall / mem-lock */
	unsigned hugepage_kb;           /* 0, 2048 or 1048576: guest memory on such pages */
	char cgroup[128];               /* cpuset group for SUT, peer and emulator, "" = none; absolute path of the directory */
	char cgroup_iso[128];           /* v2 partition: group for threads that run on isolated CPUs only, "" = same as cgroup */
};

struct cpu_split;
/*
 * Roles and priorities for a split, memory and groups left empty.  One thread
 * of each isolated core is used.  With one core the peer shares it with what it
 * measures (they take turns), and the emulator runs on a housekeeping CPU; with
 * more each gets its own, on the NUMA node of the first where that has enough.
 * The vCPU's priority is the lowest: whoever feeds it must be able to run.
 */
void placement_propose(const struct cpu_split *split, struct placement *ret);

enum place { PLACE_SUT, PLACE_PEER, PLACE_EMULATOR, PLACE_HOUSEKEEPING };

/*
 * Put one running thread where its role belongs: join the cpuset group, set the
 * affinity, then the policy, and read both back.  Nothing at all happens for a
 * zeroed placement.  -EPERM and -EINVAL come with the cure in the sentence.
 */
int placement_put(const struct placement *p, enum place role, pid_t tid, struct err *err);

/* The same with one CPU of the role's set: vCPU i (index counts within the set, wrapping). */
int placement_put_one(const struct placement *p, enum place role, unsigned index, pid_t tid, struct err *err);

/* The whole process, all threads that exist now, joins the role's group; affinity and policy stay. */
int placement_join(const struct placement *p, enum place role, pid_t pid, struct err *err);

/*
 * v2 partition: the isolated CPUs belong to a group of threads, and a thread
 * that is born in a process outside of it, as a measuring one is, joins by
 * writing "0" to this file before it asks for its CPU.  False = not needed.
 */
bool placement_threads_file(const struct placement *p, enum place role, char *buf, size_t cap);

#endif
