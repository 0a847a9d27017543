/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that are only looked at: running virtual machines, by their command lines and threads. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "knob/internal.h"
#include "knob/vm.h"

/* A knob that is one key of one option: "-cpu KEY=...". */
struct vm_option {
	const char *id, *option, *key, *absent; /* absent: what QEMU does when nothing is said */
};

static const struct vm_option vm_options[] = {
	{ "vm.cpu_host", "cpu", "", "QEMU's default model" },
	{ "vm.cpu_pm", "overcommit", "cpu-pm", "off" },
	{ "vm.hint_dedicated", "cpu", "kvm-hint-dedicated", "off" },
	{ "vm.poll_control", "cpu", "kvm-poll-control", "off" },
	{ "vm.tsc_deadline", "cpu", "tsc-deadline", "as the model has it" },
	{ "vm.x2apic", "cpu", "x2apic", "as the model has it" },
	{ "vm.pmu_off", "cpu", "pmu", "as the model has it" },
	{ "net.vhost_poll", "netdev", "poll-us", "0" },
};

static void vm_keyed(const struct knob *k, const struct knob_ctx *c, const struct qemu *q, const char *target,
		     struct settings *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(vm_options); i++) {
		char value[96];

		if (!text_eq(vm_options[i].id, k->id))
			continue;
		if (!qemu_value(q, vm_options[i].option, vm_options[i].key, value, sizeof(value)))
			text_print(value, sizeof(value), "%s", vm_options[i].absent);
		look_value(k, c, out, target, VALUE_TEXT, value);
	}
}

static int check_key(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) err;
	return each_vm(k, c, out, vm_keyed);
}

static void vm_invtsc(const struct knob *k, const struct knob_ctx *c, const struct qemu *q, const char *target,
		      struct settings *out)
{
	char value[32] = "", migratable[32] = "";

	(void) k;
	(void) c;
	qemu_value(q, "cpu", "invtsc", value, sizeof(value));
	qemu_value(q, "cpu", "migratable", migratable, sizeof(migratable));
	look_says(out, text_eq(value, "on") || text_eq(migratable, "off") || text_eq(migratable, "no"), target,
		  value[0] ? value : "off", "on");
}

static int check_invtsc(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) err;
	return each_vm(k, c, out, vm_invtsc);
}

static void vm_iothread(const struct knob *k, const struct knob_ctx *c, const struct qemu *q, const char *target,
			struct settings *out)
{
	char value[96];
	size_t at = 0;
	bool disk = qemu_option(q, "drive", &at) || (at = 0, qemu_option(q, "blockdev", &at));

	(void) k;
	(void) c;
	if (!disk)
		return;
	if (!qemu_value(q, "device", "iothread", value, sizeof(value)))
		text_print(value, sizeof(value), "none");
	look_says(out, !text_eq(value, "none"), target, value, "an iothread for each disk");
}

static int check_iothread(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) err;
	return each_vm(k, c, out, vm_iothread);
}

/* Huge pages by any of the three ways to say it. */
static void vm_backing(const struct knob *k, const struct knob_ctx *c, const struct qemu *q, const char *target,
		       struct settings *out)
{
	char path[128] = "", huge[16] = "";
	bool ok;

	(void) k;
	(void) c;
	qemu_value(q, "object", "hugetlb", huge, sizeof(huge));
	qemu_value(q, "object", "mem-path", path, sizeof(path));
	for (size_t i = 1; i + 1 < q->argc && !path[0]; i++) {
		if (text_eq(q->argv[i], "-mem-path"))
			text_print(path, sizeof(path), "%s", q->argv[i + 1]);
	}
	ok = text_eq(huge, "on") || strstr(path, "huge");
	look_says(out, ok, target, ok ? "huge pages" : path[0] ? path : "small pages", "huge pages");
}

static int check_backing(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) err;
	return each_vm(k, c, out, vm_backing);
}

