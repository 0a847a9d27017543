/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that are only looked at: who runs a VM's code, and what shares its cores. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "knob/internal.h"
#include "knob/vm.h"

/* The names of vCPU threads tell what really runs; where they are hidden, the command line what was asked for. */
static void vm_accel(const struct knob *k, const struct knob_ctx *c, const struct qemu *q, const char *target,
		     struct settings *out)
{
	bool kvm = q->kvm, tcg = false;

	(void) k;
	(void) c;
	for (size_t i = 0; i < q->n_tasks; i++) {
		kvm = kvm || strstr(q->tasks[i].task->stat.comm, "/KVM");
		tcg = tcg || strstr(q->tasks[i].task->stat.comm, "/TCG");
	}
	if (!kvm && !tcg && q->default_kvm)
		look_unseen(out, target, "its program takes KVM where it can; the names of its threads would tell");
	else
		look_says(out, kvm && !tcg, target, kvm && !tcg ? "KVM" : "TCG, which translates every instruction", "KVM");
}

static int check_accel(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) err;
	return each_vm(k, c, out, vm_accel);
}

/* A VM's only threads, once its vCPUs are pinned: before that vm.thread_pin is what matters. */
static bool all_pinned(const struct qemu *q)
{
	bool any = false;

	for (size_t i = 0; i < q->n_tasks; i++) {
		if (q->tasks[i].kind == QEMU_VCPU && cpuset_count(&q->tasks[i].task->allowed) != 1)
			return false;
		any = any || q->tasks[i].kind == QEMU_VCPU;
	}
	return any;
}

static const char *kind_word(enum qemu_thread kind)
{
	return kind == QEMU_EMULATOR ? "the emulator" : kind == QEMU_IOTHREAD ? "an iothread" : "a helper";
}

static void vm_emulator(const struct knob *k, const struct knob_ctx *c, const struct qemu *q, const char *target,
			struct settings *out)
{
	struct cpuset vcpus = qemu_vcpu_cpus(q);

	(void) k;
	(void) c;
	for (size_t i = 0; all_pinned(q) && i < q->n_tasks; i++) {
		const struct qemu_task *t = &q->tasks[i];
		struct cpuset both = cpuset_and(&vcpus, &t->task->allowed);
		char name[160], now[VALUE_MAX], list[VALUE_MAX], want[VALUE_MAX];

		if (t->kind == QEMU_VCPU || t->kind == QEMU_VHOST)
			continue;
		text_print(name, sizeof(name), "%.60s, %s (thread %d)", target, kind_word(t->kind), (int) t->task->stat.tid);
		text_print(now, sizeof(now), "CPUs %s", cpuset_list(&t->task->allowed, list, sizeof(list)));
		text_print(want, sizeof(want), "without the vCPUs' %s", cpuset_list(&vcpus, list, sizeof(list)));
		look_says(out, cpuset_empty(&both), name, now, want);
	}
}

static int check_emulator(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) err;
	return each_vm(k, c, out, vm_emulator);
}

/* A vCPU of another VM that is pinned to another hardware thread of this core. */
static const struct qemu *core_mate(const struct knob_ctx *c, const struct qemu *q, const struct cpuset *core)
{
	const struct qemus *all = look_qemus(c);

	for (size_t i = 0; i < all->n; i++) {
		for (size_t n = 0; all->at[i].pid != q->pid && n < all->at[i].n_tasks; n++) {
			const struct qemu_task *t = &all->at[i].tasks[n];

			if (t->kind == QEMU_VCPU && cpuset_count(&t->task->allowed) == 1 &&
			    cpuset_within(&t->task->allowed, core))
				return &all->at[i];
		}
	}
	return NULL;
}

static void vm_smt(const struct knob *k, const struct knob_ctx *c, const struct qemu *q, const char *target, struct settings *out)
{
	(void) k;
	for (size_t i = 0; c->facts->cpu.smt_active && i < q->n_tasks; i++) {
		const struct qemu_task *t = &q->tasks[i];
		int cpu = cpuset_next(&t->task->allowed, -1);
		const struct cpu_fact *f = cpu >= 0 ? cpu_fact(&c->facts->cpu, (unsigned) cpu) : NULL;
		const struct qemu *mate;
		char name[160], now[128];
		struct cpuset rest;

		if (t->kind != QEMU_VCPU || cpuset_count(&t->task->allowed) != 1 || !f)
			continue;
		rest = cpuset_minus(&f->siblings, &t->task->allowed);
		mate = core_mate(c, q, &rest);
		text_print(name, sizeof(name), "%.60s, vCPU %u", target, t->index);
		text_print(now, sizeof(now), mate ? "CPU %d, beside %.40s (process %d)" : "CPU %d", cpu,
			   mate && mate->name[0] ? mate->name : "another VM", mate ? (int) mate->pid : 0);
		look_says(out, !mate, name, now, "a core that no other VM has");
	}
}

