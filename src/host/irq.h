/* SPDX-License-Identifier: Apache-2.0 */
/* irq - the interrupts of a host: who asked for them, where they may go and where they go. */
#ifndef HOST_IRQ_H
#define HOST_IRQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpuset.h"
#include "base/err.h"
#include "base/fs.h"

struct irq_fact {
	unsigned nr;
	char name[64];                  /* of the first handler: the folder /proc/irq/NR/NAME; "" = none installed */
	struct cpuset affinity;         /* where it may go */
	struct cpuset effective;        /* where it goes; = affinity on kernels that do not say */
};

struct irq_facts {
	struct irq_fact *at;            /* ascending; owned */
	size_t n;
};

int irq_facts_read(const struct fs *fs, struct irq_facts *ret, struct err *err);
void irq_facts_free(struct irq_facts *f);

/*
 * /proc/interrupts: one row per line after the head, counts for the CPUs the
 * head names.  The callback sees the label ("36", "LOC") and n counts.
 */
typedef void interrupts_fn(const char *label, const uint64_t *counts, size_t n, void *arg);
#define INTERRUPTS_CPUS 1024
/* Returns the number of CPUs, or -EINVAL. */
int interrupts_parse(const char *text, unsigned cpus[INTERRUPTS_CPUS], interrupts_fn *fn, void *arg);

#endif
