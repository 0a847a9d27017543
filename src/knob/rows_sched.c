/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows: real-time threads that are neither throttled nor starve anybody.
 *
 * Two guards of the kernel stall a busy FIFO thread for 50 ms in each second:
 * RT throttling (sched_rt_runtime_us, whenever a CPU is full), and since 6.12
 * the fair server (when ordinary tasks wait on that CPU).  The first is
 * switched off.  The second needs debugfs, which lockdown closes; so the real
 * cure is to have no ordinary tasks there at all: iso.partition.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/text.h"
#include "base/vec.h"
#include "host/task.h"
#include "knob/internal.h"
#include "knob/look.h"

#define DEBUGFS "sys/kernel/debug"

const struct knob knob_sch_rt_runtime = {
	.id = "sch.rt_runtime",
	.title = "no throttling of real-time threads",
	.why = "a CPU full of real-time work is otherwise stopped for 50 ms in every second",
	.cost = "a real-time thread that never sleeps keeps its CPU for ever",
	.source = "Documentation/scheduler/sched-rt-group.rst; kernel/sched/rt.c",
	ROLES(W("-1", 5), LEAVE, W("-1", 4), W("-1", 7)),
	.order = ORDER_REALTIME,
	FILES({ .path = "proc/sys/kernel/sched_rt_runtime_us", .form = VALUE_NUMBER, .want = "-1" }),
};

static int list_rt_group(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	char path[200];

	(void) k;
	(void) err;
	if (c->facts->kernel.rt_group != RT_GROUP_V1) {
		list_absent(out, "cpu.rt_runtime_us", "this kernel gives control groups no real-time budgets");
		return 0;
	}
	text_print(path, sizeof(path), "%s/cpu.rt_runtime_us", c->facts->cgroup.cpu.dir);
	list_value(c, out, path, VALUE_NUMBER, "-1");
	return 0;
}

/* After sch.rt_runtime: the kernel refuses a group more than the machine as a whole may have. */
const struct knob knob_sch_rt_group = {
	.id = "sch.rt_group",
	.title = "no real-time budget for the root control group",
	.why = "with RT group scheduling each group has a budget of its own; a container's is cut from the root's",
	.cost = "as for sch.rt_runtime",
	.source = "Documentation/scheduler/sched-rt-group.rst",
	EVERY_ROLE("*", 4),
	.order = ORDER_REALTIME + 1,
	.list = list_rt_group,
};

/* Not mounted: mounting is the first setting, and the knob is listed again afterwards. */
static bool need_debugfs(const struct knob_ctx *c, struct settings *out, const char **ret_dir)
{
	const char *dir = c->facts->kernel.debugfs;
	AUTO_FREE char *known = NULL;
	struct setting *s;

	if (*dir || fs_exists(c->fs, DEBUGFS "/sched")) {
		*ret_dir = *dir ? dir : DEBUGFS;
		return true;
	}
	if (fs_read_all(c->fs, "proc/filesystems", 1 << 16, &known, NULL) < 0 || !strstr(known, "\tdebugfs\n") ||
	    !fs_exists(c->fs, DEBUGFS)) {
		list_absent(out, "debugfs", "this kernel has no debugfs");
		return false;
	}
	s = settings_add(out, SETTING_MOUNT, DEBUGFS);
	s->before = xstrdup("not mounted");
	s->after = xstrdup("debugfs");
	text_print(s->target, sizeof(s->target), "/" DEBUGFS);
	return false;
}

static int list_fair_server(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	const char *dir;
	int cpu = -1;

	(void) k;
	(void) err;
	if (!need_debugfs(c, out, &dir))
		return 0;
	while ((cpu = cpuset_next(&c->split->isolated, cpu)) >= 0) {
		char path[160];
		struct setting *s;

		text_print(path, sizeof(path), "%s/sched/fair_server/cpu%d/runtime", dir, cpu);
		s = list_value(c, out, path, VALUE_NUMBER, "0");
		if (s)
			text_print(s->target, sizeof(s->target), "cpu%d", cpu);
	}
	if (out->n == 0)
		list_absent(out, "fair_server", "this kernel has no fair server (before 6.12)");
	return 0;
}

const struct knob knob_sch_fair_server = {
	.id = "sch.fair_server",
	.title = "ordinary tasks take nothing from real-time threads on isolated CPUs",
	.why = "from 6.12 on ordinary tasks that starve on a CPU get 50 ms of each second there, whatever sched_rt_runtime_us "
	       "says",
	.cost = "an ordinary task that is stuck on an isolated CPU waits until the real-time threads sleep",
	.source = "kernel/sched/deadline.c, kernel/sched/debug.c",
	.unit = "CPUs",
	.first = true,
	ROLES(W("*", 4), LEAVE, W("*", 4), W("*", 6)),
	.check = check_fair_server,
	.cure = "write 0 to /sys/kernel/debug/sched/fair_server/cpuN/runtime for each of @iso; vlat does while it measures",
	.dispute = "NI switches it off to cure regressions of 6.12, tuned, OpenShift and SEAPATH leave it; with FIFO threads "
		   "that never sleep it costs up to 5 % of a CPU in pieces of milliseconds",
	/* On a CPU that is set apart already the kernel has no bandwidth to account it to, and warns. */
	.order = ORDER_GROUP - 1,
	.list = list_fair_server,
};

