/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guest - what a tuning means inside the guest: boot parameters of its kernel,
 * and which vCPUs are left for the work.  Pure.
 */
#ifndef VM_GUEST_H
#define VM_GUEST_H

#include "base/cpuset.h"
#include "base/sink.h"
#include "vm/spec.h"

/* The vCPUs that vm_spec.isolate sets apart; empty when it does not, or a single vCPU leaves no choice. */
struct cpuset guest_isolated(const struct vm_spec *spec);

/*
 * The words, without a blank in front, into words; and one sentence for each
 * wish that was not granted, separated by "; ", into why.
 */
void guest_words(const struct vm_spec *spec, bool dedicated, struct sink *words, struct sink *why);

#endif
