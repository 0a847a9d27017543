/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that are only looked at: interrupts, and programs that move them. */
#include <string.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/text.h"
#include "base/vec.h"
#include "knob/internal.h"
#include "knob/look.h"

/* IRQBALANCE_BANNED_CPULIST=2-7 or IRQBALANCE_BANNED_CPUS=fc of its configuration; false: no ban is given. */
static bool banned_cpus(const char *config, struct cpuset *ret)
{
	char line[512];

	while (take_line(&config, line, sizeof(line))) {
		const char *at = line + strspn(line, " \t");
		char *value = strchr(line, '='), *end;

		if (!value++)
			continue;
		value += *value == '"';
		end = value + strcspn(value, "\" \t");
		*end = '\0';
		if (take_text(&at, "IRQBALANCE_BANNED_CPULIST="))
			return *value && cpuset_parse_list(value, ret) == 0;
		if (take_text(&at, "IRQBALANCE_BANNED_CPUS="))
			return *value && cpuset_parse_mask(value, ret) == 0;
	}
	return false;
}

/* An explicit ban replaces the one irqbalance makes of isolcpus and nohz_full: what it leaves out is a hole. */
int check_irqbalance(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	const struct service_fact *s = service_fact(&c->look->machine->service, "irqbalance");
	struct cpuset known = cpuset_or(&c->facts->cpu.isolated, &c->facts->cpu.nohz_full), hole;
	char now[VALUE_MAX], list[VALUE_MAX], want[VALUE_MAX];
	bool explicit_ban;

	(void) k;
	(void) err;
	if (!s || !s->pid) {
		look_says(out, true, "irqbalance", s && s->enabled ? "not running now, but started at boot" : "not running",
			  "not running, or banned from the isolated CPUs");
		return 0;
	}
	explicit_ban = banned_cpus(s->config, &known);
	hole = cpuset_minus(&c->split->isolated, &known);
	if (cpuset_empty(&hole))
		text_print(now, sizeof(now), "running, banned from %s", cpuset_list(&known, list, sizeof(list)));
	else
		text_print(now, sizeof(now), "running, %s leaves CPUs %s to it", explicit_ban ? "its ban" : "and nothing",
			   cpuset_list(&hole, list, sizeof(list)));
	text_print(want, sizeof(want), "not running, or banned from %s", ctx_iso_list(c, list, sizeof(list)));
	look_says(out, cpuset_empty(&hole), "irqbalance", now, want);
	return 0;
}

static int check_daemons(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	const struct service_facts *all = &c->look->machine->service;

	(void) k;
	(void) err;
	for (size_t i = 0; i < all->n; i++) {
		char now[128];

		if (!all->at[i].pid || text_eq(all->at[i].row->name, "irqbalance"))
			continue;
		text_print(now, sizeof(now), "running, sets %s", all->at[i].row->fights);
		look_says(out, false, all->at[i].row->name, now, "not running");
	}
	if (out->n == 0)
		look_says(out, true, "other tuners", "none running", "none running");
	return 0;
}

static int check_threadirqs(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	char value[16];

	(void) err;
	if (c->facts->kernel.realtime)
		list_absent(out, "threadirqs", "a PREEMPT_RT kernel always handles interrupts in threads");
	else
		look_value(k, c, out, "kernel parameter threadirqs", VALUE_NUMBER,
			   look_boot(c, "threadirqs", value, sizeof(value)) ? "1" : "0");
	return 0;
}

static int check_irq_threads(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	const struct task_facts *tasks = look_tasks(c);
	char target[96], now[32];

	(void) k;
	(void) err;
	for (size_t i = 0; i < tasks->n; i++) {
		const struct task_fact *t = &tasks->at[i];

		if (!task_is_kernel(t) || !text_starts(t->stat.comm, "irq/"))
			continue;
		text_print(target, sizeof(target), "task %d (%s)", (int) t->stat.tid, t->stat.comm);
		text_print(now, sizeof(now), task_is_realtime(t) ? "real-time %d" : "ordinary", t->stat.rt_priority);
		look_says(out, task_is_realtime(t), target, now, "real-time");
	}
	if (out->n == 0)
		list_absent(out, "interrupt threads", "there are none");
	return 0;
}

