/* SPDX-License-Identifier: Apache-2.0 */
/* Both sides of a VM: how it waits, and what clock it reads. */
#include "audit/parts.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "knob/look.h"

static bool guest_polls_for_ever(const struct pair_ctx *p)
{
	char value[32];

	return pair_guest_boot(p, "idle", value, sizeof(value)) && text_eq(value, "poll");
}

static bool guest_haltpoll(const struct pair_ctx *p)
{
	return text_eq(p->guest->power.idle_driver, "haltpoll") || text_eq(p->guest->power.idle_governor, "haltpoll");
}

static const char *guest_idle(const struct pair_ctx *p)
{
	const char *driver = p->guest->power.idle_driver;

	return guest_polls_for_ever(p) ? "idle=poll" : guest_haltpoll(p) ? "haltpoll" : driver[0] ? driver : "none";
}

static void not_kvm(const struct pair_ctx *p, struct settings *out)
{
	struct setting *s = look_says(out, true, "VM", "", "");

	(void) p;
	s->state = SETTING_ABSENT;
	text_print(s->reason, sizeof(s->reason), "KVM does not run this VM: nothing of the kind");
}

static const char *placed(const struct pair_ctx *p)
{
	for (size_t i = 0; i < p->n_vcpus; i++) {
		if (!p->vcpus[i].known)
			return "vCPU threads without names";
	}
	return p->all_own ? "each vCPU has a CPU set apart" : "vCPUs without CPUs of their own";
}

/* A promise that is false hurts: a spinning vCPU keeps the holder of the lock from running. */
static void both_hint(const struct pair_ctx *p, struct settings *out)
{
	bool hint = pair_option_on(p->vm, "cpu", "kvm-hint-dedicated");
	char now[160];

	if (!p->kvm) {
		not_kvm(p, out);
		return;
	}
	text_print(now, sizeof(now), "kvm-hint-dedicated=%s, %s", hint ? "on" : "off", placed(p));
	pair_host_says(p, out, hint == p->all_own, "the promise and the place", now,
		       hint ? "a CPU set apart for each vCPU" : "kvm-hint-dedicated=on",
		       hint ? "vm.thread_pin" : "vm.hint_dedicated");
}

/* Told that its CPUs are its own, the guest loads haltpoll by itself; where it has not, something inside keeps it. */
static void both_haltpoll_told(const struct pair_ctx *p, struct settings *out)
{
	bool hint = pair_option_on(p->vm, "cpu", "kvm-hint-dedicated"), pm = pair_option_on(p->vm, "overcommit", "cpu-pm");
	char now[128];

	if (!p->kvm) {
		not_kvm(p, out);
		return;
	}
	text_print(now, sizeof(now), "idle inside: %s; kvm-hint-dedicated=%s, cpu-pm=%s", guest_idle(p), hint ? "on" : "off",
		   pm ? "on" : "off");
	pair_guest_says(out, !hint || pm || guest_haltpoll(p) || guest_polls_for_ever(p), "idle of the guest", now,
			"haltpoll, which the hint is for",
			"inside: modprobe cpuidle-haltpoll (a kernel with CONFIG_HALTPOLL_CPUIDLE), and take cpuidle.off=1 and "
			"intel_idle parameters off its command line",
			NULL);
}

static void both_pvspin(const struct pair_ctx *p, struct settings *out)
{
	bool hint = pair_option_on(p->vm, "cpu", "kvm-hint-dedicated");
	char value[16], now[128];
	bool off = pair_guest_boot(p, "nopvspin", value, sizeof(value));

	if (!p->kvm) {
		not_kvm(p, out);
		return;
	}
	text_print(now, sizeof(now), "%s inside, %s", off ? "nopvspin" : hint ? "native, by the hint" : "paravirtual", placed(p));
	if (p->all_own)
		pair_host_says(p, out, off || hint, "locks of the guest", now, "native: spin instead of halting",
			       "vm.hint_dedicated");
	else
		pair_guest_says(out, !off, "locks of the guest", now, "paravirtual, as long as vCPUs share CPUs",
				"take nopvspin off the guest's command line and boot it", NULL);
}

