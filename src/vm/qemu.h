/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qemu - the installed binary and what it understands, asked of the binary
 * itself and cached by (path, size, modification time).
 */
#ifndef VM_QEMU_H
#define VM_QEMU_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* One bit per thing that differs between builds; the table in qemu_caps.c says how each is asked. */
enum qemu_cap {
	QEMU_CAP_KVM,                   /* compiled in: says nothing about /dev/kvm */
	QEMU_CAP_SANDBOX,
	QEMU_CAP_PVPANIC,
	QEMU_CAP_MACHINE_HPET,
	QEMU_CAP_MACHINE_I8042,
	QEMU_CAP_MACHINE_GRAPHICS,
	QEMU_CAP_MEMFD,
	QEMU_CAP_MEMFD_PREALLOC_THREADS,
	QEMU_CAP_NET_PACKED,
	QEMU_CAP_RNG,
	QEMU_CAPS
};

struct qemu_caps {
	uint64_t bits;
	char version[64];               /* for people: never decides anything */
};

struct qemu {
	char path[PATH_MAX];
	struct qemu_caps caps;
};

static inline bool qemu_has(const struct qemu_caps *c, enum qemu_cap cap)
{
	return c->bits >> cap & 1;
}

/* path NULL = qemu-system-x86_64 or qemu-kvm where distributions put them. -ENOENT names the packages. */
int qemu_find(struct qemu *ret, const char *path, struct err *err);
int qemu_probe(struct qemu_caps *ret, const char *path, struct err *err);      /* asks the binary, no cache */
const char *qemu_cap_name(enum qemu_cap cap);

#endif
