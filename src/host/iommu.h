/* SPDX-License-Identifier: Apache-2.0 */
/* iommu - is there one, which devices share a group, and may a group be given away. */
#ifndef HOST_IOMMU_H
#define HOST_IOMMU_H

#include "base/err.h"
#include "base/fs.h"
#include "host/pci.h"

#define IOMMU_MEMBERS_MAX 64

struct iommu_group {
	unsigned nr;
	struct pci_device at[IOMMU_MEMBERS_MAX];
	size_t n;
	bool reserved;                  /* the firmware claims memory there (type "direct"): never assignable */
};

/* 0, or -ENODEV with the sentence: off in the firmware, off on the command line. */
int iommu_check(const struct fs *fs, struct err *err);
int iommu_group_read(const struct fs *fs, unsigned nr, struct iommu_group *ret, struct err *err);
/* Viable = no other member is driven by the host (bridges and devices without a driver are tolerated). -EBUSY names them. */
int iommu_group_viable(const struct iommu_group *g, const char *address, struct err *err);
/* Interrupts of assigned devices can be kept apart: -EPERM with the sentence when they cannot. */
int iommu_interrupts_check(const struct fs *fs, struct err *err);

#endif
