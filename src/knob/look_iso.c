/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that are only looked at: which CPUs the kernel keeps out of its own work. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"
#include "knob/internal.h"
#include "knob/look.h"

#define PARAMS      "Documentation/admin-guide/kernel-parameters.txt"
#define PER_CPU_DOC "Documentation/admin-guide/kernel-per-CPU-kthreads.rst"

int check_nohz_full(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	static const char path[] = "sys/devices/system/cpu/nohz_full";
	char want[VALUE_MAX] = "";

	(void) err;
	look_want(k, c, VALUE_CPULIST, want, sizeof(want));
	if (!look_path(c, out, path, VALUE_CPULIST, want))
		list_absent(out, "nohz_full", "this kernel was built without CONFIG_NO_HZ_FULL");
	return 0;
}

/*
 * nohz_full= offloads its CPUs too.  The threads rcuop/N (rcuos/N) prove little: since 5.17 the kernel makes them for all
 * CPUs once the parameter is given, so that CPUs can be switched over later.  What was asked for counts where they exist.
 */
static struct cpuset offloaded(const struct knob_ctx *c)
{
	const struct task_facts *tasks = look_tasks(c);
	struct cpuset threads = { 0 }, asked = { 0 };
	char value[512];

	for (size_t i = 0; i < tasks->n; i++) {
		const char *at = tasks->at[i].stat.comm;
		uint64_t cpu;

		if (task_is_kernel(&tasks->at[i]) && text_starts(at, "rcuo") && strchr(at, '/') && !text_starts(at, "rcuog") &&
		    text_u64(strchr(at, '/') + 1, &cpu) == 0 && cpu < CPUSET_MAX)
			cpuset_add(&threads, (unsigned) cpu);
	}
	if (look_boot(c, "rcu_nocbs", value, sizeof(value)) && cpuset_parse_list(value, &asked) < 0)
		asked = text_eq(value, "all") ? c->facts->cpu.possible : (struct cpuset){ 0 };
	asked = cpuset_and(&asked, &threads);
	return cpuset_or(&asked, &c->facts->cpu.nohz_full);
}

int check_rcu_nocbs(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	struct cpuset set = offloaded(c);
	char now[VALUE_MAX];

	(void) err;
	look_value(k, c, out, "RCU callbacks", VALUE_CPULIST, cpuset_list(&set, now, sizeof(now)));
	return 0;
}

/* Isolated at boot, or by a partition that the kernel says is valid. */
int check_partition(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	const struct partition_facts *p = &c->look->machine->partition;
	struct cpuset apart = cpuset_or(&c->facts->cpu.isolated, &p->isolated);
	char now[VALUE_MAX], want[VALUE_MAX];
	bool ok;

	(void) k;
	(void) err;
	for (size_t i = 0; i < p->n; i++) {
		if (p->at[i].valid)
			apart = cpuset_or(&apart, &p->at[i].cpus);
		else
			look_says(out, false, p->at[i].path, p->at[i].state, "a valid partition");
	}
	ok = cpuset_within(&c->split->isolated, &apart);
	cpuset_list(&apart, now, sizeof(now));
	look_says(out, ok, "CPUs set apart", now[0] ? now : "none", ctx_iso_list(c, want, sizeof(want)));
	return 0;
}

/* Only where some device has interrupts that the kernel spreads itself. */
static int check_managed_irq(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	const struct irq_facts *irqs = &c->look->machine->irq;
	char value[512], now[VALUE_MAX] = "", want[VALUE_MAX];
	struct isolcpus iso = { 0 };
	size_t managed = 0;

	(void) k;
	(void) err;
	for (size_t i = 0; i < irqs->n; i++)
		managed += irqs->at[i].managed == IRQ_MANAGED_YES;
	if (managed == 0) {
		list_absent(out, "managed interrupts", "no interrupt is known to be managed by the kernel");
		return 0;
	}
	if (look_boot(c, "isolcpus", value, sizeof(value)) && isolcpus_parse(value, &iso) == 0 && iso.managed_irq)
		cpuset_list(&iso.cpus, now, sizeof(now));
	look_says(out, iso.managed_irq && cpuset_within(&c->split->isolated, &iso.cpus), "isolcpus=managed_irq",
		  now[0] ? now : "not given", ctx_iso_list(c, want, sizeof(want)));
	return 0;
}

static void look_tasks_off(const struct knob_ctx *c, bool (*chosen)(const struct task_fact *t), struct settings *out,
			   const char *none)
{
	const struct task_facts *tasks = look_tasks(c);
	char now[VALUE_MAX], target[96], want[VALUE_MAX];

	for (size_t i = 0; i < tasks->n; i++) {
		const struct task_fact *t = &tasks->at[i];
		struct cpuset both = cpuset_and(&t->allowed, &c->split->isolated);

		if (!chosen(t))
			continue;
		text_print(target, sizeof(target), "task %d (%s)", (int) t->stat.tid, t->stat.comm);
		look_says(out, cpuset_empty(&both), target, cpuset_list(&t->allowed, now, sizeof(now)),
			  ctx_house_list(c, want, sizeof(want)));
	}
	if (out->n == 0)
		list_absent(out, none, "there are none");
}

static bool rcu_thread(const struct task_fact *t)
{
	return task_is_kernel(t) && task_is_movable(t) &&
	       (text_starts(t->stat.comm, "rcuo") || text_starts(t->stat.comm, "rcu_"));
}

