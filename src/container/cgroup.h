/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup - which control-group hierarchies this machine has mounted where, and
 * what a real-time thread in a container needs on them.
 *
 *	v1      every controller its own mount: /sys/fs/cgroup/cpuset, .../cpu
 *	v2      one mount of type cgroup2 with all controllers
 *	hybrid  v1 controllers, and a cgroup2 mount beside them (maybe with some)
 */
#ifndef CONTAINER_CGROUP_H
#define CONTAINER_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/fs.h"
#include "journal/journal.h"

enum cgroup_layout { CGROUP_NONE, CGROUP_V1, CGROUP_HYBRID, CGROUP_V2 };

#define CGROUP_MOUNTS_MAX 24

struct cgroup_mount {
	char path[96];        /* "/sys/fs/cgroup/cpu" */
	char controllers[96]; /* v1: "cpu,cpuacct" or "name=systemd"; v2: what cgroup.controllers says, with commas */
	bool v2;
};

struct cgroups {
	enum cgroup_layout layout;
	struct cgroup_mount mount[CGROUP_MOUNTS_MAX];
	size_t n;
	bool rt_budgets; /* v1 with RT_GROUP_SCHED and a limit (not -1): a FIFO thread needs a budget of its group */
};

/* From the text of /proc/self/mountinfo; unknown lines are skipped. */
void cgroups_parse(const char *mountinfo, struct cgroups *ret);
int cgroups_read(const struct fs *fs, struct cgroups *ret, struct err *err);
const char *cgroup_layout_name(enum cgroup_layout layout);
const struct cgroup_mount *cgroups_find(const struct cgroups *c, const char *controller); /* NULL = not mounted */

/* Journal the groups of PATH ("/vlat-ID/c0") that are not there yet, in every hierarchy: who makes them does not matter. */
int cgroups_note(const struct cgroups *c, struct journal *j, const char *path, struct err *err);
/* Make those above the last one, which is the runtime's to make; new v1 cpusets get their parent's CPUs and memory nodes, without
 * which no task may join. */
int cgroups_make(const struct cgroups *c, const char *path, struct err *err);

/* v2: the root group hands all of its controllers down, journalled. */
int cgroups_enable(const struct cgroups *c, struct journal *j, struct err *err);

struct rt_budget {
	int64_t runtime_us; /* 0 = none */
	uint64_t period_us;
};

/*
 * Give the group above PATH all of the real-time budget that is left where it
 * is, and say how much of it PATH can have.  0 us when none is left or this
 * machine has no budgets.
 */
int cgroups_rt_give(const struct cgroups *c, const char *path, struct rt_budget *ret, struct err *err);

/* Before the group PATH is removed: give up its budget, and that of the group above it when no other child holds some. */
void cgroups_rt_return(const struct cgroups *c, const char *path);

/* What stands in the way of a SCHED_FIFO thread in PATH after the kernel has said EPERM: one sentence with the cure. */
void cgroups_rt_explain(const struct cgroups *c, const struct rt_budget *got, char *buf, size_t cap);

#endif
