/* SPDX-License-Identifier: Apache-2.0 */
/* virt - is this machine itself a guest, of what, and how much of its time is stolen. */
#ifndef HOST_VIRT_H
#define HOST_VIRT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fs.h"

struct virt_facts {
	bool guest;                     /* of a hypervisor */
	char hypervisor[32];            /* "kvm", "xen", "vmware", "hyperv", "qemu-tcg" ...; "unknown" when it does not say */
	char product[96];               /* DMI: vendor and product */
	char container[32];             /* "docker", "podman", "lxc", "systemd-nspawn", "kubernetes", "yes"; "" = in none */
	double steal_percent;           /* of all CPU time since boot */
	bool steal_known;
	int kvm_hints_dedicated;        /* KVM_HINTS_REALTIME of CPUID 0x40000001; -1 = not known */
	char kvm_features[160];         /* paravirtual features offered, by name; "" */
};

void virt_facts_read(const struct fs *fs, struct virt_facts *ret);
/* Share of steal of the line "cpu ..." of /proc/stat; false when the text has no such line. */
bool stat_steal_percent(const char *text, double *ret);

#endif