static void vm_devices(const struct knob *k, const struct knob_ctx *c, const struct qemu *q, const char *target,
		       struct settings *out)
{
	static const char *const costly[] = { "usb", "balloon", "vga", "qxl", "virtio-gpu" };
	char found[160] = "", hpet[16] = "";
	const char *text;
	size_t at = 0;

	(void) k;
	(void) c;
	while ((text = qemu_option(q, "device", &at))) {
		for (size_t i = 0; i < ARRAY_SIZE(costly); i++) {
			size_t len = strlen(found);

			if (strstr(text, costly[i]) && !strstr(found, costly[i]))
				text_print(found + len, sizeof(found) - len, "%s%s", len ? ", " : "", costly[i]);
		}
	}
	qemu_value(q, "machine", "hpet", hpet, sizeof(hpet));
	if (!text_eq(hpet, "off") && !text_starts(hpet, "no")) {
		char machine[64] = "";

		qemu_value(q, "machine", "", machine, sizeof(machine));
		if (!text_starts(machine, "microvm") && !text_starts(machine, "virt"))
			text_print(found + strlen(found), sizeof(found) - strlen(found), "%shpet", found[0] ? ", " : "");
	}
	look_says(out, !found[0], target, found[0] ? found : "none", "none");
}

static int check_devices(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) err;
	return each_vm(k, c, out, vm_devices);
}

static void vm_topology(const struct knob *k, const struct knob_ctx *c, const struct qemu *q, const char *target,
			struct settings *out)
{
	char threads[16] = "1";

	qemu_value(q, "smp", "threads", threads, sizeof(threads));
	look_value(k, c, out, target, VALUE_TEXT, threads);
}

static int check_topology(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) err;
	return each_vm(k, c, out, vm_topology);
}

static void vm_queues(const struct knob *k, const struct knob_ctx *c, const struct qemu *q, const char *target,
		      struct settings *out)
{
	char queues[16] = "1", smp[16] = "1", want[32];
	size_t at = 0;

	(void) k;
	(void) c;
	if (!qemu_option(q, "netdev", &at))
		return;
	qemu_value(q, "netdev", "queues", queues, sizeof(queues));
	if (!qemu_value(q, "smp", "", smp, sizeof(smp)))
		qemu_value(q, "smp", "cpus", smp, sizeof(smp));
	text_print(want, sizeof(want), "<=%s", smp);
	look_says(out, want_met(VALUE_NUMBER, queues, want), target, queues, want);
}

static int check_vm_queues(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) err;
	return each_vm(k, c, out, vm_queues);
}

#define VM_HOST(want_, effect_) ROLES(W(want_, effect_), LEAVE, LEAVE, LEAVE)
#define CPU_DOC                 "QEMU documentation, system/i386/cpu; "

