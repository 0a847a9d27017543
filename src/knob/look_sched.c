/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that are only looked at: the scheduler. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "knob/internal.h"
#include "knob/vm.h"

#define SYSCTL  "Documentation/admin-guide/sysctl/kernel.rst"
#define DEBUGFS "sys/kernel/debug"

/* Debugfs: for root, mounted, not locked down; else the reason. */
static bool debugfs_open(const struct knob_ctx *c, struct settings *out, const char *target)
{
	const char *lock = c->facts->kernel.lockdown;
	int fd;

	if (!c->facts->kernel.debugfs[0] && !fs_exists(c->fs, DEBUGFS "/sched")) {
		look_unseen(out, target, "debugfs is not mounted: mount -t debugfs none /sys/kernel/debug");
		return false;
	}
	if (lock[0] && !text_eq(lock, "none")) {
		list_blocked(out, target, "the kernel is locked down (%s, Secure Boot)", lock);
		return false;
	}
	fd = fs_open(c->fs, DEBUGFS "/sched", 0);
	/* In a capture a folder is no file to open: it is there, and could be entered when the capture was made. */
	if (fd == -EISDIR)
		return true;
	if (fd >= 0)
		close(fd);
	else if (fd == -EACCES || fd == -EPERM)
		look_unseen(out, target, "debugfs is for root only");
	else
		list_absent(out, target, "this kernel has no scheduler files in debugfs");
	return fd >= 0;
}

int check_fair_server(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	char path[96];

	(void) k;
	(void) err;
	if (!debugfs_open(c, out, "fair server"))
		return 0;
	for (int cpu = -1; (cpu = cpuset_next(&c->split->isolated, cpu)) >= 0;) {
		struct setting *s;

		text_print(path, sizeof(path), DEBUGFS "/sched/fair_server/cpu%d/runtime", cpu);
		s = look_path(c, out, path, VALUE_NUMBER, "0");
		if (s)
			text_print(s->target, sizeof(s->target), "cpu%d", cpu);
	}
	if (out->n == 0)
		list_absent(out, "fair server", "this kernel has none (before 6.12)");
	return 0;
}

/* What runs, not what was built: host/kernel finds it in debugfs, the command line or uname -v. */
int check_preempt(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	const char *now = c->facts->kernel.preempt;

	(void) k;
	(void) err;
	if (!now[0] || text_eq(now, "dynamic"))
		look_unseen(out, "preemption", "only debugfs tells which model runs: look as root");
	else
		look_says(out, text_eq(now, "rt") || text_eq(now, "full"), "preemption", now, "full or rt");
	return 0;
}

int check_rt_kernel(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) k;
	(void) err;
	look_says(out, c->facts->kernel.realtime, "kernel", c->facts->kernel.realtime ? "PREEMPT_RT" : "not PREEMPT_RT",
		  "PREEMPT_RT");
	return 0;
}

static int check_debug_file(const struct knob *k, const struct knob_ctx *c, struct settings *out, const char *path)
{
	char want[64] = "";

	if (!debugfs_open(c, out, path))
		return 0;
	look_want(k, c, VALUE_NUMBER, want, sizeof(want));
	if (!look_path(c, out, path, text_eq(want, "?") ? VALUE_TEXT : VALUE_NUMBER, want))
		list_absent(out, path, "this kernel does not have it");
	return 0;
}

static int check_features(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) err;
	return check_debug_file(k, c, out, DEBUGFS "/sched/features");
}

static int check_slice(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) err;
	return check_debug_file(k, c, out, DEBUGFS "/sched/base_slice_ns");
}

static int check_stalld(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	const struct service_fact *s = service_fact(&c->look->machine->service, "stalld");

	(void) err;
	look_value(k, c, out, "stalld", VALUE_TEXT, s && s->pid ? "running" : "not running");
	return 0;
}

