/* SPDX-License-Identifier: Apache-2.0 */
/* partition - which control groups set CPUs apart, as the kernel tells it after the write. */
#ifndef HOST_PARTITION_H
#define HOST_PARTITION_H

#include "base/cpuset.h"
#include "base/fs.h"
#include "host/cgroup_home.h"

struct partition_fact {
	char path[160];                 /* below the mount: "/machine.slice" */
	char state[96];                 /* v2: "root", "isolated", "isolated invalid (...)"; v1: "exclusive", "unbalanced" */
	bool valid;
	struct cpuset cpus;
};

struct partition_facts {
	struct partition_fact *at;      /* owned */
	size_t n;
	struct cpuset isolated;         /* v2: cpuset.cpus.isolated of the top group */
	unsigned groups;                /* looked at */
	bool cut;                       /* there are more groups than are looked at */
};

#define PARTITION_GROUPS 2000

void partition_facts_read(const struct fs *fs, const struct cgroup_facts *cg, struct partition_facts *ret);
void partition_facts_free(struct partition_facts *f);

#endif