static int check_rcuo(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) k;
	(void) err;
	look_tasks_off(c, rcu_thread, out, "movable RCU threads");
	return 0;
}

static bool first_process(const struct task_fact *t)
{
	return t->stat.tid == 1;
}

static int check_first_process(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) k;
	(void) err;
	look_tasks_off(c, first_process, out, "process 1");
	return 0;
}

static const struct knob rows[] = {
	{
		.id = "iso.isolcpus_domain",
		.title = "CPUs out of load balancing since boot",
		.why = "the scheduler never moves tasks to or from such CPUs: right for pinned threads, wrong for containers, "
		       "whose threads then pile up on the first CPU of their set",
		.cost = "cannot be undone without a boot",
		.source = PARAMS ", isolcpus; moby/moby issue 31086",
		.when = KNOB_BOOT,
		FILES({ .path = "sys/devices/system/cpu/isolated", .form = VALUE_CPULIST }),
		ROLES(W("?", 0), W("", 6), W("?", 0), W("?", 0)),
		.cure = "take the CPU list out of the kernel parameter isolcpus= and boot; give containers a cpuset instead",
		.dispute = "OpenShift and tuned use isolcpus=, the kernel calls it deprecated in favour of cpusets; on hosts "
			   "of VMs and real-time threads vlat only shows it, on container hosts it wants none",
	},
	{
		.id = "iso.managed_irq",
		.title = "managed interrupts prefer housekeeping CPUs",
		.why = "queues of NVMe disks and some network cards have interrupts that user space cannot move; this flag "
		       "makes the kernel choose a housekeeping CPU out of each queue's mask",
		.cost = "none; a queue whose mask holds only isolated CPUs still interrupts there",
		.source = PARAMS ", isolcpus; kernel/irq/manage.c",
		.when = KNOB_BOOT,
		EVERY_ROLE("*", 5),
		.check = check_managed_irq,
		.cure = "kernel parameter isolcpus=managed_irq,@iso, then boot",
		.dispute = "tuned gives managed_irq,domain, OpenShift managed_irq or both; vlat wants managed_irq at boot and "
			   "the rest from a partition at run time",
	},
	{
		.id = "iso.nohz",
		.title = "idle CPUs stop their tick",
		.why = "nohz=off keeps the tick on idle CPUs and defeats nohz_full",
		.cost = "none: it is the default",
		.source = PARAMS ", nohz",
		BOOT("nohz", "on", VALUE_TEXT),
		EVERY_ROLE("!off", 5),
		.cure = "take nohz=off off the kernel command line",
	},
	{
		.id = "iso.rcu_nocb_poll",
		.title = "RCU offload threads poll",
		.why = "isolated CPUs then never have to wake the threads that run their callbacks",
		.cost = "those threads wake up all the time, on housekeeping CPUs",
		.source = PARAMS ", rcu_nocb_poll",
		BOOT("rcu_nocb_poll", "0", VALUE_NUMBER),
		ROLES(W("?", 0), LEAVE, LEAVE, W("1", 1)),
		.cure = "add rcu_nocb_poll to the kernel command line and boot",
	},
	{
		.id = "iso.rcuo_affinity",
		.title = "RCU threads on housekeeping CPUs",
		.why = "offloading helps only when the threads that take the work run elsewhere",
		.cost = "none",
		.source = PER_CPU_DOC,
		EVERY_ROLE("*", 4),
		.check = check_rcuo,
		.cure = "taskset -cp @house PID for the threads named; vlat does while it measures",
	},
	{
		.id = "iso.kthread_cpus",
		.title = "kernel threads start on given CPUs",
		.why = "some distributions' kernels take the CPUs of kernel threads from the command line; others ignore the "
		       "word",
		.cost = "none",
		.source = "Ubuntu real-time kernel documentation; absent from the mainline kernel",
		BOOT("kthread_cpus", "", VALUE_TEXT),
		EVERY_ROLE("?", 0),
	},
	{
		.id = "iso.systemd_affinity",
		.title = "the first process keeps off the isolated CPUs",
		.why = "every service inherits the CPUs of process 1, so that new daemons never start on an isolated CPU",
		.cost = "container runtimes and VMs started as services inherit it too and have to set their own",
		.source = "systemd-system.conf(5), CPUAffinity=",
		.disruptive = true,
		EVERY_ROLE("*", 3),
		.check = check_first_process,
		.cure = "CPUAffinity=@house in /etc/systemd/system.conf.d/, systemctl daemon-reexec; or confine by iso.partition",
	},
	{
		.id = "iso.slice_allowed",
		.title = "services confined to housekeeping CPUs",
		.why = "the cpuset of a slice takes effect at once on everything that runs in it",
		.cost = "a service pinned elsewhere loses its CPUs",
		.source = "systemd.resource-control(5), AllowedCPUs=; Documentation/admin-guide/cgroup-v2.rst",
		FILES({ .path = "sys/fs/cgroup/system.slice/cpuset.cpus.effective", .form = VALUE_CPULIST },
		      { .path = "sys/fs/cgroup/user.slice/cpuset.cpus.effective", .form = VALUE_CPULIST },
		      { .path = "sys/fs/cgroup/init.scope/cpuset.cpus.effective", .form = VALUE_CPULIST }),
		EVERY_ROLE("^@iso", 4),
		.cure = "systemctl set-property --runtime SLICE AllowedCPUs=@house",
	},
};

LOOK_ROWS(look_iso, rows);
