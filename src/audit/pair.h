/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pair - a VM and its guest held against each other: what looks right from
 * either side, and is not right together.  The rows are knobs like all others
 * (title, reason, cost, source, cure), but they are judged with both machines
 * at hand, so they are no part of knob/table.c.  The guest's CPU n is taken for
 * vCPU n, which is how QEMU and Linux number them.
 */
#ifndef AUDIT_PAIR_H
#define AUDIT_PAIR_H

#include "audit/audit.h"
#include "knob/qemu.h"

struct pair {
	const struct machine_facts *host, *guest;
	const struct cpu_split *split; /* the host's */
	const struct fs *guest_fs;
	const struct qemus *all; /* that run on the host */
	const struct qemu *vm;   /* the one that is looked at */
};

/* Findings of both sides, as an audit of the host; only: one row, or NULL for all. */
void pair_make(struct audit **ret, const struct pair *p, const char *only);

const struct knob *pair_find(const char *id);
const struct knob *pair_at(size_t i); /* NULL at the end */

/* Of all that run, the one of that name or process id; as audit_make() with AUDIT_VMS finds it. */
int pair_find_vm(const struct qemus *all, const char *which, const struct qemu **ret, struct err *err);

#endif
