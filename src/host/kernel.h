/* SPDX-License-Identifier: Apache-2.0 */
/* kernel - what this kernel is and lets us do. */
#ifndef HOST_KERNEL_H
#define HOST_KERNEL_H

#include <stdbool.h>

#include "base/err.h"
#include "base/fs.h"

enum rt_group { RT_GROUP_NO, RT_GROUP_V1, RT_GROUP_UNKNOWN };

struct kernel_facts {
	char release[72];               /* uname -r */
	char version[128];              /* uname -v */
	char cmdline[2048];
	char preempt[16];               /* "rt", "full", "voluntary", "none", "lazy", "dynamic" (not told), "" = unknown */
	bool realtime;                  /* PREEMPT_RT */
	char lockdown[20];              /* "none", "integrity", "confidentiality", "" = cannot be read */
	char clocksource[32];
	char clocksources[128];         /* available, blank-separated */
	enum rt_group rt_group;         /* RT group scheduling: cpu.rt_runtime_us files exist */
	char debugfs[64];               /* where it is mounted, "" = not */
	bool virtual_machine;           /* the hypervisor flag of /proc/cpuinfo */
	char hypervisor[64];            /* DMI or /sys/hypervisor name when told */
};

int kernel_facts_read(const struct fs *fs, struct kernel_facts *ret, struct err *err);

#endif
