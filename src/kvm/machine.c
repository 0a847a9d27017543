/* SPDX-License-Identifier: Apache-2.0 */
#include "kvm/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__x86_64__)

#include <cpuid.h>
#include <linux/kvm.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "kvm/guest.h"

#define CPUID_MOST   256
#define TSS_ADDRESS  0xfffbd000u        /* where old Intel CPUs need room */
#define X2APIC       (1u << 21)
#define TSC_DEADLINE (1u << 24)

/* CR0: protection, x87 not emulated, paging.  CR4: PAE.  EFER: long mode, on and active. */
enum { CR0_PE_MP_ET_NE_PG = 1 | 2 | 16 | 32, EFER_LME_LMA = 0x500, CR4_PAE = 0x20 };
#define CR0_PG  (1ull << 31)
#define APIC_ON (1ull << 11 | 1ull << 10)       /* enabled, x2APIC */
#define APIC_BASE 0xfee00000ull
#define APIC_BSP  (1ull << 8)

static int device_open(struct machine *m, struct err *err)
{
	int version;

	m->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (m->kvm < 0 && (errno == ENOENT || errno == ENODEV || errno == ENXIO))
		return err_set(err, -errno,
			       "there is no /dev/kvm: virtualization is off in the firmware or in the hypervisor above, or"
			       " kvm_intel or kvm_amd is not loaded");
	if (m->kvm < 0 && (errno == EACCES || errno == EPERM))
		return err_set(err, -errno, "/dev/kvm is not yours to open: become a member of group kvm");
	if (m->kvm < 0)
		return err_sys(err, -errno, "open /dev/kvm");
	version = ioctl(m->kvm, KVM_GET_API_VERSION, 0);
	if (version != KVM_API_VERSION)
		return err_set(err, -EPROTO, "/dev/kvm speaks version %d of its interface, not %d", version, KVM_API_VERSION);
	return 0;
}

