/* SPDX-License-Identifier: Apache-2.0 */
/* facts - everything vlat knows about a host, read once: fs in, structs out, JSON for study.json. */
#ifndef HOST_FACTS_H
#define HOST_FACTS_H

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"
#include "base/fs.h"
#include "host/cgroup_home.h"
#include "host/cpu.h"
#include "host/kernel.h"

struct huge_pool {
	unsigned kb;                    /* 2048, 1048576 */
	uint64_t total, free;
};

struct memory_facts {
	uint64_t total_bytes, available_bytes, swap_bytes;
	struct huge_pool huge[4];
	unsigned n_huge;
};

struct host_facts {
	struct cpu_facts cpu;
	struct kernel_facts kernel;
	struct cgroup_facts cgroup;
	struct memory_facts memory;
	char hostname[72];
	char os[128];                   /* PRETTY_NAME of /etc/os-release */
	char governor[24];              /* of the first policy; "" = none offered */
	bool kvm_device;                /* /dev/kvm exists; says nothing about booting */
	char writers[160];              /* other tuners found running: "irqbalance tuned" */
};

int host_facts_read(const struct fs *fs, struct host_facts *ret, struct err *err);
void host_facts_free(struct host_facts *f);
json_t *host_facts_json(const struct host_facts *f);    /* new reference */

#endif