/* The group of a process in the hierarchy that has the controller, relative to the root of the fs. */
static bool group_of(const struct knob_ctx *c, pid_t pid, char *buf, size_t cap)
{
	AUTO_FREE char *text = NULL;
	char path[48];
	const char *at;

	text_print(path, sizeof(path), "proc/%d/cgroup", (int) pid);
	if (!c->facts->cgroup.unified[0] || fs_read_all(c->fs, path, 1 << 16, &text, NULL) < 0)
		return false;
	at = text_starts(text, "0::") ? text : strstr(text, "\n0::");
	if (!at)
		return false;
	at += *at == '\n' ? 4 : 3;
	return !text_print(buf, cap, "%s%.*s", c->facts->cgroup.unified, (int) strcspn(at, "\n"), at);
}

static int look_group_files(const struct knob_ctx *c, struct settings *out, const char *file, const char *want)
{
	const struct qemus *all = look_qemus(c);

	for (size_t i = 0; i < all->n; i++) {
		char dir[512], path[600];
		struct setting *s;

		if (c->look->only_pid && c->look->only_pid != all->at[i].pid)
			continue;
		if (!group_of(c, all->at[i].pid, dir, sizeof(dir)) || text_print(path, sizeof(path), "%s/%s", dir, file))
			continue;
		s = look_path(c, out, path, VALUE_TEXT, want);
		if (s)
			vm_target(&all->at[i], s->target, sizeof(s->target));
		if (s && text_starts(s->before ? s->before : "", "max"))
			s->state = SETTING_SAME;
	}
	if (out->n == 0)
		list_absent(out, file, all->n ? "no group of a virtual machine has it" : "no virtual machine runs here");
	return 0;
}

static int check_quota(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) k;
	(void) err;
	return look_group_files(c, out, "cpu.max", "max");
}

static int check_memory_high(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) k;
	(void) err;
	return look_group_files(c, out, "memory.high", "max");
}

/* "Max locked memory         8388608              8388608              bytes": the soft limit. */
static bool limit_of(const char *text, const char *name, char *buf, size_t cap)
{
	const char *at = strstr(text, name);

	if (!at)
		return false;
	at += strlen(name);
	at += strspn(at, " ");
	return !text_print(buf, cap, "%.*s", (int) strcspn(at, " \n"), at);
}

static void vm_limit(const struct knob *k, const struct knob_ctx *c, const struct qemu *q, const char *target,
		     struct settings *out)
{
	char text[4096], now[32];

	(void) k;
	if (fs_readf(c->fs, text, sizeof(text), "proc/%d/limits", (int) q->pid) < 0)
		look_unseen(out, target, "its limits are for its owner and root only");
	else if (limit_of(text, "Max locked memory", now, sizeof(now)))
		look_says(out, text_eq(now, "unlimited"), target, now, "unlimited");
}

static int check_rlimits(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) err;
	return each_vm(k, c, out, vm_limit);
}