static int memory_give(struct machine *m, struct err *err)
{
	struct kvm_userspace_memory_region region = { .memory_size = GUEST_BYTES };

	m->memory = mmap(NULL, GUEST_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (m->memory == MAP_FAILED)
		return err_sys(err, -errno, "no memory for the guest");
	region.userspace_addr = (uint64_t) (uintptr_t) m->memory;
	if (ioctl(m->vm, KVM_SET_USER_MEMORY_REGION, &region) < 0)
		return err_sys(err, -errno, "KVM takes no memory for the guest");
	guest_lay(m->memory);
	return 0;
}

static int vm_create(struct machine *m, struct err *err)
{
	m->vm = ioctl(m->kvm, KVM_CREATE_VM, 0);
	if (m->vm < 0)
		return err_sys(err, -errno, "KVM makes no virtual machine");
	ioctl(m->vm, KVM_SET_TSS_ADDR, TSS_ADDRESS);    /* only Intel's needs it */
	m->apic = ioctl(m->vm, KVM_CREATE_IRQCHIP, 0) == 0;
	if (!m->apic)
		text_print(m->no_apic, sizeof(m->no_apic), "KVM makes no interrupt controller (%s)", strerror(errno));
	return memory_give(m, err);
}

/* What this KVM offers, with the APIC's own mode and its timer by deadline, which KVM itself provides. */
static int cpuid_set(struct machine *m, unsigned i, struct err *err)
{
	AUTO_FREE struct kvm_cpuid2 *c = calloc(1, sizeof(*c) + CPUID_MOST * sizeof(c->entries[0]));

	if (!c)
		return err_set(err, -ENOMEM, "no memory for the guest's CPUID");
	c->nent = CPUID_MOST;
	if (ioctl(m->kvm, KVM_GET_SUPPORTED_CPUID, c) < 0)
		return err_sys(err, -errno, "KVM does not say which CPUs it offers");
	m->deadline_timer = ioctl(m->kvm, KVM_CHECK_EXTENSION, KVM_CAP_TSC_DEADLINE_TIMER) > 0;
	for (unsigned n = 0; n < c->nent; n++) {
		struct kvm_cpuid_entry2 *e = &c->entries[n];

		if (e->function != 1)
			continue;
		e->ebx = (e->ebx & 0xffffff) | i << 24;
		e->ecx |= X2APIC | (m->deadline_timer ? TSC_DEADLINE : 0);
	}
	if (ioctl(m->vcpu[i], KVM_SET_CPUID2, c) < 0)
		return err_sys(err, -errno, "KVM does not take the CPUID that it offers itself");
	return 0;
}

/* What a guest's TSC runs at where KVM does not say. */
static uint32_t host_tsc_khz(void)
{
	uint64_t ns = clock_ns(), ticks = __builtin_ia32_rdtsc();

	clock_sleep_ns(10 * NS_PER_MS);
	ticks = __builtin_ia32_rdtsc() - ticks;
	return (uint32_t) (ticks * 1000000 / (clock_ns() - ns));
}

static int vcpu_create(struct machine *m, unsigned i, struct err *err)
{
	int bytes = ioctl(m->kvm, KVM_GET_VCPU_MMAP_SIZE, 0), khz;
	void *run;

	m->vcpu[i] = ioctl(m->vm, KVM_CREATE_VCPU, i);
	if (m->vcpu[i] < 0 || bytes <= 0)
		return err_sys(err, -errno, "KVM makes no vCPU");
	m->run_bytes = (size_t) bytes;
	run = mmap(NULL, m->run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, m->vcpu[i], 0);
	if (run == MAP_FAILED)
		return err_sys(err, -errno, "map the vCPU");
	m->run[i] = run;
	khz = ioctl(m->vcpu[i], KVM_GET_TSC_KHZ, 0);
	m->tsc_khz = khz > 0 ? (uint32_t) khz : host_tsc_khz();
	return cpuid_set(m, i, err);
}

int machine_open(struct machine *m, bool second, struct err *err)
{
	unsigned a = 0, b = 0, c = 0, d = 0;
	int r;

	*m = (struct machine){ .kvm = -1, .vm = -1, .vcpu = { -1, -1 } };
	m->amd = __get_cpuid(0, &a, &b, &c, &d) && b == signature_AMD_ebx;
	r = device_open(m, err);
	if (r == 0)
		r = vm_create(m, err);
	if (r == 0)
		r = vcpu_create(m, 0, err);
	return r == 0 && second ? vcpu_create(m, 1, err) : r;
}

/* ---- registers ---- */

static struct kvm_segment segment(uint16_t selector, uint8_t type, bool code)
{
	return (struct kvm_segment){
		.limit = 0xffffffff, .selector = selector, .type = type, .present = 1, .s = 1, .g = 1, .l = code, .db = !code,
	};
}

static int set_long_mode(struct machine *m, unsigned i, struct err *err)
{
	struct kvm_sregs s;

	if (ioctl(m->vcpu[i], KVM_GET_SREGS, &s) < 0)
		return err_sys(err, -errno, "KVM does not show the vCPU's registers");
	s.cs = segment(GUEST_CS, 11, true);     /* execute, read, accessed */
	s.ds = s.es = s.fs = s.gs = s.ss = segment(GUEST_DS, 3, false); /* read, write, accessed */
	s.gdt = (struct kvm_dtable){ .base = GUEST_GDT, .limit = 3 * 8 - 1 };
	s.idt = (struct kvm_dtable){ .base = GUEST_IDT, .limit = 256 * 16 - 1 };
	s.cr3 = GUEST_PML4;
	s.cr4 = CR4_PAE;
	s.cr0 = CR0_PE_MP_ET_NE_PG | CR0_PG;
	s.efer = EFER_LME_LMA;
	if (m->apic)
		s.apic_base = APIC_BASE | APIC_ON | (i ? 0 : APIC_BSP);
	if (ioctl(m->vcpu[i], KVM_SET_SREGS, &s) < 0)
		return err_sys(err, -errno, "KVM runs no vCPU in long mode");
	return 0;
}

int machine_reset(struct machine *m, unsigned i, uint64_t rip, uint64_t rsp, uint64_t samples, uint64_t wait_ticks,
		  struct err *err)
{
	struct kvm_mp_state runnable = { .mp_state = KVM_MP_STATE_RUNNABLE };
	struct kvm_regs regs = {
		.rip = rip, .rsp = rsp, .rflags = 2, .rdi = GUEST_SAMPLES, .r8 = samples, .r10 = wait_ticks,
	};
	int r = set_long_mode(m, i, err);

	if (r < 0)
		return r;
	if (ioctl(m->vcpu[i], KVM_SET_REGS, &regs) < 0)
		return err_sys(err, -errno, "KVM does not take the vCPU's registers");
	/* Without an interrupt controller in the kernel there is no such state: a vCPU always runs. */
	if (m->apic && ioctl(m->vcpu[i], KVM_SET_MP_STATE, &runnable) < 0)
		return err_sys(err, -errno, "KVM does not let the vCPU run");
	return 0;
}

/* ---- running ---- */

/* Why KVM gave the guest up, in words. */
static int explain(const struct kvm_run *run, struct err *err)
{
	switch (run->exit_reason) {
	case KVM_EXIT_SHUTDOWN:
		return err_set(err, -EIO, "the guest's first instructions end in a triple fault");
	case KVM_EXIT_FAIL_ENTRY:
		return err_set(err, -EIO, "the CPU refuses to enter the guest (reason 0x%llx)",
			       (unsigned long long) run->fail_entry.hardware_entry_failure_reason);
	case KVM_EXIT_INTERNAL_ERROR:
		return err_set(err, -EIO,
			       "KVM gives up on plain guest code (internal error %u): it does not let the CPU run it",
			       run->internal.suberror);
	default:
		return err_set(err, -EIO, "the guest leaves for a reason it should not have (exit %u)", run->exit_reason);
	}
}

int machine_run(struct machine *m, unsigned i, enum machine_stop *ret, struct err *err)
{
	const struct kvm_run *run = m->run[i];

	if (ioctl(m->vcpu[i], KVM_RUN, 0) < 0) {
		if (errno != EINTR && errno != EAGAIN)
			return err_sys(err, -errno, "KVM does not run the guest");
		*ret = STOP_INTERRUPTED;
		return 0;
	}
	if (run->exit_reason == KVM_EXIT_MMIO)
		*ret = STOP_MMIO;
	else if (run->exit_reason == KVM_EXIT_IO)
		*ret = run->io.port == GUEST_PORT_DONE ? STOP_DONE : STOP_PORT;
	else
		return explain(run, err);
	return 0;
}

#else

int machine_open(struct machine *m, bool second, struct err *err)
{
	(void) second;
	*m = (struct machine){ .kvm = -1, .vm = -1, .vcpu = { -1, -1 } };
	return err_set(err, -ENOTSUP, "the built-in guest is written for x86-64");
}

int machine_reset(struct machine *m, unsigned i, uint64_t rip, uint64_t rsp, uint64_t samples, uint64_t wait_ticks,
		  struct err *err)
{
	(void) m, (void) i, (void) rip, (void) rsp, (void) samples, (void) wait_ticks;
	return err_set(err, -ENOTSUP, "the built-in guest is written for x86-64");
}

int machine_run(struct machine *m, unsigned i, enum machine_stop *ret, struct err *err)
{
	(void) m, (void) i, (void) ret;
	return err_set(err, -ENOTSUP, "the built-in guest is written for x86-64");
}

#endif
