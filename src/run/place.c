/* SPDX-License-Identifier: Apache-2.0 */
/* place - CPUs are chosen, lent out, set apart, and become a placement that all kinds of workload obey. */
#include <errno.h>
#include <sched.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "base/vec.h"
#include "host/near.h"
#include "net/datapath.h"
#include "run/choose.h"
#include "run/parts.h"

#define TRIES 4 /* two runs that start at the same moment may choose the same free CPU */

/* The node of the device that --net names; -1 = none, or nothing says so. */
static int device_node(const struct run *run)
{
	struct datapath_wish wish;
	struct err later = { 0 }; /* net.c says what is wrong with it */

	if (!run->spec->net || datapath_parse(run->spec->net, &wish, &later) < 0 || !wish.dev[0])
		return -1;
	return near_node(&run->fs, wish.dev);
}

static int choose(struct run *run, const struct cpu_wish *wish, struct cpuset *ret, struct err *err)
{
	const struct cpuset none = { .word = { 0 } };
	bool asks = !wish->count && !run->lease.only_look; /* CPUs by name: the lease itself says best who has them */
	int node = device_node(run);
	const struct choice c = {
		.cpu = &run->cpu,
		.pool = run->pool.holder ? run->pool.cpus : run->wanted,
		.taken = asks ? none : lease_taken(&run->lease, &run->cpu.online),
		.tuned = run->spec->tuned,
		.near = node >= 0,
		.node = node,
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

static void not_heeded(const struct run *run)
{
	const struct pool *p = &run->pool;
	const struct run_tuner *t = run->spec->tuner;
	AUTO_FREE char *who = p->profile[0] ? xprintf("`vlat tune %s`", p->profile) : xstrdup("an earlier run");

	if (run->spec->pool)
		log_note("this host is tuned already, by %s: --pool %s is not heeded", who, run->spec->pool);
	if (t && !text_eq(t->name, p->profile))
		log_note("this host is tuned already, by %s: --profile %s is not heeded", who, t->name);
}

/* What is set apart: the cores of this run's CPUs, those asked for, and those of the profile. */
static int split_for(struct run *run, struct cpu_split *ret, struct err *err)
{
	struct cpuset asked = run->wanted;

	if (run->spec->pool && cpuset_parse_list(run->spec->pool, &asked) < 0)
		return err_set(err, -EINVAL, "--pool %.80s: a list of CPUs such as 2-5 is meant", run->spec->pool);
	if (choose_pool(&run->cpu, &run->record.cpus, &asked, ret, err) < 0)
		return run->spec->pool ? err_in(err, "--pool %.80s", run->spec->pool) : err->code;
	return 0;
}

static int enter(struct run *run, struct err *err)
{
	const struct run_tuner *t = run->spec->tuner;
	int r = pool_enter(&run->pool, err);

	return r == 0 && t && !run->pool.holder ? t->cpus(t->arg, &run->wanted, err) : r;
}

/* The first run that wants its CPUs set apart has the host tuned, the others find it so. */
static int set_apart(struct run *run, struct err *err)
{
	const struct run_tuner *t = run->spec->tuner;
	struct cpu_split split;
	struct hold_wish wish = { .split = &split, .make = t ? t->plan : NULL, .make_arg = t ? t->arg : NULL,
				  .watch = run->spec->watch };
	AUTO(hold_up_free) struct hold_up up = { 0 };
	int lock = run->pool.lock, r;

	if (run->pool.holder) {
		not_heeded(run);
		return 0;
	}
	r = split_for(run, &split, err);
	if (r < 0)
		return r;
	r = hold_start(&wish, &up, err);
	if (r < 0 && r != -EALREADY) /* somebody was faster: just as well */
		return r == -EINTR ? r : err_in(err, "the host could not be tuned for this run");
	run->pool = up.pool;
	run->pool.lock = lock;
	return 0;
}

static void say_if_far(const struct run *run)
{
	int node = device_node(run);
	char cpus[128];

	for (size_t i = 0; node >= 0 && i < run->cpu.n; i++) {
		const struct cpu_fact *f = &run->cpu.at[i];

		if (cpuset_has(&run->record.cpus, f->cpu) && f->node >= 0 && f->node != node) {
			log_note("the network device is on NUMA node %d, not all of CPUs %s are: packets cross between nodes",
				 node, cpuset_list(&run->record.cpus, cpus, sizeof(cpus)));
			return;
		}
	}
}

static void warn_of_others(const struct run *run, bool inside)
{
	const struct pool *p = &run->pool;
	char cpus[128], pool[128];

	if (!run->spec->tuned || (inside && p->apart))
		return;
	cpuset_list(&run->record.cpus, cpus, sizeof(cpus));
	if (inside)
		log_warn("the tuning in force (%s) keeps nobody away from CPUs %s: this run is pinned there, but others may run "
			 "there too",
			 p->profile[0] ? p->profile : "by an earlier run", cpus);
	else
		log_warn("CPUs %s are not among those set apart already (CPUs %s): this run is pinned there, but others may run "
			 "there too",
			 cpus, cpuset_list(&p->cpus, pool, sizeof(pool)));
}

static void fill(struct run *run)
{
	const struct run_spec *spec = run->spec;
	struct placement *p = &run->place;
	bool inside = !cpuset_empty(&run->pool.cpus) && cpuset_within(&run->record.cpus, &run->pool.cpus);

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
	text_print(run->record.tuning, sizeof(run->record.tuning), "%s", inside && run->pool.apart ? "isolated" : "pinned");
	warn_of_others(run, inside);
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
		r = enter(run, err);
	if (r == 0)
		r = take(run, &wish, err);
	if (r == 0 && spec->tuned)
		r = set_apart(run, err);
	if (r < 0)
		return r;
	fill(run);
	warn_of_fifo(run);
	say_if_far(run);
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
