/* SPDX-License-Identifier: Apache-2.0 */
/*
 * platform - all that is the same for every VM of a run: the QEMU binary and
 * what it can do, a guest kernel, an initramfs with the agent as init, and the
 * accelerator that was seen booting exactly this kernel.
 *
 * Prepared once; the slow parts (download, probe boot) are cached on disk
 * under $VLAT_CACHE, else /var/cache/vlat for root, else $XDG_CACHE_HOME/vlat
 * or ~/.cache/vlat.
 */
#ifndef VM_PLATFORM_H
#define VM_PLATFORM_H

#include <limits.h>
#include <stdbool.h>

#include "base/err.h"
#include "journal/journal.h"
#include "vm/kernel.h"
#include "vm/qemu.h"
#include "vm/spec.h"

struct vm_wish {
	const char *agent;            /* the static vlat-agent; required */
	const char *qemu;             /* NULL = found on PATH */
	const char *kernel, *modules; /* a user's own bzImage and lib/modules/VERSION folder; NULL = a stock one */
	enum kernel_flavour flavour;  /* which stock one; 0 = the fastest to boot */
	const char *const *drivers;   /* modules that must be there besides those of vm/drivers.h, NULL-terminated; or NULL */
	const char *accelerator;      /* NULL or "auto", "kvm", "tcg" */
	bool offline;                 /* never download */
	bool own;                     /* for a system of the user's own: a stock kernel only tries KVM, and only if it is here */
};

struct vm_platform {
	struct qemu qemu;        /* path, capabilities */
	struct vm_kernel kernel; /* path, version, where it came from; image "" = none, for systems of the user's own */
	char initrd[PATH_MAX];
	char drivers[256]; /* of network cards, in the initramfs: "e1000e igb" */
	struct vm_accel accel;
};

/* Negative with one sentence and its cure when VMs cannot be had here; -EINTR when Ctrl-C came first. */
int vm_platform_prepare(struct vm_platform **ret, const struct vm_wish *wish, struct journal *j, struct err *err);
void vm_platform_free(struct vm_platform *p);

#endif
