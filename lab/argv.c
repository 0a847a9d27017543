/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The emulated host as a QEMU command line.
 *
 * The CPU is "max" with two liberties.  An invariant TSC, which TCG does not
 * claim by itself: without one PREEMPT_RT's KVM refuses to load, and the clock
 * is the HPET.  x-force-features makes the claim stick, with a warning on
 * stderr.  TCG's "max" is an AMD CPU with SVM, so KVM nests; the IOMMU is
 * Intel's all the same, because it is found by ACPI and the only one of QEMU's
 * that does both interrupt remapping and (caching-mode) VFIO inside a guest.
 *
 * Each card sits behind a PCIe root port of its own: an IOMMU group of its own
 * and, for igb, the ARI that SR-IOV wants.  All cards are plugged into one hub,
 * so that a card given away still has somebody to talk to.
 *
 * HPET off and PIT on: see src/vm/qemu_argv.c.  tsc=reliable and no_timer_check,
 * because on a busy machine the kernel blames the TSC, or the I/O APIC (and then
 * it panics), for a vCPU that did not run.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/sink.h"
#include "base/text.h"
#include "lab.h"
#include "wire.h"

#define MACHINE "q35,kernel-irqchip=split,hpet=off,smm=off,vmport=off,usb=off,graphics=off,i8042=off,sata=off,smbus=off"

static const char *const devices[LAB_NIC_KINDS] = {
	[LAB_IGB] = "igb",
	[LAB_E1000E] = "e1000e",
	[LAB_VIRTIO] = "virtio-net-pci,disable-legacy=on,iommu_platform=on,ats=on",
};

static void add(struct argv *a, const char *option, const char *value)
{
	argv_add(a, option);
	argv_add(a, value);
}

static void add_nics(struct argv *a, const struct lab_spec *s)
{
	for (unsigned i = 0; i < s->n_nics; i++) {
		argv_add(a, "-device");
		argv_addf(a, "pcie-root-port,id=rp%u,bus=pcie.0,chassis=%u,slot=%u", i, i + 1, i + 1);
		argv_add(a, "-netdev");
		argv_addf(a, "hubport,id=n%u,hubid=0", i);
		argv_add(a, "-device");
		argv_addf(a, "%s,bus=rp%u,netdev=n%u,mac=52:54:00:aa:00:%02x,romfile=", devices[s->nics[i]], i, i, i + 1);
	}
}

/* The value of a QEMU option: a comma in it is written twice. */
static char *escaped(const char *value)
{
	struct sink s = { 0 };

	sink_put(&s, "");
	for (; *value; value++)
		sink_put(&s, *value == ',' ? ",," : (const char[]){ *value, '\0' });
	return s.text;
}

static void add_9p(struct argv *a, const struct lab_share *s)
{
	AUTO_FREE char *path = escaped(s->path);

	argv_add(a, "-fsdev");
	argv_addf(a, "local,id=%s,path=%s,security_model=none,multidevs=remap%s", s->tag, path,
		  s->read_only ? ",readonly=on" : "");
	argv_add(a, "-device");
	argv_addf(a, "virtio-9p-pci,fsdev=%s,mount_tag=%s", s->tag, s->tag);
}

static void add_virtiofs(struct argv *a, const struct lab_share *s)
{
	argv_add(a, "-chardev");
	argv_addf(a, "socket,id=fs-%s,fd=%d", s->tag, s->fd);
	argv_add(a, "-device");
	argv_addf(a, "vhost-user-fs-pci,chardev=fs-%s,tag=%s,queue-size=1024", s->tag, s->tag);
}

static void add_shares(struct argv *a, const struct lab_parts *p)
{
	for (size_t i = 0; i < LAB_SHARES; i++) {
		if (p->shares[i].path && p->shares[i].fd >= 0)
			add_virtiofs(a, &p->shares[i]);
		else if (p->shares[i].path)
			add_9p(a, &p->shares[i]);
	}
}

