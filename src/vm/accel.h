/* SPDX-License-Identifier: Apache-2.0 */
/*
 * accel - KVM where a guest really boots, TCG elsewhere, and why.
 *
 * "/dev/kvm opens" proves nothing: some hosts offer a KVM that runs only
 * paravirtual guests, on others QEMU aborts on a register the host refuses.
 * So the very kernel and initramfs of the run are booted until the agent
 * says hello, within a deadline.  Without a kernel (a system of the user's
 * own) some hundred instructions of a guest have to do.
 */
#ifndef VM_ACCEL_H
#define VM_ACCEL_H

#include "base/err.h"
#include "journal/journal.h"
#include "vm/vm.h"

/*
 * Fill p->accel; qemu, kernel and initrd of p are known (kernel.image "" = none).  wanted: NULL or
 * "auto", "kvm" (-ENODEV when no guest boots), "tcg".  The verdict is cached
 * for this boot of the host, this QEMU, this kernel and this user.
 */
int accel_choose(struct vm_platform *p, const char *wanted, struct journal *j, struct err *err);

/* The agent's first frame on fd is a hello; used by the probe and by tests. */
int accel_await_hello(struct vm *vm, uint64_t deadline_ns, struct err *err);

#endif
