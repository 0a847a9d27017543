/* SPDX-License-Identifier: Apache-2.0 */
/*
 * placement - where the threads of one system under test run, and how.
 *
 * Made by tune (from the plan), obeyed by sut, vm and container.  An empty set
 * means "anywhere", policy 0 means SCHED_OTHER: a zeroed placement is stock.
 */
#ifndef HOST_PLACEMENT_H
#define HOST_PLACEMENT_H

#include <stdbool.h>

#include "base/cpuset.h"

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
	char cgroup[128];               /* cpuset group to join, "" = none; absolute path of the directory */
};

#endif
