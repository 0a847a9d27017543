/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: what an idle CPU does in a guest. */
#include <string.h>

#include "base/text.h"
#include "base/vec.h"
#include "knob/internal.h"
#include "knob/look.h"

/* Why there is nothing to do; NULL = the CPUs halt, and waking them is the hypervisor's business. */
static const char *no_need(const struct knob_ctx *c)
{
	char driver[32] = "";

	if (!c->facts->kernel.virtual_machine)
		return "no guest: an idle CPU stays this machine's own, and wakes as fast as its idle states allow";
	if (strstr(c->facts->cpu.model, "TCG"))
		return "the CPU is translated by QEMU: one that spins takes the emulator's time from the others";
	if (fs_read(c->fs, "sys/devices/system/cpu/cpuidle/current_driver", driver, sizeof(driver)) >= 0 &&
	    text_starts(driver, "haltpoll"))
		return "the idle driver haltpoll polls before it halts";
	if (strstr(c->facts->kernel.cmdline, "idle=poll"))
		return "idle=poll: an idle CPU does not halt";
	return NULL;
}

static int list_idle_spin(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	const char *why = no_need(c);
	char path[64];

	(void) k;
	(void) err;
	if (why) {
		list_absent(out, "isolated CPUs", "%s", why);
		return 0;
	}
	for (int cpu = -1; (cpu = cpuset_next(&c->split->isolated, cpu)) >= 0;) {
		struct setting *s;

		text_print(path, sizeof(path), "sys/devices/system/cpu/cpu%d", cpu);
		s = settings_add(out, SETTING_SPIN, path);
		text_print(s->target, sizeof(s->target), "cpu%d", cpu);
		s->before = xstrdup("halts when idle");
		s->after = xstrdup("a SCHED_IDLE task spins");
	}
	return 0;
}

const struct knob knob_pwr_idle_spin = {
	.id = "pwr.idle_spin",
	.title = "isolated CPUs of a guest do not halt",
	.why = "a halt hands the CPU back to the hypervisor, and waking waits until that gives it again: microseconds at "
	       "best, milliseconds among neighbours",
	.cost = "those CPUs are busy all the time while vlat holds the tuning: power, heat, speed of a hardware thread beside "
		"them, and on a shared host what the hypervisor charges or steals for it; not done where the kernel's fair "
		"server stays on, since the task would then stall real-time threads",
	.source = "Documentation/virt/guest-halt-polling.rst (the same aim, where the guest has that driver)",
	.unit = "CPUs",
	ROLES(LEAVE, LEAVE, LEAVE, LEAVE),
	.cure = "modprobe cpuidle_haltpoll force=1 in the guest, or boot it with idle=poll; where neither can be had, a "
		"SCHED_IDLE task that spins on each isolated CPU",
	.order = ORDER_START,
	.list = list_idle_spin,
};
