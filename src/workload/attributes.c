/* SPDX-License-Identifier: Apache-2.0 */
#include "workload/attributes.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "workload/procfile.h"

#define CAP_SYS_NICE_BIT 23

static const char *const policies[] = {
	[SCHED_OTHER] = "other", [SCHED_FIFO] = "fifo", [SCHED_RR] = "rr",
	[SCHED_BATCH] = "batch", [SCHED_IDLE] = "idle", [6] = "deadline",
};

const char *policy_name(int policy)
{
	if (policy < 0 || (size_t) policy >= ARRAY_SIZE(policies) || !policies[policy])
		return "unknown";
	return policies[policy];
}

/* In the cpu controller of cgroup v1 a group has a real-time budget of its own, and a new group has none. */
static bool budget_is_zero(char *group, size_t cap)
{
	char dir[512];
	uint64_t budget;

	if (procfile_cgroup_v1("cpu", dir, sizeof(dir)) < 0)
		return false;
	if (procfile_u64(dir, "cpu.rt_runtime_us", &budget) < 0 || budget > 0)
		return false;
	snprintf(group, cap, "%s", dir);
	return true;
}

void attributes_explain_fifo(int priority, char *buf, size_t cap)
{
	struct rlimit limit = { 0 };
	uint64_t caps = 0, seccomp = 0;
	char group[512];

	procfile_status_hex("CapEff", &caps);
	procfile_status_u64("Seccomp", &seccomp);
	getrlimit(RLIMIT_RTPRIO, &limit);
	if (budget_is_zero(group, sizeof(group)))
		snprintf(buf, cap, "cgroup %.200s has no real-time budget; write one to cpu.rt_runtime_us there, parents first",
			 group);
	else if (!(caps & 1ull << CAP_SYS_NICE_BIT) && limit.rlim_cur < (rlim_t) priority)
		snprintf(buf, cap, "it needs CAP_SYS_NICE, or an RLIMIT_RTPRIO of at least %d (it is %llu)", priority,
			 (unsigned long long) limit.rlim_cur);
	else if (seccomp == 2)
		snprintf(buf, cap, "a seccomp filter may forbid sched_setscheduler; allow it in the container's profile");
	else
		snprintf(buf, cap, "the kernel may have RT_GROUP_SCHED, which gives groups of cgroup v2 no real-time budget; "
				   "use the root group, or boot with rt_group_sched=0");
}

/* "0" is whoever writes it; the file is never made. */
static int group_join(const char *file, struct err *err)
{
	AUTO_CLOSE int fd = open(file, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "0", 1) != 1)
		return err_sys(err, -errno, "join the control group of %s", file);
	return 0;
}

static int affinity_apply(const struct cpuset *cpus, struct err *err)
{
	struct cpuset allowed = { 0 };
	char want[128], have[128];
	int r = cpuset_set_affinity(0, cpus);

	if (r == 0)
		return 0;
	cpuset_get_affinity(0, &allowed);
	return err_sys(err, r, "run on CPUs %s (allowed here: %s)", cpuset_list(cpus, want, sizeof(want)),
		       cpuset_list(&allowed, have, sizeof(have)));
}

static int policy_apply(int fifo, struct err *err)
{
	struct sched_param param = { .sched_priority = fifo };
	char why[400];
	int code;

	if (sched_setscheduler(0, fifo ? SCHED_FIFO : SCHED_OTHER, &param) == 0)
		return 0;
	code = -errno;
	if (!fifo)
		return err_sys(err, code, "run under SCHED_OTHER");
	attributes_explain_fifo(fifo, why, sizeof(why));
	return err_set(err, code, "SCHED_FIFO %d refused (%s): %s", fifo, strerror(-code), why);
}

static int lock_apply(bool lock, struct err *err)
{
	int r = lock ? mlockall(MCL_CURRENT | MCL_FUTURE) : munlockall();

	if (r < 0 && lock)
		return err_sys(err, -errno, "lock the agent's memory (it needs CAP_IPC_LOCK, or an RLIMIT_MEMLOCK of 32 MiB)");
	return 0;
}

int attributes_apply(const struct job *job, struct err *err)
{
	int r = 0;

	/* By default the kernel may wake an ordinary task 50 us late, to save power: that is no latency of the machine. */
	prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
	if (job->group[0])
		r = group_join(job->group, err);
	if (r == 0 && !cpuset_empty(&job->cpus))
		r = affinity_apply(&job->cpus, err);
	if (r == 0)
		r = lock_apply(job->lock_memory, err);
	if (r == 0)
		r = policy_apply(job->fifo, err);
	return r;
}

void attributes_read(struct attributes *ret)
{
	struct sched_param param = { 0 };
	uint64_t locked_kb = 0;

	*ret = (struct attributes){ .policy = sched_getscheduler(0) };
	if (sched_getparam(0, &param) == 0)
		ret->priority = param.sched_priority;
	cpuset_get_affinity(0, &ret->cpus);
	procfile_status_u64("VmLck", &locked_kb);
	ret->locked = locked_kb > 0;
}
