/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: interrupts and packet processing away from the isolated CPUs. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"
#include "host/irq.h"
#include "knob/internal.h"
#include "knob/look.h"

const struct knob knob_irq_default = {
	.id = "irq.default",
	.title = "new interrupts go to housekeeping CPUs",
	.why = "whatever driver or virtual device asks for an interrupt later starts with this mask",
	.cost = "none",
	.source = "Documentation/core-api/irq/irq-affinity.rst",
	EVERY_ROLE("^@iso", 5),
	.order = ORDER_IRQ,
	FILES({ .path = "proc/irq/default_smp_affinity", .form = VALUE_CPUMASK, .want = "@house" }),
};

/* Housekeeping CPUs on the NUMA nodes of these; all of them when there are none. */
static struct cpuset nearest_house(const struct knob_ctx *c, const struct cpuset *cpus)
{
	struct cpuset near = { 0 };

	for (int n = -1; (n = cpuset_next(cpus, n)) >= 0;) {
		const struct cpu_fact *from = cpu_fact(&c->facts->cpu, (unsigned) n);

		for (size_t i = 0; from && i < c->facts->cpu.n; i++) {
			const struct cpu_fact *f = &c->facts->cpu.at[i];

			if (f->node == from->node && cpuset_has(&c->split->housekeeping, f->cpu))
				cpuset_add(&near, f->cpu);
		}
	}
	return cpuset_empty(&near) ? c->split->housekeeping : near;
}

/* Where it may go now, without the isolated CPUs. */
static struct cpuset without_isolated(const struct knob_ctx *c, const struct cpuset *now)
{
	struct cpuset rest = cpuset_minus(now, &c->split->isolated);

	return cpuset_empty(&rest) ? nearest_house(c, now) : rest;
}

static void list_irq(const struct knob_ctx *c, const struct irq_fact *f, struct settings *out)
{
	struct cpuset touched = cpuset_and(&f->affinity, &c->split->isolated), want = without_isolated(c, &f->affinity);
	char path[64], guard[160], list[VALUE_MAX];
	struct setting *s;

	if (cpuset_empty(&touched))
		return;
	text_print(path, sizeof(path), "proc/irq/%u/smp_affinity_list", f->nr);
	s = list_value(c, out, path, VALUE_CPULIST, cpuset_list(&want, list, sizeof(list)));
	if (!s)
		return;
	text_print(s->target, sizeof(s->target), "irq %u%s%s%s", f->nr, f->name[0] ? " (" : "", f->name, f->name[0] ? ")" : "");
	if (!f->name[0]) /* nobody uses it: it cannot fire, and the next user gets the default mask */
		s->state = SETTING_SAME;
	else if (!text_print(guard, sizeof(guard), "proc/irq/%u/%s", f->nr, f->name))
		s->guard = xstrdup(guard); /* the number may belong to another device after a driver was loaded again */
}

static int list_irqs(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	struct irq_facts own = { 0 };
	const struct irq_facts *irqs = &own;
	int r = c->auditing ? 0 : irq_facts_read(c->fs, &own, err);

	(void) k;
	if (r < 0)
		return r;
	if (c->auditing)
		irqs = &c->look->machine->irq;
	for (size_t i = 0; i < irqs->n; i++)
		list_irq(c, &irqs->at[i], out);
	if (irqs->n == 0)
		list_absent(out, "/proc/irq", "no interrupts can be moved here");
	else if (out->n == 0) {
		struct setting *s = settings_add(out, SETTING_GIVEN, NULL);

		s->state = SETTING_SAME;
		text_print(s->target, sizeof(s->target), "all %zu interrupts", irqs->n);
	}
	irq_facts_free(&own);
	return 0;
}

const struct knob knob_irq_affinity = {
	.id = "irq.affinity",
	.title = "device interrupts on housekeeping CPUs",
	.why = "an interrupt and the packet or disk work behind it stop whatever runs on its CPU",
	.cost = "housekeeping CPUs handle all devices; interrupts that the kernel manages itself refuse to move",
	.source = "Documentation/core-api/irq/irq-affinity.rst; kernel/irq/proc.c",
	.unit = "interrupts",
	.refusal = "the kernel manages this interrupt itself",
	EVERY_ROLE("*", 8),
	.order = ORDER_IRQ + 1,
	.list = list_irqs,
};

static int list_irqbalance(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) k;
	(void) err;
	if (strstr(c->facts->writers, "irqbalance"))
		list_blocked(out, "irqbalance",
			     "it runs, and moves interrupts back every 10 s: stop it while the tuning lasts "
			     "(systemctl stop irqbalance)");
	else
		list_absent(out, "irqbalance", "is not running");
	return 0;
}

