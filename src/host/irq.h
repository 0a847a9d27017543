/* SPDX-License-Identifier: Apache-2.0 */
/* irq - the interrupts of a host: who asked for them, where they may go and where they go. */
#ifndef HOST_IRQ_H
#define HOST_IRQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cpuset.h"
#include "base/err.h"
#include "base/fs.h"

/* May user space move it?  Managed ones (blk-mq, some NICs) are spread by the kernel and refuse. */
enum irq_managed { IRQ_MANAGED_UNKNOWN, IRQ_MANAGED_NO, IRQ_MANAGED_YES, IRQ_MANAGED_FIXED /* per CPU, or cannot be moved */ };

struct irq_fact {
	unsigned nr;
	int node;                       /* of the device; -1 = not told */
	enum irq_managed managed;
	pid_t thread;                   /* first thread irq/NR-...; 0 = none */
	uint64_t count;                 /* since boot, all CPUs */
	struct cpuset counted;          /* CPUs on which it ever came */
	char chip[32];                  /* "IO-APIC", "PCI-MSIX-0000:00:03.0"; "" = not told */
	char device[64];                /* PCI address "0000:00:03.0" or another device's name; "" = not known */
	char name[64];                  /* of the first handler: the folder /proc/irq/NR/NAME; "" = none installed */
	struct cpuset affinity;         /* where it may go */
	struct cpuset effective;        /* where it goes; = affinity on kernels that do not say */
};

/* The architecture's own rows of /proc/interrupts: LOC, RES, CAL, TLB, NMI ... */
struct irq_row {
	char label[16];
	char what[48];
	uint64_t count, worst;          /* all CPUs, the CPU with most */
	unsigned worst_cpu;
};

struct irq_facts {
	struct irq_fact *at;            /* ascending; owned */
	size_t n;
	struct irq_row *rows;           /* owned */
	size_t n_rows;
	bool counts_known;
	bool default_known;
	struct cpuset default_affinity; /* of interrupts asked for later: /proc/irq/default_smp_affinity */
};

/*
 * Counts, devices and what may be moved: more files, so apart from irq_facts_read().
 * The CPUs are those that /proc/interrupts has columns for; debugfs may be "".
 */
void irq_facts_details(const struct fs *fs, const char *debugfs, struct irq_facts *f);
/* Which of them have a thread, by the names of the processes. */
struct process_names;
void irq_facts_threads(const struct process_names *processes, struct irq_facts *f);

const char *irq_managed_name(enum irq_managed m);       /* "unknown" "no" "yes" "fixed" */
const struct irq_fact *irq_fact(const struct irq_facts *f, unsigned nr); /* NULL when there is none */

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
