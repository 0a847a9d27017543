/* SPDX-License-Identifier: Apache-2.0 */
/* attributes - where and how the measuring thread runs: set from the job, then read back, because asking is not having. */
#ifndef WORKLOAD_ATTRIBUTES_H
#define WORKLOAD_ATTRIBUTES_H

#include <stdbool.h>

#include "base/cpuset.h"
#include "base/err.h"
#include "workload/protocol.h"

struct attributes {
	struct cpuset cpus;
	int policy;                     /* SCHED_OTHER, SCHED_FIFO ... */
	int priority;
	bool locked;                    /* some memory of the process is locked */
};

/* For the calling thread. */
int attributes_apply(const struct job *job, struct err *err);
void attributes_read(struct attributes *ret);
const char *policy_name(int policy);            /* "other", "fifo", "rr", "batch", "idle", "deadline", "unknown" */

/* Why the kernel refused SCHED_FIFO, as far as one can find out from here, with the cure. */
void attributes_explain_fifo(int priority, char *buf, size_t cap);

#endif