/* What virtiofsd writes to has to be shared with it. */
static void add_memory(struct argv *a, const struct lab_spec *s, const struct lab_parts *p)
{
	bool shared = p->shares[LAB_SHARE_ROOT].fd >= 0;

	argv_add(a, "-M");
	argv_addf(a, MACHINE "%s", shared ? ",memory-backend=ram" : "");
	argv_add(a, "-m");
	argv_addf(a, "%uM", s->memory_mb);
	if (shared) {
		argv_add(a, "-object");
		argv_addf(a, "memory-backend-memfd,id=ram,size=%uM,share=on", s->memory_mb);
	}
}

static void add_machine(struct argv *a, const struct lab_spec *s, const struct lab_parts *p)
{
	argv_add(a, p->qemu);
	if (p->qemu_data[0]) {
		argv_add(a, "-L");
		argv_addf(a, "%s/qemu", p->qemu_data);
		argv_add(a, "-L");
		argv_addf(a, "%s/seabios", p->qemu_data);
	}
	add(a, "-name", "guest=lab,process=vlat-lab-qemu,debug-threads=on");
	add(a, "-accel", "tcg,thread=multi");
	add(a, "-cpu", "max,x-force-features=on,+invtsc");
	add_memory(a, s, p);
	add(a, "-device", "intel-iommu,intremap=on,caching-mode=on");
	argv_add(a, "-smp");
	if (s->smp)
		argv_add(a, s->smp);
	else
		argv_addf(a, "%u", s->cpus);
	argv_add(a, "-nodefaults");
	argv_add(a, "-no-user-config");
	add(a, "-display", "none");
	add(a, "-rtc", "base=utc");
	argv_add(a, "-no-reboot");
	add(a, "-device", "virtio-rng-pci");
}

static void add_kernel(struct argv *a, const struct lab_spec *s, const struct lab_parts *p)
{
	add(a, "-kernel", p->vmlinux[0] ? p->vmlinux : p->kernel.image);
	add(a, "-initrd", p->initrd);
	argv_add(a, "-append");
	argv_addf(a, "console=ttyS0 quiet panic=-1 tsc=reliable no_timer_check intel_iommu=on iommu=pt cgroup_no_v1=all%s%s",
		  s->cmdline ? " " : "", s->cmdline ? s->cmdline : "");
}

static void add_wires(struct argv *a, const struct lab_parts *p)
{
	argv_add(a, "-add-fd");
	argv_addf(a, "fd=%d,set=1", p->console_fd);
	add(a, "-chardev", "file,id=console,path=/dev/fdset/1,append=on");
	add(a, "-serial", "chardev:console");
	add(a, "-device", "virtio-serial-pci,max_ports=2");
	argv_add(a, "-chardev");
	argv_addf(a, "socket,id=control,fd=%d", p->control_fd);
	add(a, "-device", "virtserialport,nr=1,chardev=control,name=" LAB_PORT);
}

/* The person's own words: parted by blanks, as they would be on a command line without quotes. */
static void add_words(struct argv *a, const char *text)
{
	while (*(text += strspn(text, " \t"))) {
		size_t n = strcspn(text, " \t");

		argv_addf(a, "%.*s", (int) n, text);
		text += n;
	}
}

void lab_argv(struct argv *ret, const struct lab_spec *spec, const struct lab_parts *parts)
{
	add_machine(ret, spec, parts);
	add_kernel(ret, spec, parts);
	add_wires(ret, parts);
	add_shares(ret, parts);
	if (parts->disk_fd >= 0) {
		argv_add(ret, "-drive");
		argv_addf(ret, "file=/proc/self/fd/%d,format=raw,if=none,id=disk,cache=unsafe,discard=unmap", parts->disk_fd);
		add(ret, "-device", "virtio-blk-pci,drive=disk,serial=lab");
	}
	add_nics(ret, spec);
	if (spec->qemu_words)
		add_words(ret, spec->qemu_words);
}
