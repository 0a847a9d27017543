/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_home - which hierarchy is mounted where: v1, v2 or both (hybrid). */
#ifndef HOST_CGROUP_HOME_H
#define HOST_CGROUP_HOME_H

#include <stdbool.h>

#include "base/err.h"
#include "base/fs.h"

enum host_cgroups { HOST_CGROUPS_NONE, HOST_CGROUPS_V1, HOST_CGROUPS_V2, HOST_CGROUPS_HYBRID };

struct cgroup_home {
	int version;                    /* 1, 2; 0 = this controller cannot be had */
	char dir[160];                  /* relative to the fs root: "sys/fs/cgroup/cpuset": the mounted root of the hierarchy */
	char own[160];                  /* our own group below dir, "" or "/user.slice/..." */
	bool writable;                  /* mounted read-write */
};

struct cgroup_facts {
	enum host_cgroups layout;
	struct cgroup_home cpuset;
	struct cgroup_home cpu;
	char unified[160];              /* the v2 mount, "" = none */
};

int cgroup_facts_read(const struct fs *fs, struct cgroup_facts *ret, struct err *err);
const char *host_cgroups_name(enum host_cgroups layout);      /* "none" "v1" "v2" "hybrid" */

#endif
