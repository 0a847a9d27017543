/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that are only looked at: ticks, clocks, watchdogs, and work that interrupts every CPU. */
#include <string.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/text.h"
#include "knob/internal.h"
#include "knob/look.h"

#define PARAMS "Documentation/admin-guide/kernel-parameters.txt"
#define SYSCTL "Documentation/admin-guide/sysctl/kernel.rst"

/* A word of the line "flags" of the first CPU in /proc/cpuinfo; -1 = there is no such line. */
static int cpu_flag(const struct knob_ctx *c, const char *flag)
{
	AUTO_FREE char *text = NULL;
	const char *at, *end;
	size_t n = strlen(flag);

	if (fs_read_all(c->fs, "proc/cpuinfo", 1 << 24, &text, NULL) < 0 || !(at = strstr(text, "\nflags")))
		return -1;
	end = at + 1 + strcspn(at + 1, "\n");
	while ((at = strstr(at, flag)) && at < end) {
		if (at[-1] == ' ' && (at[n] == ' ' || at[n] == '\n' || at[n] == '\0'))
			return 1;
		at += n;
	}
	return 0;
}

/* From 5.17 on the kernel trusts a counter with all three features on machines of up to four packages. */
static int check_tsc(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	char now[256] = "";
	bool trusted;

	(void) k;
	(void) err;
	if (!text_eq(c->facts->kernel.clocksource, "tsc")) {
		list_absent(out, "tsc", "the clock source is %s",
			    c->facts->kernel.clocksource[0] ? c->facts->kernel.clocksource : "not told");
		return 0;
	}
	look_boot(c, "tsc", now, sizeof(now));
	trusted = cpu_flag(c, "constant_tsc") == 1 && cpu_flag(c, "nonstop_tsc") == 1 && cpu_flag(c, "tsc_adjust") == 1 &&
		  c->facts->cpu.n_packages <= 4;
	if (!now[0])
		text_print(now, sizeof(now), trusted ? "trusted by the kernel itself" : "watched by another clock");
	look_says(out, trusted || text_eq(now, "reliable") || text_eq(now, "nowatchdog"), "time-stamp counter", now,
		  "nowatchdog");
	return 0;
}

/* Slower clocks, and faster ones that are there. */
int check_clocksource(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	const char *now = c->facts->kernel.clocksource;
	bool slow = text_eq(now, "hpet") || text_eq(now, "acpi_pm") || text_eq(now, "jiffies") || text_starts(now, "refined");
	bool tsc = text_starts(c->facts->kernel.clocksources, "tsc ") || text_eq(c->facts->kernel.clocksources, "tsc");

	(void) k;
	(void) err;
	if (!now[0])
		look_missing(c, out, "sys/devices/system/clocksource/clocksource0/current_clocksource", "clock source");
	else
		look_says(out, !slow, "clock source", now,
			  tsc                                ? "tsc"
			  : c->facts->kernel.virtual_machine ? "tsc or kvm-clock"
							     : "tsc");
	return 0;
}

static int check_audit(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	const struct task_facts *tasks = look_tasks(c);
	char value[64] = "";
	bool daemon = false;

	(void) k;
	(void) err;
	for (size_t i = 0; i < tasks->n; i++)
		daemon = daemon || text_eq(tasks->at[i].stat.comm, "auditd");
	if (look_boot(c, "audit", value, sizeof(value)) && (text_eq(value, "0") || text_eq(value, "off")))
		look_says(out, true, "audit", "off at boot", "off");
	else
		look_says(out, !daemon, "audit", daemon ? "auditd runs" : "no auditd runs", "off");
	return 0;
}

static int check_resctrl(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	bool mounted = fs_exists(c->fs, "sys/fs/resctrl/schemata");

	(void) k;
	(void) err;
	if (cpu_flag(c, "cat_l3") != 1)
		list_absent(out, "cache ways", "this processor cannot part its last-level cache");
	else
		look_says(out, mounted, "/sys/fs/resctrl", mounted ? "mounted" : "not mounted", "mounted");
	return 0;
}

