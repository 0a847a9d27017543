/* SPDX-License-Identifier: Apache-2.0 */
/* task - every thread of the host, kernel threads included: what it is and where it may run. */
#ifndef HOST_TASK_H
#define HOST_TASK_H

#include <stddef.h>

#include "base/cpuset.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/proc_stat.h"

struct task_fact {
	pid_t pid;                      /* of the process */
	struct proc_stat stat;          /* stat.tid = the thread */
	struct cpuset allowed;
};

struct task_facts {
	struct task_fact *at;           /* by process, then thread; owned */
	size_t n;
};

/* Where one may run. */
bool task_read_allowed(const struct fs *fs, pid_t pid, pid_t tid, struct cpuset *ret);
/* Tasks that end while we look are left out. */
int task_facts_read(const struct fs *fs, struct task_facts *ret, struct err *err);
void task_facts_free(struct task_facts *f);
bool task_is_kernel(const struct task_fact *t);
bool task_is_movable(const struct task_fact *t);        /* false: the kernel forbids it (per-CPU kernel threads) */
bool task_is_realtime(const struct task_fact *t);       /* FIFO, RR or DEADLINE */

#endif
