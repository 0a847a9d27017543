/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qemu - the installed binary and what it understands, asked of the binary
 * itself over QMP and cached by (path, size, modification time).
 *
 * Builds differ by more than their version (distributions leave devices out),
 * so no version number ever decides anything here.
 */
#ifndef VM_QEMU_H
#define VM_QEMU_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* One bit per thing that builds may lack; the table in qemu_caps.c says how each is asked. */
enum qemu_cap {
	QEMU_CAP_KVM, /* compiled in: says nothing about /dev/kvm */
	QEMU_CAP_TCG,
	QEMU_CAP_TCG_TB_SIZE,
	QEMU_CAP_SANDBOX,
	QEMU_CAP_ACTION,
	QEMU_CAP_Q35,
	QEMU_CAP_Q35_SMM,
	QEMU_CAP_Q35_VMPORT,
	QEMU_CAP_Q35_HPET,
	QEMU_CAP_Q35_I8042,
	QEMU_CAP_Q35_SATA,
	QEMU_CAP_Q35_SMBUS,
	QEMU_CAP_Q35_USB,
	QEMU_CAP_Q35_MEM_MERGE,
	QEMU_CAP_Q35_DUMP,
	QEMU_CAP_RAM_PREALLOC_THREADS,
	QEMU_CAP_MEMFD_HUGETLB,
	QEMU_CAP_VIRTIO_NET,
	QEMU_CAP_VIRTIO_SERIAL,
	QEMU_CAP_SERIAL_PORT,
	QEMU_CAP_E1000E,
	QEMU_CAP_VFIO,
	QEMU_CAP_ROOT_PORT,
	QEMU_CAP_VIRTIO_BLK,
	QEMU_CAP_VIRTIO_RNG,
	QEMU_CAP_CPU_PM,
	QEMU_CAP_KVM_HINT_DEDICATED,
	QEMU_CAP_KVM_POLL_CONTROL,
	QEMU_CAP_HOST_NODES, /* built with libnuma */
	QEMU_CAPS
};

struct qemu_caps {
	uint64_t bits;
	char version[64]; /* for people: "7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)" */
};

struct qemu {
	char path[PATH_MAX];
	struct qemu_caps caps;
};

static inline bool qemu_has(const struct qemu_caps *c, enum qemu_cap cap)
{
	return c->bits >> cap & 1;
}

/* path NULL = qemu-system-x86_64, or qemu-kvm where Fedora and its kin put it. -ENOENT names the packages. */
int qemu_find(struct qemu *ret, const char *path, struct err *err);
int qemu_probe(struct qemu_caps *ret, const char *path, struct err *err); /* asks the binary, no cache */
const char *qemu_cap_name(enum qemu_cap cap);                             /* "q35.hpet" */

#endif
