/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec - one virtual machine as a value, and the QEMU command line it becomes.
 *
 * qemu_argv() is pure: spec and capabilities in, words out; nothing is read or
 * started.  What the installed QEMU understands was asked of the binary
 * (vm/qemu.h), never concluded from its version.  File descriptors appear by
 * number: QEMU inherits them, so no socket, tap or log has a name in the file
 * system that could clash, be guessed or be left behind.
 */
#ifndef VM_SPEC_H
#define VM_SPEC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/spawn.h"

#define VM_NICS_MAX  4
#define VM_VCPUS_MAX 255

struct qemu_caps;

enum vm_accelerator { VM_TCG, VM_KVM };

/* How guest code is executed; found by vm/accel.h, which really boots a guest. */
struct vm_accel {
	enum vm_accelerator kind;
	char cpu[64];                   /* -cpu value: "host,migratable=off", "max" */
	bool smm_off, irqchip_split;    /* concessions some KVM hosts need */
	char why[320];                  /* one sentence: why this and nothing faster */
};

struct vm_nic {
	int tap_fd;                     /* opened with IFF_TAP | IFF_NO_PI | IFF_VNET_HDR; stays the caller's */
	char mac[18];                   /* "52:54:00:12:34:56"; the guest finds its interface by it */
};

struct vm_spec {
	const struct vm_platform *platform;     /* vm/platform.h: QEMU, kernel, initramfs, accelerator */
	const char *name;               /* text_is_name(); QEMU's process is called vlat-NAME */
	unsigned vcpus;                 /* 1 .. VM_VCPUS_MAX */
	unsigned memory_mb;             /* 64 .. ; vm_start adds nothing */
	struct vm_nic nics[VM_NICS_MAX];
	unsigned n_nics;
	const char *append;             /* more words for the kernel command line, or NULL */
};

/* What vm_start adds to a spec before it builds the command line. */
struct vm_wiring {
	int qmp_fd, control_fd, console_fd;     /* QEMU's ends */
	bool lock_memory, prealloc, dedicated;  /* dedicated: every vCPU has a CPU to itself */
	unsigned hugepage_kb;
	uint64_t memory_node;           /* NUMA node + 1 to bind memory to, 0 = leave to the kernel */
};

int vm_spec_check(const struct vm_spec *spec, struct err *err);        /* -EINVAL: names the member, the reason, the cure */
int qemu_argv(struct argv *ret, const struct vm_spec *spec, const struct vm_wiring *wiring, const struct qemu_caps *caps,
	      struct err *err);

#endif
