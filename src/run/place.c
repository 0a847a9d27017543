/* SPDX-License-Identifier: Apache-2.0 */
/* place - CPUs are chosen, lent out, set apart, and become a placement that all kinds of workload obey. */
#include <errno.h>
#include <sched.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "run/choose.h"
#include "run/parts.h"

#define TRIES 4 /* two runs that start at the same moment may choose the same free CPU */

static int choose(struct run *run, const struct cpu_wish *wish, struct cpuset *ret, struct err *err)
{
	const struct cpuset none = { .word = { 0 } };
	bool asks = !wish->count && !run->lease.only_look; /* CPUs by name: the lease itself says best who has them */
	const struct choice c = {
		.cpu = &run->cpu,
		.pool = run->pool.cpus,
		.taken = asks ? none : lease_taken(&run->lease, &run->cpu.online),
		.tuned = run->spec->tuned,
	};

	return choose_cpus(&c, wish, ret, err);
}

/* By number another one is looked for when somebody was faster; by name that is an answer. */
static int take(struct run *run, const struct cpu_wish *wish, struct err *err)
{
	struct cpuset cpus;
	int r = 0;

	for (int i = 0; i < TRIES; i++) {
		r = choose(run, wish, &cpus, err);
		if (r == 0)
			r = lease_take_cpus(&run->lease, &cpus, run->record.name, err);
		if (r == 0)
			run->record.cpus = cpus;
		if (r != -EBUSY || !wish->count)
			return r;
	}
	return r;
}

/* The first run that wants its CPUs set apart makes the pool, the others find it. */
static int set_apart(struct run *run, struct err *err)
{
	struct cpuset asked = { 0 };
	struct cpu_split split;
	int r;

	if (!cpuset_empty(&run->pool.cpus)) {
		if (run->spec->pool)
			log_note("CPUs are set apart already, by an earlier run: --pool %s is not heeded", run->spec->pool);
		return 0;
	}
	if (run->spec->pool && cpuset_parse_list(run->spec->pool, &asked) < 0)
		return err_set(err, -EINVAL, "--pool %.80s: a list of CPUs such as 2-5 is meant", run->spec->pool);
	r = choose_pool(&run->cpu, &run->record.cpus, &asked, &split, err);
	return r < 0 ? r : pool_make(&run->pool, &split, err);
}

static void fill(struct run *run)
{
	const struct run_spec *spec = run->spec;
	struct placement *p = &run->place;
	bool inside = !cpuset_empty(&run->pool.cpus) && cpuset_within(&run->record.cpus, &run->pool.cpus);
	char cpus[128], pool[128];

	if (inside)
		*p = run->pool.place;
	p->sut_cpus = run->record.cpus;
	if (!inside)
		p->housekeeping = cpuset_minus(&run->cpu.online, &run->record.cpus);
	p->emulator_cpus = cpuset_empty(&p->housekeeping) ? p->sut_cpus : p->housekeeping;
	if (spec->policy == RUN_FIFO) {
		p->sut_fifo = spec->priority ? (int) spec->priority : 1;
		p->emulator_fifo = p->sut_fifo + 1; /* the guest waits for it */
	}
	p->lock_memory = spec->tuned;
	text_print(run->record.tuning, sizeof(run->record.tuning), "%s", inside ? "isolated" : "pinned");
	if (spec->tuned && !inside)
		log_warn(
			"CPUs %s are not among those set apart by an earlier run (CPUs %s): this run is pinned there, but others "
			"may run there too",
			cpuset_list(&run->record.cpus, cpus, sizeof(cpus)), cpuset_list(&run->pool.cpus, pool, sizeof(pool)));
}

static void warn_of_fifo(const struct run *run)
{
	if (run->spec->policy != RUN_FIFO)
		return;
	if (text_eq(run->record.tuning, "isolated"))
		log_note("SCHED_FIFO: a thread of this run that never sleeps keeps its CPU for ever, also from kernel threads "
			 "that "
			 "must run there");
	else
		log_warn("SCHED_FIFO on CPUs that are not set apart: while such a thread is busy, all ordinary tasks there wait; "
			 "after 0.95 s the kernel stops it for 50 ms (sched_rt_runtime_us)");
}

int run_place(struct run *run, struct err *err)
{
	const struct run_spec *spec = run->spec;
	struct cpu_wish wish = { .count = 1 };
	int r = spec->cpus ? cpu_wish_parse(spec->cpus, &wish, err) : 0;

	if (r == 0 && spec->tuned && geteuid() != 0)
		r = err_set(err, -EPERM,
			    "setting CPUs apart needs root: it changes kernel settings and moves other processes; try sudo, or "
			    "--tuning none");
	if (r < 0)
		return r;
	text_print(run->record.tuning, sizeof(run->record.tuning), "none");
	if (!spec->tuned && !spec->cpus)
		return 0;
	r = lease_open(&run->lease, NULL, err);
	if (r == 0 && spec->tuned)
		r = pool_enter(&run->pool, err);
	if (r == 0)
		r = take(run, &wish, err);
	if (r == 0 && spec->tuned)
		r = set_apart(run, err);
	if (r < 0)
		return r;
	fill(run);
	warn_of_fifo(run);
	return 0;
}

void run_read_policy(struct run *run, pid_t tid)
{
	static const char *const names[] = { "other", "fifo", "rr", "batch", "?", "idle", "deadline" };
	struct sched_param p = { 0 };
	int policy = sched_getscheduler(tid) & ~SCHED_RESET_ON_FORK;
	char *buf = run->record.policy;
	size_t cap = sizeof(run->record.policy);

	if (policy < 0 || (size_t) policy >= sizeof(names) / sizeof(names[0]) || sched_getparam(tid, &p) < 0)
		text_print(buf, cap, "?");
	else if (p.sched_priority)
		text_print(buf, cap, "%s %d", names[policy], p.sched_priority);
	else
		text_print(buf, cap, "%s", names[policy]);
}
