/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of a low-latency guest.
 *
 * q35 with everything removed that the guest does not need: each device left
 * out is one less timer, interrupt or main-loop handler.  SMM off: no guest
 * firmware traps.  No HPET: with it a TCG guest distrusts the TSC and reads
 * time by trapping; the PIT stays, because a guest under TCG that has neither
 * panics in timer calibration, and an idle PIT costs nothing afterwards.
 *
 * vCPUs appear as cores of one socket.  kvm-hint-dedicated tells the guest
 * that its vCPUs are never preempted (spin instead of yielding): a lie unless
 * each has a CPU to itself.
 *
 * Memory: anonymous pages for ordinary sizes, because the kernel can back them
 * by transparent huge pages, which it does for memfd only on request
 * (shmem_enabled, "never" by default); memfd for explicit huge pages.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/sink.h"
#include "base/text.h"
#include "base/vec.h"
#include "vm/launch.h"
#include "vm/platform.h"
#include "vm/spec.h"

#define CONSOLE_SET 1 /* fd sets of -add-fd: QEMU opens /dev/fdset/N like a file */
#define DISK_SET    2

#define TB_SIZE_MB 128 /* translated code: mem-lock would lock QEMU's default of up to 1 GiB too */

static void add(struct argv *a, const char *option, const char *value)
{
	argv_add(a, option);
	argv_add(a, value);
}

/* Machine properties that builds may lack, each said only where it exists. */
static const struct {
	enum qemu_cap cap;
	const char *text;
} machine_off[] = {
	{ .cap = QEMU_CAP_Q35_SMM, .text = "smm=off" },
	{ .cap = QEMU_CAP_Q35_VMPORT, .text = "vmport=off" },
	{ .cap = QEMU_CAP_Q35_HPET, .text = "hpet=off" },
	{ .cap = QEMU_CAP_Q35_I8042, .text = "i8042=off" },
	{ .cap = QEMU_CAP_Q35_SATA, .text = "sata=off" },
	{ .cap = QEMU_CAP_Q35_SMBUS, .text = "smbus=off" },
	{ .cap = QEMU_CAP_Q35_USB, .text = "usb=off" },
	{ .cap = QEMU_CAP_Q35_MEM_MERGE, .text = "mem-merge=off" },
	{ .cap = QEMU_CAP_Q35_DUMP, .text = "dump-guest-core=off" },
};

static bool own_memory(const struct vm_wiring *w)
{
	return w->prealloc || w->hugepage_kb || w->node >= 0;
}

static void add_machine(struct argv *a, const struct vm_platform *p, const struct vm_wiring *w)
{
	AUTO(sink_free) struct sink s = { 0 };

	sink_put(&s, "q35");
	for (size_t i = 0; i < ARRAY_SIZE(machine_off); i++) {
		if (qemu_has(&p->qemu.caps, machine_off[i].cap))
			sink_printf(&s, ",%s", machine_off[i].text);
	}
	if (own_memory(w))
		sink_put(&s, ",memory-backend=ram");
	add(a, "-M", s.text);
}

/* Promises to the guest that only hold while each vCPU has a CPU to itself, each said where the builds know it. */
static void add_hints(struct sink *s, const struct vm_platform *p, const struct vm_wiring *w)
{
	static const struct {
		enum qemu_cap cap;
		const char *text;
	} hints[] = {
		{ .cap = QEMU_CAP_KVM_HINT_DEDICATED, .text = "kvm-hint-dedicated=on" },
		{ .cap = QEMU_CAP_KVM_POLL_CONTROL, .text = "kvm-poll-control=on" },
	};

	for (size_t i = 0; p->accel.kind == VM_KVM && w->dedicated && i < ARRAY_SIZE(hints); i++) {
		if (qemu_has(&p->qemu.caps, hints[i].cap))
			sink_printf(s, ",%s", hints[i].text);
	}
}

static void add_cpu(struct argv *a, const struct vm_spec *vm, const struct vm_wiring *w)
{
	const struct vm_platform *p = vm->platform;
	AUTO(sink_free) struct sink cpu = { 0 };

	argv_add(a, "-accel");
	if (p->accel.kind == VM_KVM)
		argv_addf(a, "kvm,kernel-irqchip=%s", p->accel.split_irqchip ? "split" : "on");
	else if (qemu_has(&p->qemu.caps, QEMU_CAP_TCG_TB_SIZE) && w->lock_memory)
		argv_addf(a, "tcg,thread=multi,tb-size=%d", TB_SIZE_MB);
	else
		argv_add(a, "tcg,thread=multi");
	sink_put(&cpu, p->accel.cpu);
	add_hints(&cpu, p, w);
	add(a, "-cpu", cpu.text);
	argv_add(a, "-smp");
	argv_addf(a, "%u,sockets=1,cores=%u,threads=1", vm->vcpus, vm->vcpus);
}

