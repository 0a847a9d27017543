/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a profile: a profile or a sentence; what it says of CPUs is a set of online ones or a sentence. */
#include <stdlib.h>

#include "profile/cpu_expr.h"
#include "profile/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_cpus(const struct profile *p)
{
	struct cpu_fact at[4] = { 0 };
	struct cpu_facts cpus = { .at = at, .n = 4, .n_possible = 4 };
	struct cpu_split split;
	struct cpuset set;
	struct err err = { 0 };

	for (unsigned i = 0; i < 4; i++) {
		at[i] = (struct cpu_fact){ .cpu = i, .node = (int) i / 2, .package = 0, .core = (int) i, .siblings = cpuset_one(i) };
		cpuset_add(&cpus.online, i);
	}
	cpus.possible = cpus.online;
	if (p->isolated && cpu_expr(p->isolated, &cpus, &set, &err) == 0 && !cpuset_within(&set, &cpus.online))
		abort();
	if (profile_split(p, &cpus, &split, &err) < 0 && !err.text[0])
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct profile *p = NULL;
	struct err err = { 0 };

	if (profile_parse(&p, (const char *) data, size, "fuzz.yaml", &err) < 0) {
		if (!err.text[0] || p)
			abort();
		return 0;
	}
	try_cpus(p);
	profile_free(p);
	return 0;
}