static const struct knob rows[] = {
	{
		.id = "sch.autogroup",
		.title = "no grouping of tasks by session",
		.why = "with it the nice value of a daemon counts only among the tasks of its session",
		.cost = "a desktop feels less smooth under load",
		.source = "kernel/sched/autogroup.c; sched(7)",
		FILES({ .path = "proc/sys/kernel/sched_autogroup_enabled", .form = VALUE_NUMBER }),
		EVERY_ROLE("0", 2),
	},
	{
		.id = "sch.cfs_quota",
		.of_vm = true,
		.title = "no CPU quota for virtual machines",
		.why = "a group that has used its share stands still until the next period: tens of milliseconds",
		.cost = "no hard limit on what the VM uses; weights still share fairly",
		.source = "Documentation/admin-guide/cgroup-v2.rst, cpu.max",
		ROLES(W("*", 7), LEAVE, LEAVE, W("*", 7)),
		.check = check_quota,
		.cure = "write max to the group's cpu.max (cgroup v1: -1 to cpu.cfs_quota_us); libvirt: no <quota>, "
			"<global_quota> and <emulator_quota> in <cputune>; Proxmox: no cpulimit; nova: no quota:cpu_quota; "
			"KubeVirt: no limits.cpu",
	},
	{
		.id = "sch.energy_aware",
		.title = "no packing of tasks to save energy",
		.why = "on processors with big and small cores, tasks are packed on few of them",
		.cost = "power",
		.source = SYSCTL ", sched_energy_aware",
		FILES({ .path = "proc/sys/kernel/sched_energy_aware", .form = VALUE_NUMBER }),
		ROLES(W("0", 2), W("0", 2), LEAVE, W("0", 2)),
	},
	{
		.id = "sch.features",
		.title = "scheduler features",
		.why = "some change how wake-ups cross CPUs; their names are no stable interface, so they are only shown",
		.cost = "none",
		.source = "kernel/sched/features.h",
		EVERY_ROLE("?", 0),
		.check = check_features,
	},
	{
		.id = "sch.rlimits",
		.of_vm = true,
		.title = "QEMU may lock its memory",
		.why = "without the limit lifted, locking guest memory or assigning a device fails",
		.cost = "that program may take all memory",
		.source = "getrlimit(2), RLIMIT_MEMLOCK",
		.when = KNOB_VM,
		ROLES(W("*", 2), LEAVE, LEAVE, LEAVE),
		.check = check_rlimits,
		.cure = "LimitMEMLOCK=infinity for its service, or prlimit --memlock=unlimited; libvirt lifts it for <locked/>",
	},
	{
		.id = "sch.sched_ext",
		.title = "no scheduler loaded as a program",
		.why = "a BPF scheduler replaces the rules for ordinary tasks, and much of what is said here no longer holds",
		.cost = "none",
		.source = "Documentation/scheduler/sched-ext.rst",
		FILES({ .path = "sys/kernel/sched_ext/state", .form = VALUE_TEXT }),
		EVERY_ROLE("disabled", 4),
		.cure = "stop the service that loaded it (scx)",
	},
	{
		.id = "sch.slice",
		.title = "short time slices",
		.why = "a woken ordinary task gets its turn sooner",
		.cost = "throughput",
		.source = "kernel/sched/debug.c, base_slice_ns",
		ROLES(W("?", 0), W("<=3000000", 2), LEAVE, LEAVE),
		.check = check_slice,
		.cure = "write 3000000 to /sys/kernel/debug/sched/base_slice_ns",
	},
	{
		.id = "sch.stalld",
		.title = "a guard against starved kernel threads",
		.why = "where FIFO vCPUs never sleep, stalld gives starved threads microseconds now and then",
		.cost = "each of these is jitter; since 6.12 the fair server does much the same",
		.source = "stalld(8); OpenShift openshift-node-performance profile",
		.when = KNOB_OTHER,
		ROLES(W("?", 0), LEAVE, LEAVE, W("?", 0)),
		.check = check_stalld,
		.cure = "systemctl start stalld, only beside FIFO threads that never sleep",
	},
	{
		.id = "sch.uclamp_rt",
		.title = "real-time threads run at full clock",
		.why = "the schedutil governor otherwise lets them begin slowly",
		.cost = "power",
		.source = "Documentation/scheduler/sched-util-clamp.rst",
		FILES({ .path = "proc/sys/kernel/sched_util_clamp_min_rt_default", .form = VALUE_NUMBER }),
		ROLES(W("1024", 3), LEAVE, LEAVE, W("1024", 3)),
	},
	{
		.id = "mem.memcg",
		.of_vm = true,
		.title = "no memory throttling of virtual machines",
		.why = "above memory.high the kernel makes the group's tasks sleep",
		.cost = "the group is limited by memory.max alone",
		.source = "Documentation/admin-guide/cgroup-v2.rst, memory.high",
		ROLES(W("*", 4), LEAVE, LEAVE, LEAVE),
		.check = check_memory_high,
		.cure = "write max to the group's memory.high; a unit's: systemctl set-property UNIT MemoryHigh=infinity",
	},
};

LOOK_ROWS(look_sched, rows);
