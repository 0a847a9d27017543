/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kvm - can this host run guests in hardware, and how is the module set.
 * "The device opens" is not "a guest boots": the accelerator probe of vm/ tells that.
 */
#ifndef HOST_KVM_H
#define HOST_KVM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fs.h"

enum kvm_usable { KVM_NO, KVM_YES, KVM_FORBIDDEN, KVM_UNKNOWN };

struct kvm_param {
	char module[16];                /* "kvm", "kvm_intel", "kvm_amd" */
	char name[40];
	char value[40];
};

struct kvm_facts {
	enum kvm_usable usable;
	char why[128];                  /* one clause: "/dev/kvm answers version 12" */
	char vendor[12];                /* "intel", "amd", "" */
	int version;                    /* KVM_GET_API_VERSION; -1 = not asked */
	int nested_paging;              /* EPT or NPT: 1, 0; -1 = not told */
	int nested;                     /* guests may be hosts; -1 = not told */
	int avic;                       /* interrupts delivered without exits (APICv, AVIC); -1 = not told */
	struct kvm_param *params;       /* by module, then name; owned */
	size_t n_params;
};

void kvm_facts_read(const struct fs *fs, struct kvm_facts *ret);
void kvm_facts_free(struct kvm_facts *k);
const char *kvm_usable_name(enum kvm_usable u);         /* "no" "yes" "forbidden" "unknown" */
const char *kvm_param(const struct kvm_facts *k, const char *name);    /* NULL = there is none */

#endif