/* "0, 1, 2": the kernel parts them by comma and blank. */
static void drop_blanks(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		if (*from != ' ')
			*to++ = *from;
	}
	*to = '\0';
}

/* A disk queue whose CPUs are all isolated interrupts there whatever managed_irq says. */
static void look_disk(const struct knob_ctx *c, const char *disk, struct settings *out)
{
	struct fs_names queues;
	char dir[96];

	if (text_print(dir, sizeof(dir), "sys/block/%s/mq", disk) || fs_list(c->fs, dir, &queues) < 0)
		return;
	for (size_t i = 0; i < queues.n; i++) {
		char path[160], list[VALUE_MAX], target[96];
		struct cpuset cpus, house;

		if (text_print(path, sizeof(path), "%s/%s/cpu_list", dir, queues.at[i]) ||
		    fs_read(c->fs, path, list, sizeof(list)) < 0)
			continue;
		drop_blanks(list);
		if (cpuset_parse_list(list, &cpus) < 0)
			continue;
		house = cpuset_and(&cpus, &c->split->housekeeping);
		text_print(target, sizeof(target), "%s queue %s", disk, queues.at[i]);
		look_says(out, !cpuset_empty(&house), target, list, "a housekeeping CPU among them");
	}
	fs_list_free(&queues);
}

static int check_nvme(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	struct fs_names disks;

	(void) k;
	(void) err;
	if (fs_list(c->fs, "sys/block", &disks) == 0) {
		for (size_t i = 0; i < disks.n; i++) {
			if (text_starts(disks.at[i], "nvme"))
				look_disk(c, disks.at[i], out);
		}
		fs_list_free(&disks);
	}
	if (out->n == 0)
		list_absent(out, "NVMe queues", "there is no NVMe disk");
	return 0;
}

static int check_pit(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	const struct task_facts *tasks = look_tasks(c);
	char target[96];

	(void) k;
	(void) err;
	for (size_t i = 0; i < tasks->n; i++) {
		if (!task_is_kernel(&tasks->at[i]) || !text_starts(tasks->at[i].stat.comm, "kvm-pit/"))
			continue;
		text_print(target, sizeof(target), "task %d (%s)", (int) tasks->at[i].stat.tid, tasks->at[i].stat.comm);
		look_says(out, false, target, "a guest has an old timer chip", "none");
	}
	if (out->n == 0)
		look_says(out, true, "kvm-pit threads", "none", "none");
	return 0;
}

/* Since boot, so only shown: what matters is that it does not grow. */
static int check_counts(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	const struct irq_facts *irqs = &c->look->machine->irq;
	struct cpuset seen = { 0 };
	char now[VALUE_MAX];
	size_t n = 0;

	(void) err;
	if (!irqs->counts_known) {
		look_missing(c, out, "proc/interrupts", "/proc/interrupts");
		return 0;
	}
	for (size_t i = 0; i < irqs->n; i++) {
		struct cpuset both = cpuset_and(&irqs->at[i].counted, &c->split->isolated);

		n += !cpuset_empty(&both);
		seen = cpuset_or(&seen, &both);
	}
	cpuset_list(&seen, now, sizeof(now));
	look_value(k, c, out, "isolated CPUs that took device interrupts since boot", VALUE_TEXT, n ? now : "none");
	return 0;
}

static int check_posted(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	char value[64] = "default";
	bool bad;

	(void) k;
	(void) err;
	look_boot(c, "intremap", value, sizeof(value));
	bad = strstr(value, "off") != NULL || strstr(value, "nopost") != NULL;
	look_says(out, !bad, "kernel parameter intremap", value, "neither off nor nopost");
	return 0;
}

