/* SPDX-License-Identifier: Apache-2.0 */
/* vfio - Documentation/driver-api/vfio.rst; what stands in the way is said before anything is touched. */
#include "net/vfio.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "host/iommu.h"
#include "journal/device.h"
#include "net/route.h"

#define DRIVER "vfio-pci"

static int check_modules(const struct fs *fs, struct err *err)
{
	if (!fs_exists(fs, "sys/bus/pci/drivers/" DRIVER))
		return err_set(err, -ENOENT,
			       "this kernel has no driver vfio-pci now, which gives devices to VMs: modprobe vfio-pci");
	if (!fs_exists(fs, "sys/module/vfio_iommu_type1") && !fs_exists(fs, "dev/iommu"))
		return err_set(
			err, -ENOENT,
			"this kernel has vfio-pci, but no IOMMU back end for it (QEMU would say \"No available IOMMU models\"): "
			"modprobe vfio_iommu_type1");
	return 0;
}

static int check_noiommu(const struct fs *fs, unsigned group, struct err *err)
{
	char name[64] = "";

	(void) fs_readf(fs, name, sizeof(name), "sys/kernel/iommu_groups/%u/name", group);
	if (!text_eq(name, "vfio-noiommu"))
		return 0;
	return err_set(err, -EOPNOTSUPP,
		       "IOMMU group %u is a \"noiommu\" one, which no VM can be given: switch on the IOMMU and boot without "
		       "enable_unsafe_noiommu_mode",
		       group);
}

static int check_group(const struct fs *fs, const struct pci_device *d, struct err *err)
{
	struct iommu_group group;
	char user[128];
	int r;

	if (d->group < 0)
		return err_set(err, -ENODEV,
			       "%s is in no IOMMU group, so it cannot be given to a VM: it lies outside the IOMMU's reach",
			       d->address);
	r = check_noiommu(fs, (unsigned) d->group, err);
	if (r == 0)
		r = iommu_group_read(fs, (unsigned) d->group, &group, err);
	if (r == 0)
		r = iommu_group_viable(&group, d->address, err);
	if (r < 0 || !device_group_user(fs, (unsigned) d->group, user, sizeof(user)))
		return r;
	return err_set(err, -EBUSY, "%s is in use: its IOMMU group %d is open in %s; end that first", d->address, d->group, user);
}

int vfio_check_host(const struct fs *fs, struct err *err)
{
	int r = iommu_check(fs, err);

	if (r == 0)
		r = check_modules(fs, err);
	return r < 0 ? r : iommu_interrupts_check(fs, err);
}

int vfio_check(const struct fs *fs, const char *address, bool force, struct err *err)
{
	struct pci_device d;
	int r = pci_read(fs, address, &d, err);

	if (r == 0)
		r = vfio_check_host(fs, err);
	if (r == 0)
		r = check_group(fs, &d, err);
	if (r == 0 && d.netdev[0])
		r = route_check_free(fs, d.netdev, true, force, err);
	if (r == 0 && d.override[0] && !text_eq(d.override, DRIVER))
		r = err_set(err, -EBUSY, "somebody has reserved %s for the driver %s (driver_override): clear that first",
			    address, d.override);
	return r;
}

int vfio_bind_on(struct vfio_device *ret, const struct fs *fs, struct journal *j, const char *address, bool force,
		 struct err *err)
{
	struct vfio_device v = { 0 };
	struct pci_device d;
	int r = vfio_check(fs, address, force, err);

	if (r == 0)
		r = pci_read(fs, address, &d, err);
	if (r < 0)
		return r;
	if (!text_eq(d.driver, DRIVER)) {
		r = journal_driver(j, fs, d.address, d.driver, DRIVER, err);
		if (r == 0)
			r = device_give(fs, d.address, DRIVER, err);
		if (r < 0)
			return err_in(err, "giving %s to vfio-pci", d.address);
	}
	memcpy(v.address, d.address, sizeof(v.address));
	v.group = (unsigned) d.group;
	text_print(v.node, sizeof(v.node), "/dev/vfio/%u", v.group);
	*ret = v;
	return 0;
}

int vfio_bind(struct vfio_device *ret, struct journal *j, const char *address, bool force, struct err *err)
{
	struct fs fs;
	int r = fs_open_root(&fs, "/", err);

	if (r < 0)
		return r;
	r = vfio_bind_on(ret, &fs, j, address, force, err);
	fs_close(&fs);
	return r;
}
