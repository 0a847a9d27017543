/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/run_profile.h"

/* Before anything is changed, so that a faulty profile is refused in time. */
static int cpus_of(void *arg, struct cpuset *ret, struct err *err)
{
	const struct run_profile *p = arg;
	struct tuner t = TUNER_INIT;
	int r = tuner_make(&t, &p->wish, NULL, err);

	*ret = t.split.isolated;
	tuner_free(&t);
	return r;
}

/* In the holder, with all the CPUs that are to be set apart; the plan lives as long as that process. */
static int make_plan(void *arg, const struct fs *fs, const struct host_facts *facts, const struct cpu_split *split,
		     struct plan **ret, struct err *err)
{
	struct run_profile *p = arg;
	int r;

	(void) fs;
	(void) facts;
	p->wish.cpus = split->isolated;
	r = tuner_make(&p->held, &p->wish, NULL, err);
	*ret = p->held.plan;
	p->held.plan = NULL; /* its taker frees it */
	return r;
}

void run_profile_init(struct run_profile *p, const struct tune_wish *wish)
{
	*p = (struct run_profile){ .wish = *wish, .held = TUNER_INIT };
	p->tuner = (struct run_tuner){ .name = wish->profile, .cpus = cpus_of, .plan = make_plan, .arg = p };
}
