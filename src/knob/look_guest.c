/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that are only looked at: inside a guest. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "knob/internal.h"
#include "knob/look.h"

#define GUEST(want_, effect_) ROLES(LEAVE, LEAVE, W(want_, effect_), LEAVE)

static int check_steal(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	const struct virt_facts *v = &c->look->machine->virt;
	char now[48];

	(void) k;
	(void) err;
	if (!v->steal_known) {
		look_missing(c, out, "proc/stat", "steal time");
		return 0;
	}
	text_print(now, sizeof(now), "%.2f %% of CPU time since boot", v->steal_percent);
	look_says(out, v->steal_percent < 0.1, "steal time", now, "less than 0.1 %");
	return 0;
}

static int check_guest_clock(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	const char *now = c->facts->kernel.clocksource;

	(void) err;
	if (now[0])
		look_value(k, c, out, "clock source", VALUE_TEXT, now);
	else
		look_missing(c, out, "sys/devices/system/clocksource/clocksource0/current_clocksource", "clock source");
	return 0;
}

static int check_haltpoll(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	const char *driver = c->look->machine->power.idle_driver;
	char value[32];

	(void) k;
	(void) err;
	if (look_boot(c, "idle", value, sizeof(value)) && text_eq(value, "poll"))
		look_says(out, true, "idle driver", "idle=poll: never halts", "haltpoll");
	else
		look_says(out, text_eq(driver, "haltpoll"), "idle driver", driver[0] ? driver : "none", "haltpoll");
	return 0;
}

static int check_virtio_irqs(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	const struct irq_facts *irqs = &c->look->machine->irq;

	(void) k;
	(void) err;
	for (size_t i = 0; i < irqs->n; i++) {
		const struct irq_fact *f = &irqs->at[i];
		struct cpuset both = cpuset_and(&f->effective, &c->split->isolated);
		char target[96], now[VALUE_MAX], want[VALUE_MAX];

		if (!text_starts(f->name, "virtio"))
			continue;
		text_print(target, sizeof(target), "irq %u (%s)", f->nr, f->name);
		look_says(out, cpuset_empty(&both), target, cpuset_list(&f->effective, now, sizeof(now)),
			  ctx_house_list(c, want, sizeof(want)));
	}
	if (out->n == 0)
		list_absent(out, "virtio interrupts", "there are none");
	return 0;
}

static const struct knob rows[] = {
	{
		.id = "gst.haltpoll",
		.title = "the guest polls before it halts",
		.why = "a wake-up within 200 us then costs no exit and no interrupt between CPUs",
		.cost = "burns the host's CPU while it waits; of no use where idle vCPUs do not exit",
		.source = "Documentation/virt/guest-halt-polling.rst",
		GUEST("*", 4),
		.check = check_haltpoll,
		.cure = "modprobe cpuidle-haltpoll force=1, with kvm-poll-control=on for the VM",
	},
	{
		.id = "gst.kvmapf",
		.title = "asynchronous page faults",
		.why = "never of use when the host locks the guest's memory; the guest cannot see whether it does",
		.cost = "none",
		.source = "Documentation/admin-guide/kernel-parameters.txt, no-kvmapf",
		BOOT("no-kvmapf", "0", VALUE_NUMBER),
		GUEST("?", 0),
	},
	{
		.id = "gst.kvmclock",
		.title = "a clock that is read without exits",
		.why = "HPET and the ACPI timer make the guest exit at every reading",
		.cost = "none",
		.source = "Documentation/virt/kvm/x86/timekeeping.rst",
		GUEST("tsc|kvm-clock|hyperv_clocksource_tsc_page|xen|arch_sys_counter", 6),
		.check = check_guest_clock,
		.cure = "start the VM with -cpu host,migratable=no,+invtsc: the guest then takes tsc by itself",
	},
	{
		.id = "gst.pvspin",
		.title = "paravirtual locks",
		.why = "with a CPU for each vCPU spinning is quicker than halting; the guest gives them up by itself when told "
		       "so",
		.cost = "bad where vCPUs share CPUs",
		.source = "Documentation/admin-guide/kernel-parameters.txt, nopvspin",
		BOOT("nopvspin", "0", VALUE_NUMBER),
		GUEST("?", 0),
		.cure = "better than the parameter: kvm-hint-dedicated=on for the VM",
	},
	{
		.id = "gst.steal",
		.title = "nobody takes the guest's CPU time",
		.why = "steal is time in which the guest was ready to run and the host ran something else",
		.cost = "the host's to spend: pinned vCPUs",
		.source = "Documentation/filesystems/proc.rst, /proc/stat",
		.when = KNOB_OTHER,
		GUEST("*", 7),
		.check = check_steal,
		.cure = "on the host: vm.thread_pin and iso.partition (vlat audit --role vm-host there)",
	},
	{
		.id = "gst.virtio_irq",
		.title = "virtio interrupts on the guest's housekeeping CPU",
		.why = "on the CPU that runs the latency work each is an exit, or at best a soft interrupt",
		.cost = "the first CPU handles all devices",
		.source = "tuned realtime-virtual-guest; Documentation/core-api/irq/irq-affinity.rst",
		GUEST("*", 5),
		.check = check_virtio_irqs,
		.cure = "write @house to /proc/irq/N/smp_affinity_list; for queues the kernel manages, isolcpus=managed_irq,@iso",
	},
};

LOOK_ROWS(look_guest, rows);