static const struct knob rows[] = {
	{
		.id = "mem.numa_bind",
		.title = "guest memory on the node of its vCPUs",
		.why = "each miss of the cache that goes to another node takes 60 to 100 ns longer",
		.cost = "the guest must fit on the node",
		.source = "numa(7); Documentation/admin-guide/mm/numa_memory_policy.rst",
		.of_vm = true,
		.when = KNOB_VM,
		VM_HOST("*", 5),
		.check = check_vm_nodes,
		.cure = "QEMU: -object memory-backend-...,host-nodes=N,policy=bind; libvirt: <numatune><memory mode='strict' "
			"nodeset='N'/>",
	},
	{
		.id = "net.vhost_poll",
		.of_vm = true,
		.title = "vhost workers poll for a moment",
		.why = "a worker that looks again for some microseconds needs no kick and no wake-up: worth it with a spare CPU",
		.cost = "that much CPU of the host",
		.source = "qemu-system(1), -netdev tap,poll-us; drivers/vhost/net.c",
		.when = KNOB_VM,
		VM_HOST("?", 0),
		.check = check_key,
		.cure = "QEMU: -netdev tap,vhost=on,poll-us=50",
	},
	{
		.id = "net.vhost_worker",
		.of_vm = true,
		.title = "vhost workers keep off the vCPUs' CPUs",
		.why = "since 6.4 they are threads of QEMU and inherit its CPUs: pinned with it, they take the vCPU's time",
		.cost = "a housekeeping CPU for packets",
		.source = "drivers/vhost/vhost.c; kernel/vhost_task.c",
		VM_HOST("*", 7),
		.check = check_vhost,
		.cure = "taskset -cp @house TID for the threads named; libvirt: <emulatorpin cpuset='@house'/> holds them too",
	},
	{
		.id = "net.virtio_queue",
		.of_vm = true,
		.title = "no more network queues than vCPUs",
		.why = "one queue for each vCPU that is busy keeps interrupt and reader together; each more is another worker",
		.cost = "none",
		.source = "qemu-system(1), -netdev tap,queues",
		.when = KNOB_VM,
		VM_HOST("*", 2),
		.check = check_vm_queues,
		.cure = "QEMU: -netdev tap,queues=N with -device virtio-net-pci,mq=on,vectors=2N+2; libvirt: <driver "
			"queues='N'/>",
	},
	{
		.id = "vm.cpu_host",
		.of_vm = true,
		.title = "guests see the host's processor",
		.why = "features that a model leaves out are emulated or missing: invariant clock, x2APIC, waiting instructions",
		.cost = "the guest cannot move to another kind of processor while it runs",
		.source = CPU_DOC "libvirt.org/kbase/kvm-realtime.html",
		.when = KNOB_VM,
		VM_HOST("host|max", 5),
		.check = check_key,
		.cure = "QEMU: -cpu host; libvirt: <cpu mode='host-passthrough'/>; Proxmox: cpu: host; KubeVirt: model: "
			"host-passthrough",
	},
	{
		.id = "vm.cpu_pm",
		.of_vm = true,
		.title = "guests sleep without exits",
		.why = "an idle vCPU executes HLT or MWAIT itself: it wakes without help of the host",
		.cost = "its CPU looks busy to the host for ever: only with a CPU of its own, and with sch.rt_runtime in mind",
		.source = "qemu-system(1), -overcommit cpu-pm",
		.when = KNOB_VM,
		VM_HOST("?", 0),
		.check = check_key,
		.cure = "QEMU: -overcommit cpu-pm=on",
		.dispute = "the largest gain for a pinned vCPU and the largest loss for a shared one: measure it, so it is only "
			   "shown",
	},
	{
		.id = "vm.devices_off",
		.of_vm = true,
		.title = "no devices that wake the emulator",
		.why = "each emulated timer, USB port, balloon or screen wakes QEMU's main loop and makes vCPUs exit",
		.cost = "those devices",
		.source = "libvirt.org/kbase/kvm-realtime.html",
		.when = KNOB_VM,
		VM_HOST("*", 2),
		.check = check_devices,
		.cure = "QEMU: -nodefaults -machine q35,hpet=off; libvirt: <memballoon model='none'/>, <timer name='hpet' "
			"present='no'/>",
	},
	{
		.id = "vm.hint_dedicated",
		.of_vm = true,
		.title = "guests know that their CPUs are their own",
		.why = "the guest then spins instead of yielding, and loads its idle polling by itself",
		.cost = "a false promise hurts where vCPUs share CPUs",
		.source = "Documentation/virt/kvm/x86/cpuid.rst, KVM_HINTS_REALTIME",
		.when = KNOB_VM,
		VM_HOST("on", 3),
		.check = check_key,
		.cure = "QEMU: -cpu host,kvm-hint-dedicated=on, for pinned vCPUs; libvirt: <kvm><hint-dedicated "
			"state='on'/></kvm>",
	},
	{
		.id = "vm.invtsc",
		.of_vm = true,
		.title = "guests may use the processor's clock",
		.why = "without the promise that it never stops, guests take a clock that costs more to read",
		.cost = "no live migration to a host of another clock rate",
		.source = CPU_DOC "Documentation/virt/kvm/x86/timekeeping.rst",
		.when = KNOB_VM,
		VM_HOST("*", 3),
		.check = check_invtsc,
		.cure = "QEMU: -cpu host,migratable=no,+invtsc; libvirt: <feature policy='require' name='invtsc'/>",
	},
	{
		.id = "vm.iothread",
		.of_vm = true,
		.title = "disks have a thread of their own",
		.why = "otherwise disk requests wait for QEMU's main loop and its lock",
		.cost = "a housekeeping CPU's time",
		.source = "QEMU documentation, -object iothread",
		.when = KNOB_VM,
		VM_HOST("*", 3),
		.check = check_iothread,
		.cure = "QEMU: -object iothread,id=io0 -device virtio-blk-pci,iothread=io0; libvirt: <iothreads> and <driver "
			"iothread='1'/>",
	},
	{
		.id = "vm.memory",
		.of_vm = true,
		.title = "guest memory on huge pages",
		.why = "a guest's TLB miss walks two tables: small pages make both long, and can be swapped, merged and moved",
		.cost = "the memory is set aside before the guest starts",
		.source = "QEMU documentation, memory-backend-memfd; "
			  "Documentation/admin-guide/mm/hugetlbpage.rst",
		.when = KNOB_VM,
		VM_HOST("*", 6),
		.check = check_backing,
		.cure = "QEMU: -object memory-backend-memfd,id=m,size=SIZE,hugetlb=on,prealloc=on -machine memory-backend=m; "
			"libvirt: <memoryBacking><hugepages/></memoryBacking>; KubeVirt: memory.hugepages.pageSize",
	},
	{
		.id = "vm.pmu_off",
		.of_vm = true,
		.title = "no performance counters in guests",
		.why = "they are switched at every entry and exit",
		.cost = "no perf and no hard-lockup watchdog inside",
		.source = "libvirt.org/kbase/kvm-realtime.html",
		.when = KNOB_VM,
		VM_HOST("off", 2),
		.check = check_key,
		.cure = "QEMU: -cpu host,pmu=off; libvirt: <features><pmu state='off'/></features>",
	},
	{
		.id = "vm.poll_control",
		.of_vm = true,
		.title = "guests can switch the host's polling off",
		.why = "a guest that polls before it sleeps should not be polled for again by the host",
		.cost = "none",
		.source = "Documentation/virt/guest-halt-polling.rst",
		.when = KNOB_VM,
		VM_HOST("?", 0),
		.check = check_key,
		.cure = "QEMU: -cpu host,kvm-poll-control=on; libvirt: <kvm><poll-control state='on'/></kvm>",
	},
	{
		.id = "vm.topology",
		.of_vm = true,
		.title = "hardware threads shown to guests",
		.why = "a guest that sees siblings as cores puts two busy threads on one core: 1 unless siblings are pinned as "
		       "pairs",
		.cost = "none",
		.source = "qemu-system(1), -smp",
		.when = KNOB_VM,
		VM_HOST("?", 0),
		.check = check_topology,
		.cure = "QEMU: -smp N,sockets=1,cores=N,threads=1; libvirt: <topology sockets='1' cores='N' threads='1'/>",
	},
	{
		.id = "vm.tsc_deadline",
		.of_vm = true,
		.title = "guests arm timers by one register",
		.why = "without it each timer is programmed by several exits",
		.cost = "none: it is the default of every recent model",
		.source = CPU_DOC "kubevirt/kubevirt issue 9509",
		.when = KNOB_VM,
		VM_HOST("!off", 3),
		.check = check_key,
		.cure = "QEMU: -cpu host,+tsc-deadline",
	},
	{
		.id = "vm.x2apic",
		.of_vm = true,
		.title = "guests reach their interrupt controller by register",
		.why = "without x2APIC each interrupt between vCPUs is a write to memory that the host has to decode",
		.cost = "none: it is the default under KVM",
		.source = CPU_DOC "Documentation/virt/kvm/api.rst, KVM_CAP_X2APIC_API",
		.when = KNOB_VM,
		VM_HOST("!off", 3),
		.check = check_key,
		.cure = "QEMU: -cpu host,+x2apic",
	},
};

LOOK_ROWS(look_vm, rows);
