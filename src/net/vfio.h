/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfio - a PCI device taken from its driver and given to vfio-pci, so that a
 * VM can drive it through the IOMMU.  By driver_override and drivers_probe:
 * only this device is concerned (new_id would grab all of its kind).
 */
#ifndef NET_VFIO_H
#define NET_VFIO_H

#include "base/err.h"
#include "base/fs.h"
#include "host/pci.h"
#include "journal/journal.h"

#define VFIO_CONTAINER "/dev/vfio/vfio"

struct vfio_device {
	char address[PCI_ADDRESS_MAX];  /* "0000:01:10.0"; "" = none */
	unsigned group;                 /* of the IOMMU */
	char node[32];                  /* "/dev/vfio/7"; the container is VFIO_CONTAINER */
};

/* Could any device be given to a VM: an IOMMU, and the drivers.  The sentence and the cure when not. */
int vfio_check_host(const struct fs *fs, struct err *err);
/*
 * Could this device be given to a VM?  Every reason that can be seen
 * beforehand has its sentence and cure: no IOMMU, drivers missing, group not
 * viable (names the other members), group in use (names the process), no
 * interrupt remapping, memory that the firmware has reserved.
 */
int vfio_check(const struct fs *fs, const char *address, bool force, struct err *err);
/* Journalled; a device that is at vfio-pci already is taken as it is. */
int vfio_bind_on(struct vfio_device *ret, const struct fs *fs, struct journal *j, const char *address, bool force,
		 struct err *err);
/* On the running machine. */
int vfio_bind(struct vfio_device *ret, struct journal *j, const char *address, bool force, struct err *err);

#endif
