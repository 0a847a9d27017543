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
	char path[96];                  /* "/sys/fs/cgroup/cpu" */
	char controllers[96];           /* v1: "cpu,cpuacct" or "name=systemd"; v2: what cgroup.controllers says, with commas */
	bool v2;
};

struct cgroups {
	enum cgroup_layout layout;
	struct cgroup_mount mount[CGROUP_MOUNTS_MAX];
	size_t n;
	bool rt_group_sched;            /* a FIFO thread needs a budget of its group (v1), or the root group (v2) */
};

/* From the text of /proc/self/mountinfo; unknown lines are skipped. */
void cgroups_parse(const char *mountinfo, struct cgroups *ret);
int cgroups_read(const struct fs *fs, struct cgroups *ret, struct err *err);
const char *cgroup_layout_name(enum cgroup_layout layout);
const struct cgroup_mount *cgroups_find(const struct cgroups *c, const char *controller);      /* NULL = not mounted */

/* The path of a directory inside its hierarchy: "/sys/fs/cgroup/cpuset/a/b" -> "/a/b"; NULL = not below a cgroup mount. */
const char *cgroups_relative(const struct cgroups *c, const char *dir);

/* Make PATH ("/vlat-ID") in every hierarchy, each journalled first; v1 cpusets inherit their parent's CPUs and memory nodes. */
int cgroups_make(const struct cgroups *c, struct journal *j, const char *path, struct err *err);

/* The real-time budget a group gets under its parent (v1 with RT_GROUP_SCHED); runtime 0 = none needed or none to be had. */
struct rt_budget {
	int64_t runtime_us;             /* -1 = unlimited */
	uint64_t period_us;
};
int cgroups_rt_left(const struct cgroups *c, const char *parent, struct rt_budget *ret, struct err *err);

#endif