static const struct knob rows[] = {
	{
		.id = "irq.nvme_queues",
		.title = "disk queues have a housekeeping CPU",
		.why = "a queue whose CPUs are all isolated interrupts one of them at each request from there",
		.cost = "fewer queues, so less disk throughput at the very top",
		.source = "kernel/irq/manage.c; drivers/nvme/host/pci.c",
		.when = KNOB_BOOT,
		EVERY_ROLE("*", 3),
		.check = check_nvme,
		.cure = "isolcpus=managed_irq,@iso, and no disk requests from isolated CPUs",
	},
	{
		.id = "irq.other_daemons",
		.title = "no other program sets the same things",
		.why = "such programs write their own values minutes or hours later, and the last writer wins",
		.cost = "what those programs did for you",
		.source = "redhat-performance/tuned, reapply_sysctl; cri-o/cri-o issue 9741",
		.when = KNOB_OTHER,
		EVERY_ROLE("*", 4),
		.check = check_daemons,
		.cure = "systemctl stop SERVICE while latency counts, or let it do all of the tuning and vlat only the measuring",
	},
	{
		.id = "irq.pit_thread",
		.of_vm = true,
		.title = "no guest with an old timer chip",
		.why = "its ticks come from a kernel thread on the host, which waits behind daemons",
		.cost = "very old guests need that chip",
		.source = "arch/x86/kvm/i8254.c; kubevirt/kubevirt issue 9613",
		.when = KNOB_VM,
		ROLES(W("*", 3), LEAVE, LEAVE, LEAVE),
		.check = check_pit,
		.cure = "QEMU: -machine pit=off; libvirt: <timer name='pit' present='no'/>; KubeVirt: clock: {timer: {pit: "
			"{present: false}}}; else taskset the thread to the CPU of vCPU 0",
	},
	{
		.id = "kvm.posted_intr",
		.title = "device interrupts go straight into guests",
		.why = "without interrupt remapping or posting each interrupt of an assigned device makes the guest exit",
		.cost = "none: it is the default",
		.source = "Documentation/admin-guide/kernel-parameters.txt, intremap",
		.when = KNOB_BOOT,
		ROLES(W("*", 4), LEAVE, LEAVE, LEAVE),
		.check = check_posted,
		.cure = "take intremap=off or nopost off the kernel command line",
	},
	{
		.id = "irq.posted_msi",
		.title = "device interrupts are bundled",
		.why = "at high rates fewer interrupts arrive, each a little later: a choice for throughput, so only shown",
		.cost = "a little latency",
		.source = "Documentation/admin-guide/kernel-parameters.txt, intremap=posted_msi",
		BOOT("intremap", "", VALUE_TEXT),
		ROLES(W("?", 0), LEAVE, LEAVE, W("?", 0)),
	},
	{
		.id = "irq.proc_delta",
		.title = "isolated CPUs take no device interrupts",
		.why = "the ground truth of a quiet CPU is that its columns in /proc/interrupts do not grow",
		.cost = "none",
		.source = "Documentation/admin-guide/kernel-per-CPU-kthreads.rst",
		.when = KNOB_OTHER,
		EVERY_ROLE("?", 0),
		.check = check_counts,
		.cure = "irq.affinity; vlat measure wakeup shows what still comes",
	},
	{
		.id = "irq.thread_prio",
		.title = "interrupt threads are real-time threads",
		.why = "with threaded interrupts a packet is handled only when its thread wins the CPU",
		.cost = "they run before ordinary tasks",
		.source = "Documentation/core-api/genericirq.rst; kernel/irq/manage.c",
		ROLES(W("*", 4), LEAVE, W("*", 3), W("*", 5)),
		.check = check_irq_threads,
		.cure = "chrt -f -p 50 PID for the threads named",
	},
	{
		.id = "irq.threadirqs",
		.title = "interrupt handlers are threads",
		.why = "they can then be ordered by priority and pinned like other threads",
		.cost = "a context switch for each interrupt",
		.source = "Documentation/admin-guide/kernel-parameters.txt, threadirqs",
		.when = KNOB_BOOT,
		ROLES(W("?", 0), LEAVE, W("?", 0), W("1", 3)),
		.check = check_threadirqs,
		.cure = "kernel parameter threadirqs, or a PREEMPT_RT kernel",
	},
	{
		.id = "irq.x2apic",
		.title = "interrupts between CPUs by register",
		.why = "the older way writes to memory of the interrupt controller, which in a guest is an exit each",
		.cost = "none: it is the default",
		.source = "Documentation/admin-guide/kernel-parameters.txt, nox2apic",
		BOOT("nox2apic", "0", VALUE_NUMBER),
		EVERY_ROLE("0", 4),
		.cure = "take nox2apic off the kernel command line; QEMU: -cpu ...,+x2apic",
	},
};

LOOK_ROWS(look_irq, rows);
