/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: kernel noise that a file switches. Sources: kernel documentation, admin-guide/sysctl/{kernel,vm}.rst and others as named.
 */
#include "base/text.h"
#include "knob/internal.h"
#include "knob/look.h"

#define SYSCTL_KERNEL    "Documentation/admin-guide/sysctl/kernel.rst"
#define SYSCTL_VM        "Documentation/admin-guide/sysctl/vm.rst"
#define PER_CPU_KTHREADS "Documentation/admin-guide/kernel-per-CPU-kthreads.rst"

/* With nohz_full the kernel already keeps timers off those CPUs, and migration takes them away; without it 0 keeps them where
 * armed. */
static bool timer_migration(const struct knob_ctx *c, const char *now, char *buf, size_t cap)
{
	struct cpuset ticking = cpuset_minus(&c->split->isolated, &c->facts->cpu.nohz_full);

	(void) now;
	return !text_print(buf, cap, "%s", cpuset_empty(&ticking) ? "1" : "0");
}

const struct knob knob_iso_timer_migration = {
	.id = "iso.timer_migration",
	.title = "timers stay on the CPU that armed them",
	.why = "an idle CPU otherwise hands its timers to a busy one, which an isolated CPU looks like",
	.cost = "idle housekeeping CPUs wake up a little more often",
	.source = "kernel/time/timer.c; tuned network-latency sets 0, OpenShift 1 beside nohz_full",
	ROLES(W("*", 2), W("1", 1), W("1", 1), W("*", 3)),
	.dispute = "tuned network-latency sets 0, OpenShift 1; with nohz_full the kernel itself keeps timers off those CPUs, "
		   "so 1 there and 0 where isolated CPUs still tick",
	.order = ORDER_KERNEL,
	FILES({ .path = "proc/sys/kernel/timer_migration", .form = VALUE_NUMBER, .choose = timer_migration }),
};

const struct knob knob_iso_stat_interval = {
	.id = "iso.stat_interval",
	.title = "memory statistics are gathered rarely",
	.why = "vmstat_update runs as a kernel worker on every CPU once in this interval",
	.cost = "numbers in /proc/vmstat are up to two minutes old",
	.source = SYSCTL_VM "; " PER_CPU_KTHREADS,
	ROLES(W(">=10", 3), W(">=10", 2), W(">=10", 3), W(">=10", 4)),
	.order = ORDER_KERNEL,
	FILES({ .path = "proc/sys/vm/stat_interval", .form = VALUE_NUMBER, .want = "120" }),
};

const struct knob knob_iso_nmi_watchdog = {
	.id = "iso.nmi_watchdog",
	.title = "no hard-lockup watchdog",
	.why = "it interrupts every CPU with an NMI every few seconds and keeps a performance counter busy",
	.cost = "a CPU stuck with interrupts off is not reported",
	.source = SYSCTL_KERNEL,
	EVERY_ROLE("0", 4),
	.order = ORDER_KERNEL,
	FILES({ .path = "proc/sys/kernel/nmi_watchdog", .form = VALUE_NUMBER, .want = "0" }),
};

const struct knob knob_iso_watchdog_cpumask = {
	.id = "iso.watchdog_cpumask",
	.title = "lockup watchdog on housekeeping CPUs only",
	.why = "its timer and its stopper thread (highest priority) run every 4 s on each CPU of the mask",
	.cost = "lockups of isolated CPUs are not reported",
	.source = SYSCTL_KERNEL,
	EVERY_ROLE("^@iso", 4),
	.order = ORDER_KERNEL,
	FILES({ .path = "proc/sys/kernel/watchdog_cpumask", .form = VALUE_CPULIST, .want = "@house" }),
};

const struct knob knob_iso_numa_balancing = {
	.id = "iso.numa_balancing",
	.title = "no automatic NUMA balancing",
	.why = "it unmaps pages of running processes and guests to see who touches them: each is a fault",
	.cost = "memory of tasks that are not pinned may stay on the wrong node",
	.source = SYSCTL_KERNEL,
	ROLES(W("0", 6), W("0", 5), W("0", 5), W("0", 6)),
	.order = ORDER_KERNEL,
	FILES({ .path = "proc/sys/kernel/numa_balancing", .form = VALUE_NUMBER, .want = "0" }),
};

const struct knob knob_iso_rcu_normal = {
	.id = "iso.rcu_normal",
	.title = "no expedited RCU grace periods",
	.why = "an expedited grace period interrupts every CPU that is not idle",
	.cost = "removing network namespaces, modules and control groups takes longer",
	.source = "Documentation/admin-guide/kernel-parameters.txt, rcupdate.rcu_normal",
	EVERY_ROLE("1", 4),
	.dispute =
		"tuned sets rcu_normal_after_boot=1, the OpenShift reference for radio units 0 for quicker start of containers; "
		"vlat prefers no interrupts on busy CPUs",
	.order = ORDER_KERNEL,
	FILES({ .path = "sys/kernel/rcu_normal", .form = VALUE_NUMBER, .want = "1" }),
};

const struct knob knob_iso_printk = {
	.id = "iso.printk",
	.title = "only errors go to the console",
	.why = "a slow serial console is written with interrupts off, for milliseconds a line",
	.cost = "warnings appear in the kernel log only, not on the console",
	.source = SYSCTL_KERNEL ", printk",
	EVERY_ROLE("*", 3),
	.order = ORDER_KERNEL,
	FILES({ .path = "proc/sys/kernel/printk", .form = VALUE_NUMBER, .want = "3 4 1 7" }),
};

