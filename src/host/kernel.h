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
	char cmdline[4096];
	int cmdline_error;              /* -EACCES and the like: what it says is not known; 0 with "" = it says nothing */
	char preempt[16];               /* "rt", "full", "voluntary", "none", "lazy", "dynamic" (not told), "" = unknown */
	bool realtime;                  /* PREEMPT_RT */
	char lockdown[20];              /* "none", "integrity", "confidentiality", "" = cannot be read */
	char clocksource[32];
	char clocksources[128];         /* available, blank-separated */
	enum rt_group rt_group;         /* RT group scheduling: cpu.rt_runtime_us files exist */
	char debugfs[64];               /* where it is mounted, "" = not */
	bool virtual_machine;           /* the hypervisor flag of /proc/cpuinfo */
	char hypervisor[64];            /* DMI or /sys/hypervisor name when told */
	char machine[16];               /* "x86_64", "aarch64"; "" = not told */
	char config_from[96];           /* file the options were read from; "" = the build configuration cannot be read */
	struct kernel_option *options;  /* those that kernel_option_names lists; owned */
	size_t n_options;
};

/* "PREEMPT_RT" = "y"; options that are not set have the value "n". */
struct kernel_option {
	const char *name;
	char value[32];
};
extern const char *const kernel_option_names[];
extern const size_t n_kernel_option_names;

void kernel_facts_free(struct kernel_facts *k);
/* "y", "m", "n", a number or a text; NULL = not known. */
const char *kernel_option(const struct kernel_facts *k, const char *name);
/* Lines "CONFIG_X=y" and "# CONFIG_X is not set" of a build configuration; one value for each of kernel_option_names. */
void kernel_config_parse(const char *text, struct kernel_facts *k);
int kernel_facts_read(const struct fs *fs, struct kernel_facts *ret, struct err *err);
/*
 * The build configuration, from /proc/config.gz or /boot: a megabyte to look
 * through, so apart from kernel_facts_read(). Tells the preemption model too
 * where nothing else did.  Unpacking takes as long as reading a hundred files:
 * it is what look does, which touches nothing else, asks for no memory, and may
 * be another thread's.  Each begin wants one look and one end: 0, or the errno
 * of the last place looked at.
 */
struct kernel_config;
struct kernel_config *kernel_config_begin(const struct fs *fs);
void kernel_config_look(struct kernel_config *c);
int kernel_config_end(struct kernel_config *c, const struct fs *fs, struct kernel_facts *k);

/* The CPU says that it is a virtual one: the flag `hypervisor` of /proc/cpuinfo. */
bool kernel_sees_hypervisor(const struct fs *fs);

#endif
