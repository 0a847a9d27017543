/* SPDX-License-Identifier: Apache-2.0 */
/* order - which knob has to be set before which, and why; they are put back in the opposite order. */
#ifndef TESTS_UNIT_TUNE_ORDER_H
#define TESTS_UNIT_TUNE_ORDER_H

struct order_rule {
	const char *first, *second, *why;
};

static const struct order_rule order_rules[] = {
	{ "pwr.epp", "pwr.governor", "intel_pstate takes no other preference while the governor is performance" },
	{ "mem.huge_2m", "mem.compaction", "huge pages are found by compaction; and a value that is put back starts one pass" },
	{ "irq.default", "irq.affinity", "interrupts that are asked for meanwhile start where they are to stay" },
	{ "irq.affinity", "net.rps", "packets are steered on from where their interrupt is" },
	{ "net.rps", "iso.partition", "devices first, then who may run where" },
	{ "irq.affinity", "iso.unbound_wq", "devices first: drivers queue work when their interrupts move" },
	{ "iso.numa_balancing", "iso.partition", "or memory would follow the tasks that are moved" },
	{ "iso.unbound_wq", "iso.partition", "a partition takes its CPUs out of the mask itself" },
	{ "iso.unbound_wq", "iso.wq_each", "a queue's own mask is cut to the common one" },
	{ "sch.fair_server", "iso.partition", "an isolated CPU has no bandwidth to take the server's from: the kernel warns" },
	{ "sch.preempt_model", "iso.partition", "rewriting kernel code interrupts every CPU: while none is set apart" },
	{ "iso.partition", "iso.kthread_affinity", "groups decide who is still to be moved" },
	{ "iso.partition", "sch.task_affinity", "groups decide who is still to be moved" },
	{ "sch.rt_runtime", "sch.rt_group", "a group may not have more than the machine" },
	{ "iso.kthread_affinity", "sch.prio_map", "who is in the right place is made important there" },
	{ "sch.fair_server", "pwr.idle_spin", "beside real-time threads a starving task would be served" },
	{ "iso.partition", "pwr.idle_spin", "the spinning task starts in the isolated group" },
	{ "sch.prio_map", "sch.vcpu_policy", "kernel threads stand above the measured ones before those run" },
	{ "sch.rt_runtime", "sch.vcpu_policy", "or they would be throttled" },
	{ "iso.partition", "vm.thread_pin", "the CPUs are there before somebody is pinned to them" },
};

#endif
