/* SPDX-License-Identifier: Apache-2.0 */
/* Both sides of a VM: which CPU is whose, and who may disturb it. */
#include "audit/parts.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "knob/look.h"

static void vcpus_where(const struct pair_ctx *p, bool want_own, struct cpuset *ret, struct cpuset *ret_unknown)
{
	*ret = *ret_unknown = (struct cpuset){ 0 };
	for (size_t i = 0; i < p->n_vcpus; i++) {
		if (!p->vcpus[i].known)
			cpuset_add(ret_unknown, (unsigned) i);
		else if (p->vcpus[i].own == want_own)
			cpuset_add(ret, (unsigned) i);
	}
}

static void absent(struct settings *out, const char *target, const char *why)
{
	struct setting *s = look_says(out, true, target, "", "");

	s->state = SETTING_ABSENT;
	text_print(s->reason, sizeof(s->reason), "%s", why);
}

static void unnamed(struct settings *out)
{
	look_unseen(out, "vCPU threads", "they have no names: start QEMU with -name NAME,debug-threads=on");
}

/* What the guest keeps free of its own noise, the host fills with its. */
static void both_isolated(const struct pair_ctx *p, struct settings *out)
{
	struct cpuset inside = pair_guest_isolated(p), floats, unknown, bad;
	char now[VALUE_MAX], list[VALUE_MAX], all[VALUE_MAX];

	if (cpuset_empty(&inside)) {
		absent(out, "isolated vCPUs", "the guest isolates none");
		return;
	}
	vcpus_where(p, false, &floats, &unknown);
	if (!cpuset_empty(&unknown)) {
		unnamed(out);
		return;
	}
	bad = cpuset_and(&inside, &floats);
	text_print(now, sizeof(now), "isolated inside: %.400s; without a CPU set apart on the host: %.400s",
		   cpuset_list(&inside, all, sizeof(all)), cpuset_empty(&bad) ? "none" : cpuset_list(&bad, list, sizeof(list)));
	pair_host_says(p, out, cpuset_empty(&bad), "isolated vCPUs", now,
		       "each on a CPU of the host that is set apart and nobody else's", "vm.thread_pin");
}

/* One vCPU has to keep house; the others, on CPUs that were set apart for them, should not. */
static void both_dedicated(const struct pair_ctx *p, struct settings *out)
{
	struct cpuset inside = pair_guest_isolated(p), own, unknown, want, missing;
	char now[VALUE_MAX], list[VALUE_MAX], wanted[VALUE_MAX];

	vcpus_where(p, true, &own, &unknown);
	if (!cpuset_empty(&unknown)) {
		unnamed(out);
		return;
	}
	want = own;
	if (p->all_own)
		cpuset_del(&want, 0);
	if (cpuset_empty(&want)) {
		absent(out, "vCPUs with CPUs of their own", "none besides the one that keeps house");
		return;
	}
	missing = cpuset_minus(&want, &inside);
	cpuset_list(&want, wanted, sizeof(wanted));
	text_print(now, sizeof(now), "on CPUs set apart: %.400s; used for everything inside: %.400s",
		   cpuset_list(&own, list, sizeof(list)),
		   cpuset_empty(&missing) ? "none of them" : cpuset_list(&missing, list, sizeof(list)));
	pair_guest_says(out, cpuset_empty(&missing), "vCPUs with CPUs of their own", now, "isolated inside too",
			"add isolcpus=managed_irq,domain,@name nohz_full=@name rcu_nocbs=@name irqaffinity=0 to the guest's "
			"command line and boot it: one vCPU keeps house there as well",
			wanted);
}