static int list_preempt(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	const char *dir;
	char path[160];

	(void) k;
	(void) err;
	if (c->facts->kernel.realtime) {
		list_absent(out, "sched/preempt", "a PREEMPT_RT kernel is always preemptible");
		return 0;
	}
	if (!strstr(c->facts->kernel.version, "PREEMPT_DYNAMIC")) {
		list_absent(out, "sched/preempt", "fixed when this kernel was built");
		return 0;
	}
	/* The switch rewrites kernel code on all CPUs: milliseconds on a processor, seconds in an emulated or nested one. */
	if (c->facts->kernel.virtual_machine) {
		list_blocked(out, "sched/preempt",
			     "switching takes seconds in a virtual machine: boot with preempt=full instead");
		return 0;
	}
	if (!need_debugfs(c, out, &dir))
		return 0;
	text_print(path, sizeof(path), "%s/sched/preempt", dir);
	if (!list_value(c, out, path, VALUE_CHOICE, "full"))
		list_absent(out, "sched/preempt", "this kernel cannot change it while it runs");
	return 0;
}

const struct knob knob_sch_preempt_model = {
	.id = "sch.preempt_model",
	.title = "the kernel can be preempted everywhere",
	.why = "a woken real-time thread otherwise waits until kernel code on its CPU comes to a point where it yields",
	.cost = "1 to 5 % of throughput",
	.source = "kernel/sched/debug.c; Documentation/admin-guide/kernel-parameters.txt, preempt",
	.first = true,
	ROLES(W("*", 5), W("*", 3), W("*", 5), W("*", 6)),
	.check = check_preempt,
	.cure = "kernel parameter preempt=full, or write full to /sys/kernel/debug/sched/preempt on a physical machine",
	.order = ORDER_GROUP - 2, /* may mount debugfs, as sch.fair_server does */
	.list = list_preempt,
};

/* Per-CPU kernel threads of an isolated CPU that PREEMPT_RT turns into ordinary or barely real-time ones. */
static int wanted_priority(const char *comm, const struct cpuset *isolated)
{
	static const struct {
		const char *prefix;
		int priority;
	} rows[] = { { "ksoftirqd/", 5 }, { "ktimers/", 6 }, { "rcuc/", 7 } };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *at = comm;
		uint64_t cpu;

		if (take_text(&at, rows[i].prefix) && take_u64(&at, &cpu) && *at == '\0' && cpu < CPUSET_MAX &&
		    cpuset_has(isolated, (unsigned) cpu))
			return rows[i].priority;
	}
	return 0;
}

static int list_kernel_prio(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	struct task_facts tasks;
	int r;

	(void) k;
	if (!c->facts->kernel.realtime) {
		list_absent(out, "per-CPU kernel threads", "only a PREEMPT_RT kernel runs this work in threads");
		return 0;
	}
	r = task_facts_read(c->fs, &tasks, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < tasks.n; i++) {
		const struct proc_stat *t = &tasks.at[i].stat;
		int want = task_is_kernel(&tasks.at[i]) ? wanted_priority(t->comm, &c->split->isolated) : 0;
		struct setting *s;

		if (want == 0)
			continue;
		s = settings_add(out, SETTING_POLICY, NULL);
		s->tid = t->tid;
		s->start = t->start_time;
		s->before = xprintf("%d %d", t->policy, t->rt_priority);
		s->after = xprintf("1 %d", want); /* SCHED_FIFO */
		s->state = t->policy == 1 && t->rt_priority >= want ? SETTING_SAME : SETTING_TODO;
		text_print(s->target, sizeof(s->target), "task %d (%s)", (int) t->tid, t->comm);
	}
	task_facts_free(&tasks);
	if (out->n == 0)
		list_absent(out, "per-CPU kernel threads", "there are none of these names");
	return 0;
}

const struct knob knob_sch_prio_map = {
	.id = "sch.prio_map",
	.title = "kernel threads above the measured ones",
	.why = "on PREEMPT_RT timers, soft interrupts and RCU run in threads: behind a busy vCPU they would wait for ever",
	.cost = "they may interrupt the measured threads for a few microseconds",
	.source = "tuned realtime-virtual-host; Documentation/admin-guide/kernel-per-CPU-kthreads.rst",
	.unit = "kernel threads",
	ROLES(W("*", 5), LEAVE, W("*", 5), W("*", 5)),
	.cure = "chrt -f -p PRIORITY PID for the threads named",
	.dispute = "tuned gives rcuc 4 and ksoftirqd 2, OpenShift 11 to both: what counts is that they stand above the vCPUs, on "
		   "PREEMPT_RT",
	.order = ORDER_REALTIME + 4,
	.list = list_kernel_prio,
};
