/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: what the measured threads get when they start, and what only a boot can give. */
#include <string.h>

#include "base/text.h"
#include "base/vec.h"
#include "host/placement.h"
#include "knob/internal.h"
#include "knob/look.h"

static struct setting *given(struct settings *out, const char *target, const char *before, char *after)
{
	struct setting *s = settings_add(out, SETTING_GIVEN, NULL);

	text_print(s->target, sizeof(s->target), "%s", target);
	s->before = xstrdup(before);
	s->after = after;
	return s;
}

static int list_fifo(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	struct placement p;

	(void) k;
	(void) err;
	placement_propose(c->split, &p);
	given(out, "measured threads, vCPUs", "SCHED_OTHER", xprintf("SCHED_FIFO %d", p.sut_fifo));
	given(out, "peer", "SCHED_OTHER", xprintf("SCHED_FIFO %d", p.peer_fifo));
	given(out, "emulator threads", "SCHED_OTHER", xprintf("SCHED_FIFO %d", p.emulator_fifo));
	return 0;
}

const struct knob knob_sch_vcpu_policy = {
	.id = "sch.vcpu_policy",
	.of_vm = true,
	.title = "measured threads are real-time threads",
	.why = "they run the moment they wake, ahead of every ordinary task; kernel threads with real-time priority stay above "
	       "them",
	.cost = "whatever else must run on those CPUs waits: they have to be isolated",
	.source = "libvirt.org/kbase/kvm-realtime.html",
	.when = KNOB_START,
	ROLES(W("*", 6), LEAVE, LEAVE, LEAVE),
	.check = check_vcpu_policy,
	.cure = "chrt -f -p 1 TID for each vCPU thread; libvirt: <cputune><vcpusched vcpus='0-3' scheduler='fifo' "
		"priority='1'/></cputune>",
	.order = ORDER_START,
	.list = list_fifo,
};

static char *cpus_named(const struct cpuset *cpus)
{
	char list[512];

	return xprintf("CPU%s %s", cpuset_count(cpus) == 1 ? "" : "s", cpuset_list(cpus, list, sizeof(list)));
}

static int list_pin(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	struct placement p;

	(void) k;
	(void) err;
	placement_propose(c->split, &p);
	given(out, "measured threads; vCPU i on the i-th", "all CPUs", cpus_named(&p.sut_cpus));
	given(out, "peer", "all CPUs", cpus_named(&p.peer_cpus));
	given(out, "emulator threads", "all CPUs", cpus_named(&p.emulator_cpus));
	return 0;
}

const struct knob knob_vm_thread_pin = {
	.id = "vm.thread_pin",
	.of_vm = true,
	.title = "threads are pinned, vCPUs one to one",
	.why = "a thread that moves loses its caches, and the emulator's work must not take a vCPU's time",
	.cost = "the scheduler cannot even out load",
	.source = "QEMU documentation, query-cpus-fast; kubevirt/kubevirt issue 2870",
	.when = KNOB_START,
	ROLES(W("*", 8), LEAVE, LEAVE, LEAVE),
	.check = check_thread_pin,
	.cure = "taskset -cp CPU TID for each vCPU thread; libvirt: <cputune><vcpupin vcpu='0' cpuset='2'/>...</cputune>",
	.order = ORDER_START,
	.list = list_pin,
};

static int list_lock(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) k;
	(void) c;
	(void) err;
	given(out, "measured processes, guest memory", "pageable", xstrdup("touched beforehand and locked"));
	return 0;
}

const struct knob knob_mem_mlock = {
	.id = "mem.mlock",
	.of_vm = true,
	.title = "memory is locked",
	.why = "no page of the measured processes has to be fetched or mapped while they run",
	.cost = "that memory cannot be reclaimed",
	.source = "mlockall(2); QEMU -overcommit mem-lock=on",
	.when = KNOB_START,
	ROLES(W("*", 6), LEAVE, LEAVE, LEAVE),
	.check = check_mlock,
	.cure = "QEMU: -overcommit mem-lock=on; libvirt: <memoryBacking><locked/></memoryBacking>",
	.order = ORDER_START,
	.list = list_lock,
};