const struct knob knob_iso_mce_interval = {
	.id = "iso.mce_interval",
	.title = "no polling for corrected machine checks",
	.why = "a timer on every CPU reads the error banks; real errors interrupt by themselves",
	.cost = "some corrected memory errors are seen later",
	.source = "Documentation/ABI/testing/sysfs-mce",
	ROLES(W("0", 2), LEAVE, W("0", 2), W("0", 3)),
	.order = ORDER_KERNEL,
	FILES({ .path = "sys/devices/system/machinecheck/machinecheck0/check_interval", .form = VALUE_NUMBER, .want = "0" }),
};

/* The kernel takes a time-stamp counter that it found unstable off the list. */
static bool clocksource(const struct knob_ctx *c, const char *now, char *buf, size_t cap)
{
	const char *list = c->facts->kernel.clocksources;
	bool slow = text_eq(now, "hpet") || text_eq(now, "acpi_pm");

	return slow && text_starts(list, "tsc ") && !text_print(buf, cap, "tsc");
}

const struct knob knob_iso_clocksource = {
	.id = "iso.clocksource",
	.title = "the processor's own clock",
	.why = "reading HPET or the ACPI timer takes a microsecond and a system call, the time-stamp counter neither",
	.cost = "none when the counter is stable, which the kernel has checked",
	.source = "Documentation/admin-guide/kernel-parameters.txt, clocksource",
	EVERY_ROLE("*", 6),
	.check = check_clocksource,
	.cure = "write tsc to /sys/devices/system/clocksource/clocksource0/current_clocksource, if the kernel offers it; if it "
		"does not, it found the counter unstable: look for clocksource in its log",
	.order = ORDER_KERNEL,
	FILES({ .path = "sys/devices/system/clocksource/clocksource0/current_clocksource",
		.form = VALUE_TEXT,
		.choose = clocksource }),
};

const struct knob knob_iso_split_lock = {
	.id = "iso.split_lock",
	.title = "split locks are not slowed down",
	.why = "the default puts a task to sleep, and holds one CPU, whenever a lock crosses a cache line",
	.cost = "a hostile guest or program can slow the whole machine down with split locks",
	.source = SYSCTL_KERNEL ", split_lock_mitigate",
	.security = true,
	ROLES(W("0", 3), W("1", 1), LEAVE, W("0", 3)),
	.order = ORDER_KERNEL,
	FILES({ .path = "proc/sys/kernel/split_lock_mitigate", .form = VALUE_NUMBER, .want = "0" }),
};

const struct knob knob_sch_schedstats = {
	.id = "sch.schedstats",
	.title = "no scheduler statistics",
	.why = "they are counted at every context switch",
	.cost = "tools that show wait times per task have none",
	.source = SYSCTL_KERNEL,
	EVERY_ROLE("0", 1),
	.order = ORDER_KERNEL,
	FILES({ .path = "proc/sys/kernel/sched_schedstats", .form = VALUE_NUMBER, .want = "0" }),
};

const struct knob knob_kvm_halt_poll_ns = {
	.id = "kvm.halt_poll_ns",
	.of_vm = true,
	.title = "KVM waits a moment before it lets a halted vCPU sleep",
	.why = "a request that comes within 200 us finds the vCPU awake: no interrupt between CPUs, no wake-up",
	.cost = "halted guests use some host CPU",
	.source = "Documentation/virt/kvm/halt-polling.rst",
	ROLES(W(">=50000", 3), LEAVE, LEAVE, LEAVE),
	.dispute =
		"SEAPATH sets 0, tuned and OpenShift leave the default of 200000; 0 is right only when guests poll or never exit "
		"on idle, which the check of running guests looks at",
	.order = ORDER_KERNEL,
	FILES({ .path = "sys/module/kvm/parameters/halt_poll_ns", .form = VALUE_NUMBER, .want = "200000" }),
};

const struct knob knob_kvm_nx_huge_pages = {
	.id = "kvm.nx_huge_pages",
	.title = "guest code on huge pages",
	.why = "a workaround splits executable huge pages, and a thread joins them again behind the guest's back",
	.cost = "on processors with the iTLB multihit erratum (CVE-2018-12207) a guest can hang the host",
	.source = "Documentation/admin-guide/hw-vuln/multihit.rst",
	.security = true,
	ROLES(W("0|never", 3), LEAVE, LEAVE, LEAVE),
	.order = ORDER_KERNEL,
	FILES({ .path = "sys/module/kvm/parameters/nx_huge_pages", .form = VALUE_NUMBER, .want = "N" }),
};

const struct knob knob_pci_aspm = {
	.id = "pci.aspm",
	.title = "PCI Express links stay awake",
	.why = "a link that has gone to sleep needs 2 to 50 us for the first transfer",
	.cost = "a few watts",
	.source = "Documentation/admin-guide/kernel-parameters.txt, pcie_aspm",
	.refusal = "the firmware keeps control of link power",
	ROLES(W("performance", 6), W("performance", 5), LEAVE, W("performance", 6)),
	.order = ORDER_POWER,
	FILES({ .path = "sys/module/pcie_aspm/parameters/policy", .form = VALUE_CHOICE, .want = "performance" }),
};
