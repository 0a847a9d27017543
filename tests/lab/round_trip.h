/* SPDX-License-Identifier: Apache-2.0 */
/* round_trip - so that every knob goes there and back in the lab, or it is known why not and what sees it instead. */
#ifndef TESTS_LAB_ROUND_TRIP_H
#define TESTS_LAB_ROUND_TRIP_H

/* Modules that bring files of knobs; loaded before anything is compared. */
static const char *const knob_modules[] = { "virtio_net", "vmxnet3", "kvm", "br_netfilter" };

/* What is as wanted in the lab already is made otherwise first; what the kernel refuses stays. */
static const struct {
	const char *knob, *path, *value;
} otherwise[] = {
	{ "iso.clocksource", "sys/devices/system/clocksource/clocksource0/current_clocksource", "acpi_pm" },
	{ "iso.nmi_watchdog", "proc/sys/kernel/nmi_watchdog", "1" },
	{ "iso.numa_balancing", "proc/sys/kernel/numa_balancing", "1" },
	{ "kvm.halt_poll_ns", "sys/module/kvm/parameters/halt_poll_ns", "0" },
	{ "kvm.nx_huge_pages", "sys/module/kvm/parameters/nx_huge_pages", "Y" },
	{ "mem.ksm", "sys/kernel/mm/ksm/run", "1" },
	{ "mem.zone_reclaim", "proc/sys/vm/zone_reclaim_mode", "1" },
	{ "net.rps", "sys/class/net/eth0/queues/rx-0/rps_cpus", "f" },
	{ "sch.schedstats", "proc/sys/kernel/sched_schedstats", "1" },
};

/* Not reached in the lab, for which reason, and where it is seen: every other knob has to be. */
static const struct {
	const char *knob, *why;
} out_of_reach[] = {
	{ "irq.irqbalance", "another program's business: nothing is written; e2e/tune stops and starts such a program" },
	{ "iso.clocksource", "an emulated time-stamp counter is unstable on a busy machine, and then not offered" },
	{ "iso.nmi_watchdog", "an emulated processor has no counters to make it of; unit tune/order sees the file" },
	{ "iso.nohz_full", "a kernel parameter: lab/boot" },
	{ "iso.rcu_nocbs", "a kernel parameter: lab/boot" },
	{ "pwr.cpu_dma_latency", "an emulated processor has no idle states to keep from; the choice is read in unit tune/plan" },
	{ "pwr.epp", "an emulated processor's clock does not change; unit tune/order has the files" },
	{ "pwr.governor", "an emulated processor's clock does not change; unit tune/order has the files" },
	{ "pwr.idle_spin", "the lab's CPUs are translated by QEMU, where it is not done; unit tune/spin, lab/vlat" },
	{ "sch.preempt_model", "not done in a virtual machine, where the switch takes seconds; the choice is read in unit tune/plan" },
	{ "sch.prio_map", "only a PREEMPT_RT kernel has such threads: there and back in a boot of one, the test after this" },
	{ "sch.rt_group", "only kernels with RT_GROUP_SCHED and cgroup v1; e2e/tune on a machine that has them, unit tune/order" },
	{ "sch.rt_kernel", "another kernel: nothing is written" },
};

#endif