/* Boot parameters: said, never set here. */
static void advise(struct settings *out, const char *target, bool there, const char *fmt, const char *list)
{
	struct setting *s = settings_add(out, SETTING_GIVEN, NULL);

	text_print(s->target, sizeof(s->target), "%s", target);
	s->state = there ? SETTING_SAME : SETTING_BLOCKED;
	if (!there)
		text_print(s->reason, sizeof(s->reason), fmt, list);
}

static int list_nohz_full(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	char list[128];

	(void) k;
	(void) err;
	ctx_iso_list(c, list, sizeof(list));
	if (!fs_exists(c->fs, "sys/devices/system/cpu/nohz_full"))
		list_absent(out, "nohz_full", "this kernel was built without CONFIG_NO_HZ_FULL");
	else
		advise(out, "nohz_full", cpuset_within(&c->split->isolated, &c->facts->cpu.nohz_full),
		       "takes effect at boot only: kernel parameter nohz_full=%s", list);
	return 0;
}

const struct knob knob_iso_nohz_full = {
	.id = "iso.nohz_full",
	.title = "no periodic tick on isolated CPUs",
	.why = "the tick interrupts a CPU 100 to 1000 times a second even when one thread has it all to itself",
	.cost = "system calls and interrupts get a little slower there",
	.source = "Documentation/timers/no_hz.rst",
	.when = KNOB_BOOT,
	ROLES(W(">=@iso", 6), LEAVE, W(">=@iso", 6), W(">=@iso", 6)),
	.check = check_nohz_full,
	.cure = "kernel parameter nohz_full=@iso, then boot",
	.order = ORDER_ADVICE,
	.list = list_nohz_full,
};

static int list_rcu_nocbs(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	char list[128], word[160];

	(void) k;
	(void) err;
	text_print(word, sizeof(word), "rcu_nocbs=%s", ctx_iso_list(c, list, sizeof(list)));
	advise(out, "rcu_nocbs",
	       cpuset_within(&c->split->isolated, &c->facts->cpu.nohz_full) || strstr(c->facts->kernel.cmdline, word) != NULL,
	       "takes effect at boot only: kernel parameter %s", word);
	return 0;
}

const struct knob knob_iso_rcu_nocbs = {
	.id = "iso.rcu_nocbs",
	.title = "RCU callbacks run elsewhere",
	.why = "freeing what was deleted otherwise happens in soft interrupts of the CPU that deleted it",
	.cost = "more wake-ups on housekeeping CPUs",
	.source = "Documentation/admin-guide/kernel-per-CPU-kthreads.rst",
	.when = KNOB_BOOT,
	ROLES(W(">=@iso", 4), W(">=@iso", 3), W(">=@iso", 4), W(">=@iso", 5)),
	.check = check_rcu_nocbs,
	.cure = "kernel parameter rcu_nocbs=@iso, then boot",
	.order = ORDER_ADVICE,
	.list = list_rcu_nocbs,
};

static int list_rt_kernel(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) k;
	(void) err;
	advise(out, "kernel", c->facts->kernel.realtime,
	       "needs another kernel: boot one with PREEMPT_RT (Debian: linux-image-%s)", "rt-amd64");
	return 0;
}

const struct knob knob_sch_rt_kernel = {
	.id = "sch.rt_kernel",
	.title = "a real-time kernel",
	.why = "PREEMPT_RT bounds how long interrupts and locks of the kernel can hold up a woken thread",
	.cost = "1 to 10 % of throughput",
	.source = "Documentation/core-api/real-time/ (6.12 and later)",
	.when = KNOB_BOOT,
	ROLES(W("*", 5), LEAVE, W("*", 5), W("*", 8)),
	.check = check_rt_kernel,
	.cure = "install and boot a PREEMPT_RT kernel (Debian: linux-image-rt-amd64)",
	.order = ORDER_ADVICE,
	.list = list_rt_kernel,
};
