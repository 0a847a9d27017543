/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec - one virtual machine as a value, and the QEMU command line it becomes.
 *
 * qemu_argv() is pure: values in, words out; nothing is read or started.
 * What the installed QEMU understands was asked of the binary (vm/qemu.h),
 * never concluded from its version.  File descriptors appear by number: QEMU
 * inherits them, so no socket, tap or log has a name in the file system that
 * could clash, be guessed or be left behind.
 */
#ifndef VM_SPEC_H
#define VM_SPEC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/spawn.h"

#define VM_NICS_MAX   4
#define VM_VCPUS_MAX  255
#define VM_MEMORY_MIN 64             /* MiB: a stock kernel does not boot in less */
#define VM_CONTROL    "org.vlat.ctl" /* name of the guest's virtio port */

struct vm_platform; /* vm/platform.h */

enum vm_accelerator { VM_TCG, VM_KVM };

/* How guest code is executed; found by vm/accel.h, which really boots a guest. */
struct vm_accel {
	enum vm_accelerator kind;
	char cpu[64];       /* -cpu value: "host,migratable=off", "max" */
	bool split_irqchip; /* a concession some KVM hosts need */
	char why[320];      /* one sentence: why this and nothing faster */
};

struct vm_nic {
	int tap_fd;   /* opened with IFF_TAP | IFF_NO_PI | IFF_VNET_HDR; stays the caller's */
	char mac[18]; /* "52:54:00:12:34:56"; the guest finds its interface by it */
};

struct vm_spec {
	const struct vm_platform *platform; /* QEMU, kernel, initramfs, accelerator */
	const char *name;                   /* text_is_name(); QEMU's process is called vlat-NAME */
	unsigned vcpus;                     /* 1 .. VM_VCPUS_MAX */
	unsigned memory_mb;                 /* VM_MEMORY_MIN .. */
	struct vm_nic nics[VM_NICS_MAX];
	unsigned n_nics;
	const char *append; /* more words for the kernel command line, or NULL */
};

/* What vm_start() finds out before it builds the command line. */
struct vm_wiring {
	int qmp_fd, control_fd, console_fd; /* QEMU's ends */
	bool dedicated;                     /* every vCPU has a CPU to itself */
	bool prealloc, lock_memory;
	unsigned hugepage_kb; /* 0 = ordinary pages */
};

int vm_spec_check(const struct vm_spec *spec, struct err *err); /* -EINVAL: names the member, the reason, the cure */
void qemu_argv(struct argv *ret, const struct vm_spec *spec, const struct vm_wiring *wiring);

#endif
