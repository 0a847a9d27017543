/* SPDX-License-Identifier: Apache-2.0 */
/* vm - one verdict, or several, for each running virtual machine. */
#ifndef KNOB_VM_H
#define KNOB_VM_H

#include "knob/look.h"

typedef void vm_fn(const struct knob *k, const struct knob_ctx *c, const struct qemu *q, const char *target,
		   struct settings *out);
/* fn for each; one line that says so when there is none. */
int each_vm(const struct knob *k, const struct knob_ctx *c, struct settings *out, vm_fn *fn);

/* "VM web1 (libvirt, process 42)" */
void vm_target(const struct qemu *q, char *buf, size_t cap);

knob_list_fn check_vhost, check_vm_nodes;

#endif
