/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmdline - the kernel command line, held against its effect.  What was asked
 * for proves nothing: one bad token and the kernel drops a whole isolcpus=.
 * Documentation/admin-guide/kernel-parameters.txt, kernel/sched/isolation.c.
 */
#ifndef HOST_CMDLINE_H
#define HOST_CMDLINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fs.h"
#include "host/cpu.h"
#include "host/kernel.h"

struct cmdline_param {
	char name[64];
	char value[512];
	bool has_value;
};

/* Moves past one parameter; quotes hold blanks together.  False at the end or at "--", where init's words begin. */
bool take_param(const char **at, struct cmdline_param *ret);
/* The last one of that name ('-' and '_' are the same letter); false when there is none. */
bool cmdline_find(const char *cmdline, const char *name, struct cmdline_param *ret);

enum effect {
	EFFECT_NONE_TO_SEE,             /* nothing tells whether it took effect */
	EFFECT_YES,
	EFFECT_NO,                      /* the kernel did not do it: why says so */
	EFFECT_PARTLY,
};

struct cmdline_effect {
	const char *name;               /* of a parameter that matters for latency */
	char value[256];                /* as asked for */
	enum effect effect;
	char seen[128];                 /* the state found: "2-7" */
	char from[96];                  /* the file it was found in */
	char why[200];                  /* when not EFFECT_YES: one clause; else "" */
};

struct cmdline_facts {
	struct cmdline_effect *at;      /* those of the table that are given; owned */
	size_t n;
};

void cmdline_facts_read(const struct fs *fs, const struct kernel_facts *kernel, const struct cpu_facts *cpu,
			struct cmdline_facts *ret);
void cmdline_facts_free(struct cmdline_facts *f);
const struct cmdline_effect *cmdline_effect(const struct cmdline_facts *f, const char *name);  /* NULL = not given */
const char *effect_name(enum effect e);         /* "cannot tell" "yes" "no" "partly" */

/* "managed_irq,domain,2-7": flags apart from CPUs, as the kernel reads it; -EINVAL where it drops the whole parameter. */
struct isolcpus {
	bool domain, nohz, managed_irq;
	struct cpuset cpus;
	char bad[64];                   /* the token it stumbles over */
};
int isolcpus_parse(const char *value, struct isolcpus *ret);

#endif