static int check_smt(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) err;
	return each_vm(k, c, out, vm_smt);
}

/* Devices that QEMU pretends to be: each packet is some exits to user space. */
static bool emulated_nic(const char *device)
{
	static const char *const models[] = { "e1000", "e1000e", "igb", "rtl8139", "ne2k_pci", "pcnet", "vmxnet3", "i82559er" };

	for (size_t i = 0; i < ARRAY_SIZE(models); i++) {
		if (text_eq(device, models[i]))
			return true;
	}
	return text_starts(device, "e1000-");
}

static void vm_nics(const struct knob *k, const struct knob_ctx *c, const struct qemu *q, const char *target,
		    struct settings *out)
{
	char type[64], vhost[16], now[96];
	const char *text;
	size_t at = 0;

	(void) k;
	(void) c;
	while ((text = qemu_option(q, "netdev", &at))) {
		bool tap, ok;

		type[0] = vhost[0] = '\0';
		qemu_key(text, "", type, sizeof(type));
		qemu_key(text, "vhost", vhost, sizeof(vhost));
		tap = text_eq(type, "tap");
		ok = (tap && text_eq(vhost, "on")) || text_starts(type, "vhost-");
		text_print(now, sizeof(now), "%s%s", type, !tap ? "" : ok ? " with vhost" : ", by QEMU's main loop");
		look_says(out, ok, target, now, "vhost, or an assigned device");
	}
	for (at = 0; (text = qemu_option(q, "device", &at));) {
		type[0] = '\0';
		qemu_key(text, "", type, sizeof(type));
		if (emulated_nic(type))
			look_says(out, false, target, type, "virtio, or an assigned device");
		else if (text_eq(type, "vfio-pci"))
			look_says(out, true, target, "an assigned device", "");
	}
}

static int check_nics(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) err;
	return each_vm(k, c, out, vm_nics);
}

#define VM_HOST(effect_) ROLES(W("*", effect_), LEAVE, LEAVE, LEAVE)

static const struct knob rows[] = {
	{
		.id = "vm.accel",
		.of_vm = true,
		.title = "guests run on the processor itself",
		.why = "without KVM every instruction is translated: ten to a hundred times slower, and no pinning mends it",
		.cost = "none where the machine has hardware virtualisation",
		.source = "qemu-system(1), -accel",
		.when = KNOB_VM,
		VM_HOST(9),
		.check = check_accel,
		.cure = "QEMU: -accel kvm; on a machine that is a guest itself, nested virtualisation must be allowed outside",
	},
	{
		.id = "vm.emulator_place",
		.of_vm = true,
		.title = "emulator and iothreads keep off the vCPUs' CPUs",
		.why = "QEMU's main loop serves monitor, timers, screens and disks: where it may run on a vCPU's CPU, the guest "
		       "waits",
		.cost = "a housekeeping CPU's time",
		.source = "kubevirt/kubevirt issue 2870; libvirt.org/formatdomain.html, emulatorpin",
		VM_HOST(6),
		.check = check_emulator,
		.cure = "taskset -cp @house TID for the threads named",
	},
	{
		.id = "vm.net_backend",
		.of_vm = true,
		.title = "packets do not pass through QEMU's main loop",
		.why = "vhost takes packets in the kernel and an assigned device without the host: QEMU's own loop adds two "
		       "switches, an emulated card several exits for each packet",
		.cost = "none",
		.source = "qemu-system(1), -netdev; drivers/vhost/net.c",
		.when = KNOB_VM,
		VM_HOST(6),
		.check = check_nics,
		.cure = "QEMU: -netdev tap,vhost=on with -device virtio-net-pci",
	},
	{
		.id = "vm.smt_share",
		.of_vm = true,
		.title = "two VMs do not share a core",
		.why = "hardware threads share one core's execution units and first caches: what the other VM does is felt, "
		       "and can be spied upon",
		.cost = "half of the hardware threads, or guests of whole cores",
		.source = "Documentation/admin-guide/hw-vuln/l1tf.rst; Documentation/admin-guide/hw-vuln/core-scheduling.rst",
		VM_HOST(5),
		.check = check_smt,
		.cure = "pin vCPUs so that both hardware threads of a core are one VM's",
	},
};

LOOK_ROWS(look_vm_place, rows);
