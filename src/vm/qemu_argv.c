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
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/sink.h"
#include "base/text.h"
#include "base/vec.h"
#include "vm/launch.h"
#include "vm/platform.h"
#include "vm/spec.h"

#define TB_SIZE_MB 128 /* translated code: mem-lock would lock QEMU's default of up to 1 GiB too */

static bool is_mac(const char *s)
{
	for (unsigned i = 0; i < 17; i++) {
		if (i % 3 == 2 ? s[i] != ':' : !s[i] || !strchr("0123456789abcdefABCDEF", s[i]))
			return false;
	}
	return s[17] == '\0';
}

/* Words for the guest kernel: nothing that could end the line or hide a control character. */
static bool is_append(const char *s)
{
	for (; *s; s++) {
		if ((unsigned char) *s < ' ' || *s == 0x7f)
			return false;
	}
	return true;
}

int vm_spec_check(const struct vm_spec *spec, struct err *err)
{
	if (!text_is_name(spec->name))
		return err_set(err, -EINVAL, "VM name '%s': letters, digits, dot, dash and underline only, at most 64",
			       spec->name);
	if (spec->vcpus < 1 || spec->vcpus > VM_VCPUS_MAX)
		return err_set(err, -EINVAL, "VM with %u vCPUs: give it 1 to %d", spec->vcpus, VM_VCPUS_MAX);
	if (spec->memory_mb < VM_MEMORY_MIN || spec->memory_mb > 16u << 20)
		return err_set(err, -EINVAL, "VM with %u MiB of memory: a stock kernel needs at least %d", spec->memory_mb,
			       VM_MEMORY_MIN);
	if (spec->n_nics > VM_NICS_MAX)
		return err_set(err, -EINVAL, "VM with %u network interfaces: at most %d", spec->n_nics, VM_NICS_MAX);
	for (unsigned i = 0; i < spec->n_nics; i++) {
		if (!is_mac(spec->nics[i].mac))
			return err_set(err, -EINVAL, "VM interface %u: '%.17s' is no MAC address (52:54:00:12:34:56)", i,
				       spec->nics[i].mac);
		if (spec->nics[i].tap_fd < 0)
			return err_set(err, -EINVAL, "VM interface %u has no tap", i);
	}
	if (spec->append && (strlen(spec->append) > 1024 || !is_append(spec->append)))
		return err_set(err, -EINVAL, "words for the guest kernel: control characters, or more than 1024 bytes");
	return 0;
}

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
	return w->prealloc || w->hugepage_kb;
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

static void add_cpu(struct argv *a, const struct vm_spec *vm, const struct vm_wiring *w)
{
	const struct vm_platform *p = vm->platform;

	argv_add(a, "-accel");
	if (p->accel.kind == VM_KVM)
		argv_addf(a, "kvm,kernel-irqchip=%s", p->accel.split_irqchip ? "split" : "on");
	else if (qemu_has(&p->qemu.caps, QEMU_CAP_TCG_TB_SIZE) && w->lock_memory)
		argv_addf(a, "tcg,thread=multi,tb-size=%d", TB_SIZE_MB);
	else
		argv_add(a, "tcg,thread=multi");
	argv_add(a, "-cpu");
	argv_addf(a, "%s%s", p->accel.cpu, p->accel.kind == VM_KVM && w->dedicated ? ",kvm-hint-dedicated=on" : "");
	argv_add(a, "-smp");
	argv_addf(a, "%u,sockets=1,cores=%u,threads=1", vm->vcpus, vm->vcpus);
}

static void add_memory(struct argv *a, const struct vm_spec *vm, const struct vm_wiring *w)
{
	bool threads = qemu_has(&vm->platform->qemu.caps, QEMU_CAP_RAM_PREALLOC_THREADS);

	argv_add(a, "-m");
	argv_addf(a, "%uM", vm->memory_mb);
	if (own_memory(w)) {
		argv_add(a, "-object");
		if (w->hugepage_kb)
			argv_addf(a,
				  "memory-backend-memfd,id=ram,size=%uM,share=on,hugetlb=on,hugetlbsize=%uM,prealloc=on%s,merge="
				  "off,dump=off",
				  vm->memory_mb, w->hugepage_kb / 1024, threads ? ",prealloc-threads=1" : "");
		else
			argv_addf(a, "memory-backend-ram,id=ram,size=%uM,prealloc=on%s,merge=off,dump=off", vm->memory_mb,
				  threads ? ",prealloc-threads=1" : "");
	}
	if (w->lock_memory)
		add(a, "-overcommit", "mem-lock=on");
}

static void add_nics(struct argv *a, const struct vm_spec *vm)
{
	for (unsigned i = 0; i < vm->n_nics; i++) {
		argv_add(a, "-netdev");
		argv_addf(a, "tap,id=net%u,fd=%d,vhost=off", i, vm->nics[i].tap_fd);
		argv_add(a, "-device");
		argv_addf(a, "virtio-net-pci,netdev=net%u,mac=%s,romfile=", i, vm->nics[i].mac);
	}
}

/* The serial console goes to a memory file; the agent talks over a virtio port. */
static void add_channels(struct argv *a, const struct vm_wiring *w)
{
	argv_add(a, "-add-fd");
	argv_addf(a, "fd=%d,set=1", w->console_fd);
	add(a, "-chardev", "file,id=console,path=/dev/fdset/1,append=on");
	add(a, "-serial", "chardev:console");
	launch_add_qmp(a, w->qmp_fd);
	add(a, "-device", "virtio-serial-pci,id=serial,max_ports=2");
	argv_add(a, "-chardev");
	argv_addf(a, "socket,id=control,fd=%d", w->control_fd);
	add(a, "-device", "virtserialport,bus=serial.0,nr=1,chardev=control,name=" VM_CONTROL);
}

/*
 * panic=-1: reboot at once, which -no-reboot turns into the end of QEMU.
 * quiet keeps the slow serial line silent; panics still get through.
 * no_timer_check, tsc=reliable: a TCG guest on a busy host misses ticks while
 * its vCPU is preempted.  It then panics over a "broken" IO-APIC, or gives up
 * the TSC for the ACPI timer, which costs an exit of microseconds per reading.
 * Neither is broken: the TSC is the host's, and the ticks come later.
 */
static void add_kernel(struct argv *a, const struct vm_spec *vm)
{
	const struct vm_platform *p = vm->platform;

	add(a, "-kernel", p->kernel.image);
	add(a, "-initrd", p->initrd);
	argv_add(a, "-append");
	argv_addf(a, "console=ttyS0 quiet panic=-1 random.trust_cpu=on no_timer_check%s%s%s",
		  p->accel.kind == VM_TCG ? " tsc=reliable" : "", vm->append ? " " : "", vm->append ? vm->append : "");
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
	argv_add_all(a, (const char *const[]){ "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-S", NULL });
	if (qemu_has(&p->qemu.caps, QEMU_CAP_ACTION))
		add(a, "-action", "panic=exit-failure");
	add_channels(a, w);
	add_nics(a, vm);
	add_kernel(a, vm);
	if (qemu_has(&p->qemu.caps, QEMU_CAP_SANDBOX))
		add(a, "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
}