static void add_backend(struct argv *a, const struct vm_spec *vm, const struct vm_wiring *w)
{
	AUTO(sink_free) struct sink s = { 0 };

	if (w->hugepage_kb)
		sink_printf(&s, "memory-backend-memfd,id=ram,size=%uM,share=on,hugetlb=on,hugetlbsize=%uM", vm->memory_mb,
			    w->hugepage_kb / 1024);
	else
		sink_printf(&s, "memory-backend-ram,id=ram,size=%uM", vm->memory_mb);
	if (w->prealloc || w->hugepage_kb) {
		sink_put(&s, ",prealloc=on");
		if (qemu_has(&vm->platform->qemu.caps, QEMU_CAP_RAM_PREALLOC_THREADS))
			sink_put(&s, ",prealloc-threads=1");
	}
	if (w->node >= 0)
		sink_printf(&s, ",host-nodes=%d,policy=bind", w->node);
	sink_put(&s, ",merge=off,dump=off");
	add(a, "-object", s.text);
}

static void add_memory(struct argv *a, const struct vm_spec *vm, const struct vm_wiring *w)
{
	bool pm = vm->cpu_pm && qemu_has(&vm->platform->qemu.caps, QEMU_CAP_CPU_PM);

	argv_add(a, "-m");
	argv_addf(a, "%uM", vm->memory_mb);
	if (own_memory(w))
		add_backend(a, vm, w);
	if (w->lock_memory || pm) {
		argv_add(a, "-overcommit");
		argv_addf(a, "%s%s%s", w->lock_memory ? "mem-lock=on" : "", w->lock_memory && pm ? "," : "",
			  pm ? "cpu-pm=on" : "");
	}
}

/* "name=20" for one queue, "names=20:21" for several. */
static void put_fds(struct sink *s, const char *name, const int *fds, unsigned n)
{
	sink_printf(s, ",%s%s=", name, n > 1 ? "s" : "");
	for (unsigned i = 0; i < n; i++)
		sink_printf(s, "%s%d", i ? ":" : "", fds[i]);
}

static void add_netdev(struct argv *a, const struct vm_nic *nic, unsigned i)
{
	unsigned queues = nic->queues ? nic->queues : 1;
	AUTO(sink_free) struct sink s = { 0 };

	sink_printf(&s, "tap,id=net%u", i);
	put_fds(&s, "fd", nic->tap_fd, queues);
	if (nic->kind == VM_NIC_VIRTIO)
		sink_put(&s, nic->vhost ? ",vhost=on" : ",vhost=off");
	if (nic->vhost)
		put_fds(&s, "vhostfd", nic->vhost_fd, queues);
	add(a, "-netdev", s.text);
}

/* With several queues: two vectors a pair, one for configuration changes, one for the control queue. */
static void add_nic(struct argv *a, const struct vm_nic *nic, unsigned i)
{
	AUTO(sink_free) struct sink s = { 0 };
	unsigned queues = nic->queues ? nic->queues : 1;

	if (nic->kind == VM_NIC_VFIO) {
		/* Behind a port of its own it is what it is on the host: a PCI Express device. */
		argv_add(a, "-device");
		argv_addf(a, "pcie-root-port,id=port%u,chassis=%u,hotplug=off", i, i + 1);
		argv_add(a, "-device");
		argv_addf(a, "vfio-pci,id=net%u,host=%s,bus=port%u,rombar=0", i, nic->host, i);
		return;
	}
	add_netdev(a, nic, i);
	sink_printf(&s, "%s,netdev=net%u,mac=%s", nic->kind == VM_NIC_E1000E ? "e1000e" : "virtio-net-pci", i, nic->mac);
	if (queues > 1)
		sink_printf(&s, ",mq=on,vectors=%u", 2 * queues + 2);
	sink_put(&s, ",romfile=");
	add(a, "-device", s.text);
}

/*
 * The serial console goes to a memory file, in which vlat looks for a panic, and to a socket for a person who
 * asked for one; the agent talks over a virtio port.
 */