/* A tick that the guest has stopped still comes from the host, as an exit. */
static void both_tick(const struct pair_ctx *p, struct settings *out)
{
	const struct cpuset *inside = &p->guest->host.cpu.nohz_full, *outside = &p->host->host.cpu.nohz_full;
	struct cpuset ticking = { 0 };
	char now[VALUE_MAX], list[VALUE_MAX], all[VALUE_MAX];

	for (int c = -1; (c = cpuset_next(inside, c)) >= 0 && (size_t) c < p->n_vcpus;) {
		if (p->vcpus[c].known && !cpuset_within(&p->vcpus[c].cpus, outside))
			cpuset_add(&ticking, (unsigned) c);
	}
	if (cpuset_empty(inside)) {
		absent(out, "vCPUs without a tick", "the guest has none (nohz_full)");
		return;
	}
	text_print(now, sizeof(now), "nohz_full inside: %.400s; on host CPUs that tick: %.400s",
		   cpuset_list(inside, all, sizeof(all)),
		   cpuset_empty(&ticking) ? "none" : cpuset_list(&ticking, list, sizeof(list)));
	look_says(out, cpuset_empty(&ticking), "vCPUs without a tick", now, "host CPUs without a tick under them");
}

static void both_steal(const struct pair_ctx *p, struct settings *out)
{
	const struct virt_facts *v = &p->guest->virt;
	struct cpuset floats, unknown;
	char now[VALUE_MAX], list[VALUE_MAX];

	if (!v->steal_known) {
		look_unseen(out, "steal time", "the guest does not tell it");
		return;
	}
	vcpus_where(p, false, &floats, &unknown);
	text_print(now, sizeof(now), "%.2f %% of CPU time since the guest's boot; vCPUs without a CPU set apart: %.400s",
		   v->steal_percent,
		   !cpuset_empty(&unknown) ? "not known"
		   : cpuset_empty(&floats) ? "none"
					   : cpuset_list(&floats, list, sizeof(list)));
	pair_host_says(p, out, v->steal_percent < 0.1, "steal time", now, "less than 0.1 %", "vm.thread_pin");
}

static void both_realtime(const struct pair_ctx *p, struct settings *out)
{
	bool outside = p->host->host.kernel.realtime, inside = p->guest->host.kernel.realtime;
	char now[160];

	text_print(now, sizeof(now), "host: %s; guest: %s", outside ? "PREEMPT_RT" : "not real-time",
		   inside ? "PREEMPT_RT" : "not real-time");
	if (outside && !inside)
		pair_guest_says(out, false, "kernels", now, "PREEMPT_RT inside as well",
				"inside: install the distribution's real-time kernel (Debian: apt install linux-image-rt-amd64) "
				"and boot it",
				NULL);
	else
		pair_host_says(p, out, inside == outside, "kernels", now, "PREEMPT_RT on the host as well", NULL);
}

static void both_vcpus(const struct pair_ctx *p, struct settings *out)
{
	size_t online = cpuset_count(&p->guest->host.cpu.online);
	char now[64], want[64];

	text_print(now, sizeof(now), "%zu online inside", online);
	text_print(want, sizeof(want), "%zu, as the VM was started with", p->n_vcpus);
	/* More than that were plugged in later: QEMU's command line does not tell. */
	pair_guest_says(
		out, online >= p->n_vcpus, "vCPUs", now, want,
		"inside: write 1 to /sys/devices/system/cpu/cpuN/online, and take maxcpus= and nr_cpus= off its command line; or "
		"start the VM with fewer",
		NULL);
}

/* Queues that interrupt a vCPU which both sides keep free. */
static void both_virtio_irqs(const struct pair_ctx *p, struct settings *out)
{
	struct cpuset inside = pair_guest_isolated(p);
	const struct irq_facts *irqs = &p->guest->irq;
	char target[96], now[VALUE_MAX], house[VALUE_MAX];
	struct cpuset rest = cpuset_minus(&p->guest->host.cpu.online, &inside);

	cpuset_list(&rest, house, sizeof(house));
	for (size_t i = 0; !cpuset_empty(&inside) && i < irqs->n; i++) {
		const struct irq_fact *f = &irqs->at[i];
		struct cpuset both = cpuset_and(&f->effective, &inside);

		if (!text_starts(f->name, "virtio"))
			continue;
		text_print(target, sizeof(target), "irq %u (%.60s)", f->nr, f->name);
		pair_guest_says(out, cpuset_empty(&both), target, cpuset_list(&f->effective, now, sizeof(now)), house,
				"inside: write @name to /proc/irq/N/smp_affinity_list, and isolcpus=managed_irq,... for queues "
				"that the kernel spreads itself; or fewer queues on the host's side",
				house);
	}
	if (out->n == 0)
		absent(out, "virtio interrupts",
		       cpuset_empty(&inside) ? "the guest isolates no vCPU" : "the guest has none, or they were not seen");
}

