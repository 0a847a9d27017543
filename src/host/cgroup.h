/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup - which hierarchy is mounted where: v1, v2 or both (hybrid). */
#ifndef HOST_CGROUP_H
#define HOST_CGROUP_H

#include <stdbool.h>

#include "base/err.h"
#include "base/fs.h"

enum cgroup_layout { CGROUP_NONE, CGROUP_V1, CGROUP_V2, CGROUP_HYBRID };

struct cgroup_home {
	int version;                    /* 1, 2; 0 = this controller cannot be had */
	char dir[160];                  /* relative to the fs root: "sys/fs/cgroup/cpuset": the mounted root of the hierarchy */
	char own[160];                  /* our own group below dir, "" or "/user.slice/..." */
	bool writable;                  /* mounted read-write */
};

struct cgroup_facts {
	enum cgroup_layout layout;
	struct cgroup_home cpuset;
	struct cgroup_home cpu;
	char unified[160];              /* the v2 mount, "" = none */
};

int cgroup_facts_read(const struct fs *fs, struct cgroup_facts *ret, struct err *err);
const char *cgroup_layout_name(enum cgroup_layout l);

#endif