static void add_channels(struct argv *a, const struct vm_spec *vm, const struct vm_wiring *w)
{
	argv_add(a, "-add-fd");
	argv_addf(a, "fd=%d,set=%d", w->console_fd, CONSOLE_SET);
	argv_add(a, "-chardev");
	if (vm->console)
		argv_addf(a, "socket,id=console,fd=%d,server=on,wait=off,logfile=/dev/fdset/%d,logappend=on", w->listen_fd,
			  CONSOLE_SET);
	else
		argv_addf(a, "file,id=console,path=/dev/fdset/%d,append=on", CONSOLE_SET);
	add(a, "-serial", "chardev:console");
	launch_add_qmp(a, w->qmp_fd);
	add(a, "-device", vm->agent ? "virtio-serial-pci,id=serial,max_ports=3" : "virtio-serial-pci,id=serial,max_ports=2");
	argv_add(a, "-chardev");
	argv_addf(a, "socket,id=control,fd=%d", w->control_fd);
	add(a, "-device", "virtserialport,bus=serial.0,nr=1,chardev=control,name=" VM_CONTROL);
	if (!vm->agent)
		return;
	argv_add(a, "-chardev");
	argv_addf(a, "socket,id=agent,fd=%d,server=on,wait=off", w->agent_fd);
	add(a, "-device", "virtserialport,bus=serial.0,nr=2,chardev=agent,name=" VM_GUEST_AGENT);
}

/* A thread of its own: the main loop carries the packets of a tap without vhost, and must not wait for a disk. */
static void add_disk(struct argv *a, const struct vm_spec *vm, const struct vm_wiring *w)
{
	const char *read_only = vm->disk.read_only ? ",read-only=on" : "";

	argv_add(a, "-add-fd");
	argv_addf(a, "fd=%d,set=%d", w->disk_fd, DISK_SET);
	add(a, "-object", "iothread,id=disk-io");
	argv_add(a, "-blockdev");
	argv_addf(a, "driver=file,node-name=disk-file,filename=/dev/fdset/%d%s", DISK_SET, read_only);
	argv_add(a, "-blockdev");
	argv_addf(a, "driver=%s,node-name=disk,file=disk-file%s", vm->disk.format == VM_DISK_QCOW2 ? "qcow2" : "raw", read_only);
	add(a, "-device", "virtio-blk-pci,drive=disk,iothread=disk-io,bootindex=1");
}

/*
 * panic=-1: reboot at once, which -no-reboot turns into the end of QEMU.
 * quiet keeps the slow serial line silent; panics still get through.
 * no_timer_check, tsc=reliable: a TCG guest on a busy host misses ticks while
 * its vCPU is preempted.  It then panics over a "broken" IO-APIC, or gives up
 * the TSC for the ACPI timer, which costs an exit of microseconds per reading.
 * Neither is broken: the TSC is the host's, and the ticks come later.
 */
static void add_kernel(struct argv *a, const struct vm_spec *vm, const struct vm_wiring *w)
{
	const char *own = "console=ttyS0 quiet panic=-1 random.trust_cpu=on no_timer_check";
	const char *parts[] = {
		vm_is_own(vm) ? NULL : own,
		!vm_is_own(vm) && vm->platform->accel.kind == VM_TCG ? "tsc=reliable" : NULL,
		w->guest_words,
		vm->append,
	};
	AUTO(sink_free) struct sink s = { 0 };

	if (!w->kernel)
		return;
	add(a, "-kernel", w->kernel);
	if (w->initrd)
		add(a, "-initrd", w->initrd);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (parts[i] && *parts[i])
			sink_printf(&s, "%s%s", s.len ? " " : "", parts[i]);
	}
	if (s.len)
		add(a, "-append", s.text);
}

void qemu_argv(struct argv *a, const struct vm_spec *vm, const struct vm_wiring *w)
{
	const struct vm_platform *p = vm->platform;

	argv_add(a, p->qemu.path);
	argv_add(a, "-name");
	argv_addf(a, "guest=%s,process=vlat-%s,debug-threads=on", vm->name, vm->name);
	add_machine(a, p, w);
	add_cpu(a, vm, w);
	add_memory(a, vm, w);
	argv_add_all(a, (const char *const[]){ "-nodefaults", "-no-user-config", "-display", "none", "-S", NULL });
	if (!vm_is_own(vm))
		argv_add(a, "-no-reboot");
	if (qemu_has(&p->qemu.caps, QEMU_CAP_ACTION))
		add(a, "-action", "panic=exit-failure");
	add_channels(a, vm, w);
	if (vm->disk.path)
		add_disk(a, vm, w);
	for (unsigned i = 0; i < vm->n_nics; i++)
		add_nic(a, &vm->nics[i], i);
	if (vm_is_own(vm) && qemu_has(&p->qemu.caps, QEMU_CAP_VIRTIO_RNG))
		add(a, "-device", "virtio-rng-pci");
	add_kernel(a, vm, w);
	if (qemu_has(&p->qemu.caps, QEMU_CAP_SANDBOX))
		add(a, "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
}