static int check_smt(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) err;
	if (!c->facts->cpu.smt_known)
		look_missing(c, out, "sys/devices/system/cpu/smt/active", "hardware threads");
	else
		look_value(k, c, out, "hardware threads", VALUE_NUMBER, c->facts->cpu.smt_active ? "1" : "0");
	return 0;
}

static const struct knob rows[] = {
	{
		.id = "iso.audit",
		.title = "no auditing of system calls",
		.why = "with audit rules every system call of every task is looked at",
		.cost = "no audit trail: some sites must have one",
		.source = PARAMS ", audit",
		.when = KNOB_BOOT,
		.security = true,
		EVERY_ROLE("*", 2),
		.check = check_audit,
		.cure = "kernel parameter audit=0, or stop auditd, where no rule demands it",
	},
	{
		.id = "iso.hung_task",
		.title = "rare scans for hung tasks",
		.why = "khungtaskd walks the list of all tasks, and reports tasks that wait behind real-time threads as hung",
		.cost = "hung tasks are reported later",
		.source = SYSCTL,
		FILES({ .path = "proc/sys/kernel/hung_task_timeout_secs", .form = VALUE_NUMBER }),
		ROLES(W("0|>=600", 1), LEAVE, W("0|>=600", 1), W("0|>=600", 1)),
		.cure = "sysctl -w kernel.hung_task_timeout_secs=600",
	},
	{
		.id = "iso.mce_ce",
		.title = "handling of corrected memory errors",
		.why = "switched off, no timer and no interrupt of corrected errors disturbs a CPU",
		.cost = "a failing memory module gives no early warning",
		.source = "Documentation/ABI/testing/sysfs-mce",
		FILES({ .path = "sys/devices/system/machinecheck/machinecheck0/ignore_ce", .form = VALUE_NUMBER }),
		EVERY_ROLE("?", 0),
		.cure = "iso.mce_interval is the milder way",
		.dispute = "tuned realtime ignores corrected errors, OpenShift boots with mce=off; vlat only wants no polling "
			   "(iso.mce_interval) and keeps the interrupts that announce errors",
	},
	{
		.id = "iso.mce_off",
		.title = "machine checks are handled",
		.why = "with mce=off a memory error that cannot be corrected is not handled: silent corruption or a hard hang",
		.cost = "none: it is the default",
		.source = "Documentation/arch/x86/x86_64/boot-options.rst, mce",
		BOOT("mce", "on", VALUE_TEXT),
		EVERY_ROLE("!off", 8),
		.cure = "take mce=off off the kernel command line; iso.mce_interval stops the polling without that danger",
		.dispute = "OpenShift's real-time profile boots with mce=off; vlat never recommends it",
	},
	{
		.id = "iso.mitigations",
		.title = "mitigations of processor flaws",
		.why = "flushing caches and predictors at guest entry and context switch costs microseconds",
		.cost = "without them guests and programs can read each other's memory",
		.source = PARAMS ", mitigations; Documentation/admin-guide/hw-vuln/",
		.security = true,
		BOOT("mitigations", "auto", VALUE_TEXT),
		EVERY_ROLE("?", 0),
		.cure = "an operator's decision: mitigations=off only where nothing untrusted runs",
	},
	{
		.id = "iso.perf_sampling",
		.title = "no system-wide profiling by users",
		.why = "profilers of the whole system interrupt isolated CPUs too",
		.cost = "users cannot profile the kernel",
		.source = SYSCTL ", perf_event_paranoid",
		FILES({ .path = "proc/sys/kernel/perf_event_paranoid", .form = VALUE_NUMBER }),
		EVERY_ROLE(">=2", 1),
	},
	{
		.id = "iso.rcu_expedited",
		.title = "grace periods are not all expedited",
		.why = "when they are, each interrupts every CPU that is not idle",
		.cost = "none: it is the default",
		.source = PARAMS ", rcupdate.rcu_expedited",
		FILES({ .path = "sys/kernel/rcu_expedited", .form = VALUE_NUMBER }),
		EVERY_ROLE("0", 4),
		.dispute = "guides for throughput set 1; with isolated CPUs that is wrong",
	},
	{
		.id = "iso.rcu_kthread_prio",
		.title = "RCU threads above busy real-time threads",
		.why = "a FIFO thread that never sleeps starves them: memory grows and grace periods stall",
		.cost = "they may interrupt the workload for microseconds",
		.source = PARAMS ", rcutree.kthread_prio",
		.when = KNOB_BOOT,
		FILES({ .path = "sys/module/rcutree/parameters/kthread_prio", .form = VALUE_NUMBER }),
		ROLES(W("?", 0), LEAVE, W("?", 0), W(">=2", 3)),
		.cure = "kernel parameter rcutree.kthread_prio=11 on a PREEMPT_RT kernel; sch.prio_map for the running threads",
		.dispute =
			"tuned uses 4, OpenShift 11: it has to stand above the workload's priority, and the number says no more",
	},
	{
		.id = "iso.rcu_patience",
		.title = "RCU waits before it disturbs a busy CPU",
		.why = "a CPU without a tick is otherwise asked for a quiescent state at once, which makes a guest exit",
		.cost = "grace periods take up to a second longer",
		.source = PARAMS ", rcutree.nohz_full_patience_delay",
		.when = KNOB_BOOT,
		FILES({ .path = "sys/module/rcutree/parameters/nohz_full_patience_delay", .form = VALUE_NUMBER }),
		ROLES(W(">=1000", 2), LEAVE, W(">=1000", 2), W(">=1000", 3)),
		.cure = "kernel parameter rcutree.nohz_full_patience_delay=1000",
	},
	{
		.id = "iso.rcu_softirq",
		.title = "where RCU core work runs",
		.why = "in threads it can be ordered by priority; PREEMPT_RT does so always",
		.cost = "a little throughput",
		.source = PARAMS ", rcutree.use_softirq",
		.when = KNOB_BOOT,
		FILES({ .path = "sys/module/rcutree/parameters/use_softirq", .form = VALUE_NUMBER }),
		EVERY_ROLE("?", 0),
	},
	{
		.id = "iso.resctrl",
		.title = "a part of the last-level cache for latency work",
		.why = "neighbours otherwise evict the working set of an isolated core from the cache that all share",
		.cost = "less cache for the others",
		.source = "Documentation/filesystems/resctrl.rst",
		ROLES(W("*", 2), W("*", 2), LEAVE, W("*", 3)),
		.check = check_resctrl,
		.cure = "mount -t resctrl resctrl /sys/fs/resctrl, make a group with its own L3 ways and the CPUs @iso",
	},
	{
		.id = "iso.selinux_avc",
		.title = "room for SELinux decisions",
		.why = "the default cache of 512 decisions is emptied in bursts, which hold up system calls",
		.cost = "a little memory",
		.source = "redhat-performance/tuned, network-latency",
		FILES({ .path = "sys/fs/selinux/avc/cache_threshold", .form = VALUE_NUMBER }),
		ROLES(W(">=8192", 1), W(">=8192", 1), LEAVE, W(">=8192", 1)),
	},
	{
		.id = "iso.skew_tick",
		.title = "ticks of the CPUs do not fall together",
		.why = "otherwise all CPUs take the same locks at the same moment",
		.cost = "a little power",
		.source = PARAMS ", skew_tick",
		BOOT("skew_tick", "0", VALUE_NUMBER),
		EVERY_ROLE("1", 2),
	},
	{
		.id = "iso.smt",
		.title = "hardware threads off",
		.why = "a busy sibling shares execution units, caches and TLB: the largest cause of jitter on an isolated core",
		.cost = "throughput; vlat gives whole cores away, so that on hosts the siblings of busy threads stay idle anyway",
		.source = "Documentation/ABI/testing/sysfs-devices-system-cpu; Documentation/admin-guide/hw-vuln/",
		.disruptive = true,
		ROLES(W("?", 0), W("?", 0), W("?", 0), W("0", 6)),
		.check = check_smt,
		.cure = "write off to /sys/devices/system/cpu/smt/control, or kernel parameter nosmt",
	},
	{
		.id = "iso.soft_watchdog",
		.title = "no soft-lockup watchdog",
		.why = "its timer and its stopper thread run on each CPU every 4 s, and busy FIFO threads look like lockups to "
		       "it",
		.cost = "lockups are not reported",
		.source = SYSCTL ", soft_watchdog",
		FILES({ .path = "proc/sys/kernel/soft_watchdog", .form = VALUE_NUMBER }),
		ROLES(W("?", 0), W("?", 0), W("0", 2), W("0", 2)),
		.dispute = "on hosts vlat keeps it and takes isolated CPUs out of its mask (iso.watchdog_cpumask)",
	},
	{
		.id = "iso.text_patch",
		.title = "no tracing switched on",
		.why = "each switch of a tracer or of statistics patches kernel code, which interrupts every CPU",
		.cost = "none while nobody traces",
		.source = "Documentation/trace/ftrace.rst; " SYSCTL ", bpf_stats_enabled",
		FILES({ .path = "sys/kernel/tracing/current_tracer", .form = VALUE_TEXT, .want = "nop" },
		      { .path = "proc/sys/kernel/bpf_stats_enabled", .form = VALUE_NUMBER, .want = "0" }),
		EVERY_ROLE("*", 2),
	},
	{
		.id = "iso.tsc",
		.title = "no second clock that checks the first",
		.why = "a timer that hops over all CPUs twice a second compares the time-stamp counter with a slow clock",
		.cost = "a counter that really is unsynchronised goes unnoticed: time may jump",
		.source = PARAMS ", tsc; arch/x86/kernel/tsc.c",
		.when = KNOB_BOOT,
		EVERY_ROLE("*", 3),
		.check = check_tsc,
		.cure = "kernel parameter tsc=nowatchdog, on machines whose counter is known to be good",
	},
	{
		.id = "iso.umwait",
		.title = "user-space waits stay shallow",
		.why = "pollers that wait with UMWAIT or TPAUSE otherwise sink into a state with a longer exit",
		.cost = "power",
		.source = "Documentation/ABI/testing/sysfs-devices-system-cpu, umwait_control",
		FILES({ .path = "sys/devices/system/cpu/umwait_control/enable_c02", .form = VALUE_NUMBER }),
		ROLES(W("0", 2), W("0", 2), LEAVE, W("0", 2)),
	},
	{
		.id = "iso.wq_cpu_intensive",
		.title = "when a kernel worker counts as hogging",
		.why = "for diagnosis: the kernel names work that holds a CPU longer",
		.cost = "none",
		.source = PARAMS ", workqueue.cpu_intensive_thresh_us",
		FILES({ .path = "sys/module/workqueue/parameters/cpu_intensive_thresh_us", .form = VALUE_NUMBER }),
		EVERY_ROLE("?", 0),
	},
	{
		.id = "iso.wq_power_efficient",
		.title = "per-CPU work may run elsewhere",
		.why = "several work queues bound to the CPU that filled them become unbound and obey the mask of iso.unbound_wq",
		.cost = "such work finds colder caches",
		.source = PARAMS ", workqueue.power_efficient",
		.when = KNOB_BOOT,
		FILES({ .path = "sys/module/workqueue/parameters/power_efficient", .form = VALUE_NUMBER }),
		EVERY_ROLE("1", 2),
		.cure = "kernel parameter workqueue.power_efficient=1",
	},
};

LOOK_ROWS(look_tick, rows);
