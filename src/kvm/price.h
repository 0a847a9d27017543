/* SPDX-License-Identifier: Apache-2.0 */
/* price - the ways out of a guest whose cost is measured, in the order in which they are run. */
#ifndef KVM_PRICE_H
#define KVM_PRICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum price {
	PRICE_LOOP,             /* no exit: a turn of a loop of two instructions */
	PRICE_STAMP,            /* no exit: what two stamps cost, in every figure below */
	PRICE_CPUID,
	PRICE_HYPERCALL,
	PRICE_PORT,
	PRICE_MMIO,
	PRICE_TIMER,
	PRICE_HALT_SHORT,
	PRICE_HALT,
	PRICE_IPI,
	PRICE_IPI_HALTED,
	PRICE_KINDS
};

struct price_row {
	const char *name, *what;
	unsigned samples;       /* a round */
	unsigned divide;        /* a sample is so many of it; 0 = one */
	unsigned wait_us;       /* timers: due so long after they were armed; IPI: pause before each */
	bool apic;              /* needs the interrupt controller in the kernel */
	bool second;            /* needs a second vCPU */
	bool outside;           /* goes to user space, where KVM_RUN is timed as well */
};

#define PRICE_SAMPLES 256       /* at most, a round */

extern const struct price_row price_rows[PRICE_KINDS];

#endif