static const struct pair_row rows[] = {
	{ .knob = { .id = "pair.dedicated",
		    .title = "the guest isolates the vCPUs that the host has set CPUs apart for",
		    .why = "the host keeps its own noise off these CPUs, and the guest runs timers, workqueues and any task on "
			   "them",
		    .cost = "one vCPU keeps house inside; work on the others is placed by hand",
		    .source = "Documentation/admin-guide/kernel-parameters.txt, isolcpus=; tuned realtime-virtual-guest",
		    .cure = "isolate them inside: isolcpus=managed_irq,domain,LIST nohz_full=LIST rcu_nocbs=LIST",
		    .when = KNOB_OTHER,
		    PAIR(6) },
	  .check = both_dedicated },
	{ .knob = { .id = "pair.isolated",
		    .title = "isolated vCPUs have CPUs of the host behind them",
		    .why = "a guest that isolates a vCPU trusts that it runs when it wants: a thread that floats waits for the "
			   "host's scheduler",
		    .cost = "a CPU of the host for each",
		    .source = "Documentation/admin-guide/kernel-parameters.txt, isolcpus=; libvirt.org/kbase/kvm-realtime.html",
		    .cure = "pin each vCPU's thread to a CPU that is set apart",
		    .when = KNOB_VM,
		    PAIR(8) },
	  .check = both_isolated },
	{ .knob = { .id = "pair.realtime",
		    .title = "both kernels are real-time, or neither",
		    .why = "the worst delay is the sum of both: one kernel that can be kept from preempting for milliseconds "
			   "spoils the other's work",
		    .cost = "throughput of the guest, some per cent",
		    .source = "Documentation/core-api/real-time; libvirt.org/kbase/kvm-realtime.html",
		    .cure = "on the host: boot the distribution's real-time kernel; or take an ordinary one inside",
		    .when = KNOB_BOOT,
		    PAIR(5) },
	  .check = both_realtime },
	{ .knob = { .id = "pair.steal",
		    .title = "the host takes no time of the guest's",
		    .why = "steal is time in which a vCPU was ready to run and its thread was not running: each piece is a delay "
			   "inside",
		    .cost = "CPUs of its own",
		    .source = "Documentation/filesystems/proc.rst, /proc/stat",
		    .cure = "pin each vCPU's thread to a CPU that is set apart",
		    .when = KNOB_VM,
		    PAIR(7) },
	  .check = both_steal },
	{ .knob = { .id = "pair.tick",
		    .title = "no host tick below a vCPU without one",
		    .why = "each tick of the host's makes the vCPU exit: the guest has stopped its own for nothing",
		    .cost = "a boot of the host",
		    .source = "Documentation/timers/no_hz.rst",
		    .cure = "boot the host with nohz_full=@iso",
		    .when = KNOB_BOOT,
		    PAIR(5) },
	  .check = both_tick },
	{ .knob = { .id = "pair.vcpus",
		    .title = "all vCPUs are in use",
		    .why = "a vCPU that the guest left offline is a thread, and perhaps a CPU set apart, for nothing",
		    .cost = "none",
		    .source = "Documentation/core-api/cpu_hotplug.rst; qemu-system(1), -smp",
		    .cure = "bring them online inside, or start the VM with fewer",
		    .when = KNOB_OTHER,
		    PAIR(2) },
	  .check = both_vcpus },
	{ .knob = { .id = "pair.virtio_irq",
		    .title = "virtio queues do not interrupt isolated vCPUs",
		    .why = "each interrupt of a queue is an exit, or at best a soft interrupt, on the vCPU that both sides keep "
			   "free",
		    .cost = "the housekeeping vCPU handles them",
		    .source = "Documentation/core-api/irq/irq-affinity.rst",
		    .cure = "inside: write the housekeeping vCPUs to /proc/irq/N/smp_affinity_list",
		    .when = KNOB_OTHER,
		    PAIR(5) },
	  .check = both_virtio_irqs },
};

const struct pair_rows pair_cpu = { .at = rows, .n = ARRAY_SIZE(rows) };
