/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Putting a thread where it belongs.  Order matters: first the cpuset group,
 * because a group without the wanted CPU makes sched_setaffinity() fail with
 * EINVAL; then the affinity; the policy last, so that a FIFO thread never runs
 * where ordinary tasks would starve behind it.
 */
#include "host/placement.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "host/split.h"

enum { FIFO_SUT = 1, FIFO_PEER = 2, FIFO_EMULATOR = 3 }; /* interrupt threads have 50, stoppers 99 */

/* The last of the CPUs of one's own; near the first one while that leaves it some. */
static struct cpuset take_last(struct cpuset *from, const struct cpuset *near)
{
	struct cpuset close = cpuset_and(from, near), one;

	one = cpuset_one((unsigned) cpuset_last(cpuset_count(&close) > 1 ? &close : from));
	*from = cpuset_minus(from, &one);
	return one;
}

void placement_propose(const struct cpu_split *split, struct placement *ret)
{
	struct placement p = { .housekeeping = split->housekeeping };

	if (!split->possible) {
		*ret = (struct placement){ 0 };
		return;
	}
	p.sut_cpus = p.peer_cpus = split->leaders;
	p.emulator_cpus = cpuset_one((unsigned) cpuset_last(&split->housekeeping));
	if (cpuset_count(&p.sut_cpus) >= 2)
		p.peer_cpus = take_last(&p.sut_cpus, &split->near);
	if (cpuset_count(&p.sut_cpus) >= 2)
		p.emulator_cpus = take_last(&p.sut_cpus, &split->near);
	p.sut_fifo = FIFO_SUT;
	p.peer_fifo = FIFO_PEER;
	p.emulator_fifo = FIFO_EMULATOR;
	p.lock_memory = true;
	*ret = p;
}

static const struct cpuset *cpus_of(const struct placement *p, enum place role)
{
	const struct cpuset *const sets[] = {
		[PLACE_SUT] = &p->sut_cpus,
		[PLACE_PEER] = &p->peer_cpus,
		[PLACE_EMULATOR] = &p->emulator_cpus,
		[PLACE_HOUSEKEEPING] = &p->housekeeping,
	};

	return sets[role];
}

static int fifo_of(const struct placement *p, enum place role)
{
	const int prios[] = {
		[PLACE_SUT] = p->sut_fifo,
		[PLACE_PEER] = p->peer_fifo,
		[PLACE_EMULATOR] = p->emulator_fifo,
		[PLACE_HOUSEKEEPING] = 0,
	};

	return prios[role];
}

static int write_id(const char *dir, const char *file, pid_t id)
{
	AUTO_CLOSE int fd = -1;
	char path[192], text[16];

	if (text_print(path, sizeof(path), "%s/%s", dir, file) || text_print(text, sizeof(text), "%d", (int) id))
		return -ENAMETOOLONG;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

/* v1 moves threads by "tasks"; v2 by "cgroup.threads" inside a threaded tree, whole processes by "cgroup.procs". */
static int join_thread(const char *dir, pid_t tid)
{
	int r = write_id(dir, "tasks", tid);

	if (r == -ENOENT)
		r = write_id(dir, "cgroup.threads", tid);
	if (r == -EOPNOTSUPP || r == -ENOENT)
		r = write_id(dir, "cgroup.procs", tid);
	return r;
}

static const char *group_of(const struct placement *p, enum place role, const struct cpuset *cpus)
{
	if (role == PLACE_HOUSEKEEPING)
		return "";
	if (p->cgroup_iso[0]) {
		struct cpuset house = cpuset_and(cpus, &p->housekeeping);

		if (cpuset_empty(&house))
			return p->cgroup_iso;
	}
	return p->cgroup;
}

static int set_cpus(pid_t tid, const struct cpuset *cpus, struct err *err)
{
	struct cpuset got;
	char want[128], is[128];
	int r = cpuset_set_affinity(tid, cpus);

	cpuset_list(cpus, want, sizeof(want));
	if (r == -EINVAL)
		return err_set(err, r, "thread %d may not use CPUs %s: its cpuset group does not hold them", (int) tid, want);
	if (r < 0)
		return err_sys(err, r, "cannot pin thread %d to CPUs %s", (int) tid, want);
	r = cpuset_get_affinity(tid, &got);
	if (r < 0)
		return err_sys(err, r, "cannot read back the affinity of thread %d", (int) tid);
	if (!cpuset_equal(&got, cpus))
		return err_set(err, -EPROTO, "thread %d was pinned to CPUs %s, but may run on %s", (int) tid, want,
			       cpuset_list(&got, is, sizeof(is)));
	return 0;
}

static int set_fifo(pid_t tid, int prio, struct err *err)
{
	struct sched_param p = { .sched_priority = prio };

	if (sched_setscheduler(tid, SCHED_FIFO, &p) == 0)
		return sched_getscheduler(tid) == SCHED_FIFO
			       ? 0
			       : err_set(err, -EPROTO, "thread %d did not become SCHED_FIFO", (int) tid);
	if (errno == EPERM)
		return err_set(err, -EPERM,
			       "thread %d may not become SCHED_FIFO: run as root (CAP_SYS_NICE), and where the kernel groups "
			       "real-time tasks give its control group a budget in cpu.rt_runtime_us",
			       (int) tid);
	return err_sys(err, -errno, "cannot make thread %d SCHED_FIFO %d", (int) tid, prio);
}

static int put(const struct placement *p, enum place role, const struct cpuset *cpus, pid_t tid, struct err *err)
{
	const char *group = group_of(p, role, cpus);
	int r = 0;

	if (cpuset_empty(cpus))
		return 0;
	if (*group)
		r = join_thread(group, tid);
	if (r < 0)
		return err_sys(err, r, "thread %d cannot join the cpuset group %s", (int) tid, group);
	r = set_cpus(tid, cpus, err);
	if (r == 0 && fifo_of(p, role) > 0)
		r = set_fifo(tid, fifo_of(p, role), err);
	return r;
}

int placement_put(const struct placement *p, enum place role, pid_t tid, struct err *err)
{
	return put(p, role, cpus_of(p, role), tid, err);
}

int placement_put_one(const struct placement *p, enum place role, unsigned index, pid_t tid, struct err *err)
{
	const struct cpuset *all = cpus_of(p, role);
	unsigned n = cpuset_count(all);
	struct cpuset one;
	int cpu;

	if (n == 0)
		return 0;
	cpu = cpuset_first(all);
	for (unsigned i = 0; i < index % n; i++)
		cpu = cpuset_next(all, cpu);
	one = cpuset_one((unsigned) cpu);
	return put(p, role, &one, tid, err);
}

int placement_join(const struct placement *p, enum place role, pid_t pid, struct err *err)
{
	const char *group = group_of(p, role, cpus_of(p, role));
	int r;

	if (!*group)
		return 0;
	if (p->cgroup[0]) /* a whole process enters a threaded tree at its parent, its threads then go deeper */
		group = p->cgroup;
	r = write_id(group, "cgroup.procs", pid);
	return r < 0 ? err_sys(err, r, "process %d cannot join the cpuset group %s", (int) pid, group) : 0;
}

bool placement_threads_file(const struct placement *p, enum place role, char *buf, size_t cap)
{
	const struct cpuset *cpus = cpus_of(p, role);

	return !cpuset_empty(cpus) && p->cgroup_iso[0] && text_eq(group_of(p, role, cpus), p->cgroup_iso) &&
	       !text_print(buf, cap, "%s/cgroup.threads", p->cgroup_iso);
}
