/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cpu_expr - sets of CPUs as a profile writes them: "all - first_core_per_node".
 *
 *	expr   = term { ("+" | "-") term }      left to right: union, difference
 *	term   = factor { "&" factor }          what both have
 *	factor = NAME | NAME "(" N ")" | LIST | "(" expr ")"
 *
 * LIST is the kernel's: 2, 2-3, 4,6-7; no blanks inside, which is how "2-3" and
 * "all - 3" differ.  Names: cpu_expr_names.
 */
#ifndef PROFILE_CPU_EXPR_H
#define PROFILE_CPU_EXPR_H

#include <stddef.h>

#include "base/cpuset.h"
#include "base/err.h"
#include "host/cpu.h"

struct cpu_name {
	const char *name;
	const char *what;  /* for docs and messages */
	bool takes_number; /* node(0) */
};
extern const struct cpu_name cpu_expr_names[];
extern const size_t cpu_expr_name_count;

/* -EINVAL: one sentence with the column (1..) and what is meant.  Offline CPUs in a LIST are -ERANGE. */
int cpu_expr(const char *text, const struct cpu_facts *cpus, struct cpuset *ret, struct err *err);

#endif
