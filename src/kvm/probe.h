/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe - is this KVM good for guests?  A fraction of a second, no QEMU, no kernel.
 *
 * "/dev/kvm opens" proves nothing: some hosts offer a KVM that runs only
 * paravirtual guests.  Here a few hundred plain instructions are run by it.
 */
#ifndef KVM_PROBE_H
#define KVM_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum kvm_verdict {
	KVM_USABLE,             /* the CPU itself ran the guest's code */
	KVM_NOT_USABLE,         /* KVM said no, gave up, or emulates */
	KVM_SILENT,             /* the deadline came first: it hangs, or the machine is very busy */
};

struct kvm_probe {
	enum kvm_verdict verdict;
	char why[400];          /* "the CPU runs guest code itself; an exit costs 1.2 us"; or why not */
	double cpuid_ns;        /* of an exit; 0 unless usable */
};

/* Ends by the deadline or a second later.  -EINTR when ending() says so, and nothing else is an error. */
int kvm_probe(uint64_t allowed_ns, bool (*ending)(void *ctx), void *ctx, struct kvm_probe *ret, struct err *err);

#endif