/* Whoever polls in the guest is polled for by the host once more, unless the guest can say so. */
static void both_halt_poll(const struct pair_ctx *p, struct settings *out)
{
	const char *ns = kvm_param(&p->host->kvm, "halt_poll_ns");
	bool control = pair_option_on(p->vm, "cpu", "kvm-poll-control"), pm = pair_option_on(p->vm, "overcommit", "cpu-pm");
	bool host_polls = ns && !text_eq(ns, "0");
	char now[160];

	if (!p->kvm) {
		not_kvm(p, out);
		return;
	}
	if (!ns) {
		look_unseen(out, "polling", "the host's kvm.halt_poll_ns cannot be read");
		return;
	}
	text_print(now, sizeof(now), "inside: %s; host: halt_poll_ns=%.20s, kvm-poll-control=%s", guest_idle(p), ns,
		   control ? "on" : "off");
	pair_host_says(p, out, !host_polls || pm || control || !guest_haltpoll(p) || guest_polls_for_ever(p), "polling", now,
		       "one of the two polls", NULL);
}

/* A vCPU that never halts takes all of the CPU that its thread is on. */
static void both_idle_poll(const struct pair_ctx *p, struct settings *out)
{
	bool poll = guest_polls_for_ever(p), pm = pair_option_on(p->vm, "overcommit", "cpu-pm");
	char now[128];

	text_print(now, sizeof(now), "idle inside: %s; %s%s", guest_idle(p), placed(p), pm ? "; cpu-pm=on" : "");
	if (poll && !p->all_own)
		pair_host_says(p, out, false, "idle loop", now, "CPUs of their own for vCPUs that never halt", "vm.thread_pin");
	else
		pair_guest_says(out, !(poll && pm), "idle loop", now,
				"idle=poll or cpu-pm=on, not both: with cpu-pm the guest waits by MWAIT and does not exit either",
				"take idle=poll off the guest's command line and boot it", NULL);
}

static bool invtsc(const struct qemu *vm)
{
	char value[32] = "";

	return pair_option_on(vm, "cpu", "invtsc") ||
	       (qemu_value(vm, "cpu", "migratable", value, sizeof(value)) && (text_eq(value, "no") || text_eq(value, "off")));
}

static void both_clock(const struct pair_ctx *p, struct settings *out)
{
	const char *inside = p->guest->host.kernel.clocksource, *outside = p->host->host.kernel.clocksource;
	char now[160];

	if (!inside[0]) {
		look_unseen(out, "clock", "the guest does not tell its clock source");
		return;
	}
	text_print(now, sizeof(now), "inside: %s; invtsc %s; host: %s", inside, invtsc(p->vm) ? "on" : "off",
		   outside[0] ? outside : "not told");
	if (text_eq(inside, "tsc") || !text_eq(p->guest->host.kernel.machine, "x86_64"))
		look_says(out, true, "clock", now, "tsc");
	else if (text_eq(inside, "kvm-clock") && outside[0] && !text_eq(outside, "tsc"))
		pair_guest_says(
			out, false, "clock", now, "tsc on the host, then inside",
			"on the host: find out why its clock source is not tsc (dmesg | grep -i tsc); without it kvm-clock is a "
			"system call at each reading",
			NULL);
	else if (invtsc(p->vm))
		pair_guest_says(out, false, "clock", now, "tsc, which the VM has",
				"inside: write tsc to /sys/devices/system/clocksource/clocksource0/current_clocksource, and "
				"take clocksource= and notsc off its command line",
				NULL);
	else
		pair_host_says(p, out, false, "clock", now, "tsc", "vm.invtsc");
}

