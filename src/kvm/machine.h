/* SPDX-License-Identifier: Apache-2.0 */
/* machine - a virtual machine of KVM with the built-in guest's memory and up to two vCPUs; x86-64 only. */
#ifndef KVM_MACHINE_H
#define KVM_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct kvm_run;

struct machine {
	int kvm, vm;
	int vcpu[2];                    /* -1 = none */
	struct kvm_run *run[2];
	size_t run_bytes;
	unsigned char *memory;
	bool apic, deadline_timer, amd;
	uint32_t tsc_khz;               /* of the guest */
	char no_apic[160];              /* why not, "" when there is one */
};

/* -ENOENT, -EACCES, -ENODEV ... with a sentence that begins after "KVM is not usable: ". */
int machine_open(struct machine *m, bool second, struct err *err);
/* Registers as at the start of a program. */
int machine_reset(struct machine *m, unsigned vcpu, uint64_t rip, uint64_t rsp, uint64_t samples, uint64_t wait_ticks,
		  struct err *err);

/* One KVM_RUN and what it ended with. */
enum machine_stop { STOP_PORT, STOP_DONE, STOP_MMIO, STOP_INTERRUPTED };
int machine_run(struct machine *m, unsigned vcpu, enum machine_stop *ret, struct err *err);

#endif