const struct knob knob_irq_irqbalance = {
	.id = "irq.irqbalance",
	.title = "nobody else moves interrupts",
	.why = "irqbalance spreads interrupts over all CPUs every 10 s and knows nothing of CPUs isolated at run time",
	.cost = "interrupts are not spread by load",
	.source = "Irqbalance/irqbalance issues 90, 356",
	.when = KNOB_OTHER,
	EVERY_ROLE("*", 7),
	.check = check_irqbalance,
	.cure = "systemctl stop irqbalance while latency counts, or IRQBALANCE_BANNED_CPULIST=@iso in /etc/default/irqbalance "
		"(/etc/sysconfig/irqbalance) and restart it before workloads start",
	.dispute = "SEAPATH masks it, OpenShift bans CPUs per container, RHEL for real-time guests says to disable it; a "
		   "restart moves interrupts in a burst, so never under load",
	.order = ORDER_ADVICE,
	.list = list_irqbalance,
};

/* Only queues that steer packets to an isolated CPU; 0 = handled where the interrupt came in. */
static void list_rps_of(const struct knob_ctx *c, const char *device, struct settings *out)
{
	struct fs_names queues;
	char dir[128];

	if (text_print(dir, sizeof(dir), "sys/class/net/%s/queues", device) || fs_list(c->fs, dir, &queues) < 0)
		return;
	for (size_t i = 0; i < queues.n; i++) {
		char path[200], mask[VALUE_MAX];
		struct cpuset now, want;
		struct setting *s;

		if (!text_starts(queues.at[i], "rx-") || text_print(path, sizeof(path), "%s/%s/rps_cpus", dir, queues.at[i]) ||
		    fs_read_cpumask(c->fs, path, &now) < 0)
			continue;
		want = cpuset_minus(&now, &c->split->isolated);
		if (cpuset_equal(&now, &want))
			continue;
		s = list_value(c, out, path, VALUE_CPUMASK, cpuset_mask(&want, c->facts->cpu.n_possible, mask, sizeof(mask)));
		if (s)
			text_print(s->target, sizeof(s->target), "%s %s", device, queues.at[i]);
	}
	fs_list_free(&queues);
}

static int list_rps(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	struct fs_names devices;

	(void) k;
	(void) err;
	if (fs_list(c->fs, "sys/class/net", &devices) < 0) {
		list_absent(out, "/sys/class/net", "no network devices");
		return 0;
	}
	for (size_t i = 0; i < devices.n; i++)
		list_rps_of(c, devices.at[i], out);
	fs_list_free(&devices);
	if (out->n == 0) {
		struct setting *s = settings_add(out, SETTING_GIVEN, NULL);

		s->state = SETTING_SAME;
		text_print(s->target, sizeof(s->target), "all receive queues");
	}
	return 0;
}

const struct knob knob_net_rps = {
	.id = "net.rps",
	.title = "packets are not steered to isolated CPUs",
	.why = "receive packet steering sends an interrupt to the CPUs of its mask and works there",
	.cost = "none for traffic that was not meant for those CPUs",
	.source = "Documentation/networking/scaling.rst",
	.unit = "queues",
	EVERY_ROLE("*", 4),
	.order = ORDER_IRQ + 2,
	.list = list_rps,
};

static int list_bridge_nf(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	struct setting *s;

	(void) k;
	(void) err;
	if (!fs_exists(c->fs, "proc/sys/net/bridge/bridge-nf-call-iptables")) {
		list_absent(out, "bridge-nf-call-*tables", "bridged frames do not pass netfilter on this kernel");
		return 0;
	}
	s = settings_add(out, SETTING_GIVEN, NULL);
	s->before = xstrdup("1");
	s->after = xstrdup("0");
	text_print(s->target, sizeof(s->target), "network namespaces of vlat");
	return 0;
}

const struct knob knob_net_bridge_nf = {
	.id = "net.bridge_nf",
	.title = "bridged frames skip netfilter",
	.why = "otherwise every frame between two ports walks the firewall tables and connection tracking",
	.cost = "firewall rules for bridged frames do not count; set in the namespaces that vlat makes, never on the host",
	.source = "Documentation/networking/ip-sysctl.rst, bridge-nf-call-iptables",
	.when = KNOB_START,
	ROLES(W("0", 4), LEAVE, LEAVE, LEAVE),
	.check = check_bridge_nf,
	.cure = "sysctl -w net.bridge.bridge-nf-call-iptables=0 (and -ip6tables, -arptables), unless a container network needs "
		"it",
	.dispute = "SEAPATH sets 0, Kubernetes networks require 1: wanted on hosts of VMs only",
	.order = ORDER_START,
	.list = list_bridge_nf,
};