static const struct pair_row rows[] = {
	{ .knob = { .id = "pair.clock",
		    .title = "the guest reads the processor's clock",
		    .why = "hpet and the ACPI timer are an exit of microseconds at each reading; kvm-clock needs the host's "
			   "own tsc, or each reading inside is a system call",
		    .cost = "no live migration to a host of another clock rate",
		    .source = "Documentation/virt/kvm/x86/timekeeping.rst",
		    .cure = "start the VM with an invariant TSC",
		    .when = KNOB_VM,
		    PAIR(6) },
	  .check = both_clock },
	{ .knob = { .id = "pair.halt_poll",
		    .title = "only one side polls before it sleeps",
		    .why = "the guest polls, halts, and then the host polls for it again: twice the heat, and nothing is quicker",
		    .cost = "none",
		    .source = "Documentation/virt/guest-halt-polling.rst",
		    .cure = "start the VM with -cpu host,kvm-poll-control=on (libvirt: <kvm><poll-control state='on'/></kvm>), "
			    "by which the guest switches the host's polling off; or write 0 to "
			    "/sys/module/kvm/parameters/halt_poll_ns",
		    .when = KNOB_VM,
		    PAIR(3) },
	  .check = both_halt_poll },
	{ .knob = { .id = "pair.haltpoll_told",
		    .title = "a guest that is told so polls before it halts",
		    .why = "kvm-hint-dedicated makes a guest load its idle driver haltpoll; where it did not, each wake-up "
			   "still costs an exit and an interrupt",
		    .cost = "burns the host's CPU while it waits, which is the VM's own",
		    .source = "drivers/cpuidle/cpuidle-haltpoll.c; Documentation/virt/guest-halt-polling.rst",
		    .cure = "inside: modprobe cpuidle-haltpoll",
		    .when = KNOB_OTHER,
		    PAIR(4) },
	  .check = both_haltpoll_told },
	{ .knob = { .id = "pair.hint",
		    .title = "the promise of CPUs of its own is true",
		    .why = "a guest that is promised dedicated CPUs spins on locks: where the promise is false it spins while "
			   "the host runs the holder's CPU with something else; where it is true and not given, the guest "
			   "halts and yields for nothing",
		    .cost = "CPUs that nobody else has",
		    .source = "Documentation/virt/kvm/x86/cpuid.rst, KVM_HINTS_REALTIME",
		    .cure = "pin each vCPU to a CPU of its own, or take kvm-hint-dedicated=on away",
		    .when = KNOB_VM,
		    PAIR(5) },
	  .check = both_hint },
	{ .knob = { .id = "pair.idle_poll",
		    .title = "a guest that never halts has CPUs of its own",
		    .why = "idle=poll makes a vCPU look busy for ever: on a CPU that it shares it takes half of it, from a "
			   "guest that has nothing to do",
		    .cost = "CPUs that nobody else has, at full power",
		    .source = "Documentation/admin-guide/kernel-parameters.txt, idle=; qemu-system(1), -overcommit cpu-pm",
		    .cure = "pin its vCPUs, or take idle=poll off the guest's command line",
		    .when = KNOB_VM,
		    PAIR(6) },
	  .check = both_idle_poll },
	{ .knob = { .id = "pair.pvspin",
		    .title = "locks of the guest fit the place of its vCPUs",
		    .why = "paravirtual locks halt a waiting vCPU: right where vCPUs share CPUs, an exit for nothing where each "
			   "has its own",
		    .cost = "none",
		    .source =
			    "Documentation/admin-guide/kernel-parameters.txt, nopvspin; arch/x86/kernel/kvm.c, kvm_spinlock_init",
		    .cure = "give the VM kvm-hint-dedicated=on, where each vCPU has a CPU of its own",
		    .when = KNOB_VM,
		    PAIR(3) },
	  .check = both_pvspin },
};

const struct pair_rows pair_time = { .at = rows, .n = ARRAY_SIZE(rows) };
