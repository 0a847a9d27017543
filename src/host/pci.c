/* SPDX-License-Identifier: Apache-2.0 */
/* pci - read from /sys/bus/pci/devices (Documentation/ABI/testing/sysfs-bus-pci). */
#include "host/pci.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/text.h"
#include "base/vec.h"

#define DEVICES "sys/bus/pci/devices"

/* Exactly `digits` hex digits, written in small letters. */
static bool take_digits(const char **at, unsigned digits, char *to)
{
	for (unsigned i = 0; i < digits; i++) {
		if (!isxdigit((unsigned char) (*at)[i]))
			return false;
		to[i] = (char) tolower((unsigned char) (*at)[i]);
	}
	*at += digits;
	return true;
}

/* DDDD:BB:DD.F, the domain being 0000 when left out; a slot has 5 bits, a function 3. */
bool pci_address_parse(const char *text, char ret[PCI_ADDRESS_MAX])
{
	char out[PCI_ADDRESS_MAX] = "0000:00:00.0";
	size_t len = strlen(text);

	if (len != 7 && len != 12)
		return false;
	if (len == 12 && (!take_digits(&text, 4, out) || !take_char(&text, ':')))
		return false;
	if (!take_digits(&text, 2, out + 5) || !take_char(&text, ':') || !take_digits(&text, 2, out + 8) ||
	    !take_char(&text, '.') || !take_digits(&text, 1, out + 11))
		return false;
	if (out[8] > '1' || out[11] > '7')
		return false;
	memcpy(ret, out, sizeof(out));
	return true;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The last part of where a link of this device leads: its driver, its IOMMU group, its physical function. */
static bool link_name(const struct fs *fs, const char *address, const char *link, char *buf, size_t cap)
{
	char path[128], target[512];

	if (text_print(path, sizeof(path), DEVICES "/%s/%s", address, link) || fs_readlink(fs, path, target, sizeof(target)) < 0)
		return false;
	return !text_print(buf, cap, "%s", base_name(target));
}

/* A netdev lies below its device in /sys/devices, virtio's one level deeper: the last PCI address on its path. */
int pci_of_netdev(const struct fs *fs, const char *netdev, char ret[PCI_ADDRESS_MAX], struct err *err)
{
	char path[128], target[512], *at = target, *part;
	bool found = false;

	if (!text_is_name(netdev) || strlen(netdev) > 15)
		return err_set(err, -EINVAL, "\"%.64s\" is neither a name that a network device can have nor a PCI address",
			       netdev);
	text_print(path, sizeof(path), "sys/class/net/%s", netdev);
	if (!fs_exists(fs, path))
		return err_set(err, -ENODEV, "there is no network device %s here (ip link lists those that there are)", netdev);
	if (fs_readlink(fs, path, target, sizeof(target)) < 0)
		target[0] = '\0';
	while ((part = strsep(&at, "/")))
		found = pci_address_parse(part, ret) || found;
	if (!found)
		return err_set(err, -ENODEV, "%s is no PCI device: give the name of a network card, or a PCI address", netdev);
	return 0;
}

int pci_resolve(const struct fs *fs, const char *text, char ret[PCI_ADDRESS_MAX], struct err *err)
{
	char address[PCI_ADDRESS_MAX];

	if (!pci_address_parse(text, address))
		return pci_of_netdev(fs, text, ret, err);
	if (!fs_existsf(fs, DEVICES "/%s", address))
		return err_set(err, -ENODEV, "there is no PCI device %s here (lspci -D lists those that there are)", address);
	memcpy(ret, address, sizeof(address));
	return 0;
}

static uint64_t read_hex(const struct fs *fs, const char *address, const char *file)
{
	char buf[32];
	const char *at = buf;
	uint64_t value = 0;

	if (fs_readf(fs, buf, sizeof(buf), DEVICES "/%s/%s", address, file) < 0)
		return 0;
	(void) (take_text(&at, "0x") && take_hex(&at, &value));
	return value;
}

static int64_t read_number(const struct fs *fs, const char *address, const char *file, int64_t otherwise)
{
	char path[128];
	int64_t value;

	text_print(path, sizeof(path), DEVICES "/%s/%s", address, file);
	return fs_read_i64(fs, path, &value) < 0 ? otherwise : value;
}

static bool first_netdev_in(const struct fs *fs, const char *folder, char *buf, size_t cap)
{
	struct fs_names names = { 0 };
	bool found;

	if (fs_list(fs, folder, &names) < 0)
		return false;
	found = names.n > 0 && !text_print(buf, cap, "%s", names.at[0]);
	fs_list_free(&names);
	return found;
}

static void find_netdev(const struct fs *fs, struct pci_device *d)
{
	struct fs_names names = { 0 };
	char path[192];

	text_print(path, sizeof(path), DEVICES "/%s/net", d->address);
	if (first_netdev_in(fs, path, d->netdev, sizeof(d->netdev)))
		return;
	text_print(path, sizeof(path), DEVICES "/%s", d->address);
	if (fs_list(fs, path, &names) < 0)
		return;
	for (size_t i = 0; i < names.n && !d->netdev[0]; i++)
		if (text_starts(names.at[i], "virtio") &&
		    !text_print(path, sizeof(path), DEVICES "/%s/%s/net", d->address, names.at[i]))
			first_netdev_in(fs, path, d->netdev, sizeof(d->netdev));
	fs_list_free(&names);
}

static void read_sriov(const struct fs *fs, struct pci_device *d)
{
	d->is_vf = link_name(fs, d->address, "physfn", d->pf, sizeof(d->pf));
	d->vfs_total = (unsigned) read_number(fs, d->address, "sriov_totalvfs", 0);
	d->vfs = (unsigned) read_number(fs, d->address, "sriov_numvfs", 0);
}

int pci_read(const struct fs *fs, const char *address, struct pci_device *ret, struct err *err)
{
	struct pci_device d = { .numa_node = -1, .group = -1 };
	char name[64], path[128];
	uint64_t group;

	if (!pci_address_parse(address, d.address))
		return err_set(err, -EINVAL, "\"%.64s\" is no PCI address (0000:01:00.0)", address);
	if (!fs_existsf(fs, DEVICES "/%s", d.address))
		return err_set(err, -ENODEV, "there is no PCI device %s here", d.address);
	d.vendor = (uint16_t) read_hex(fs, d.address, "vendor");
	d.device = (uint16_t) read_hex(fs, d.address, "device");
	d.class_code = (uint32_t) read_hex(fs, d.address, "class");
	link_name(fs, d.address, "driver", d.driver, sizeof(d.driver));
	if (fs_readf(fs, d.override, sizeof(d.override), DEVICES "/%s/driver_override", d.address) < 0 ||
	    text_eq(d.override, "(null)"))
		d.override[0] = '\0';
	find_netdev(fs, &d);
	d.numa_node = (int) read_number(fs, d.address, "numa_node", -1);
	text_print(path, sizeof(path), DEVICES "/%s/local_cpulist", d.address);
	if (fs_read_cpulist(fs, path, &d.local_cpus) < 0)
		d.local_cpus = (struct cpuset){ 0 };
	if (link_name(fs, d.address, "iommu_group", name, sizeof(name)) && text_u64(name, &group) == 0 && group < INT32_MAX)
		d.group = (int) group;
	read_sriov(fs, &d);
	*ret = d;
	return 0;
}

int pci_vf_address(const struct fs *fs, const char *pf, unsigned n, char ret[PCI_ADDRESS_MAX], struct err *err)
{
	char link[32], name[64];

	text_print(link, sizeof(link), "virtfn%u", n);
	if (!link_name(fs, pf, link, name, sizeof(name)) || !pci_address_parse(name, ret))
		return err_set(err, -ENOENT, "%s has no virtual function %u", pf, n);
	return 0;
}

int pci_network_devices(const struct fs *fs, struct pci_devices *ret, struct err *err)
{
	VEC(struct pci_device) all = { 0 };
	struct fs_names names = { 0 };
	int r = fs_list(fs, DEVICES, &names);

	if (r == -ENOENT) {
		*ret = (struct pci_devices){ 0 };
		return 0;
	}
	if (r < 0)
		return err_sys(err, r, "cannot list the PCI devices of %s", fs->path);
	for (size_t i = 0; i < names.n; i++) {
		struct pci_device d;

		/* Of a bridge or a disk its class is enough.  One that is unplugged meanwhile is not there. */
		if (read_hex(fs, names.at[i], "class") >> 16 == PCI_CLASS_NET && pci_read(fs, names.at[i], &d, NULL) == 0)
			*vec_add(&all) = d;
	}
	fs_list_free(&names);
	*ret = (struct pci_devices){ .at = all.at, .n = all.n };
	return 0;
}

void pci_devices_free(struct pci_devices *d)
{
	free(d->at);
	*d = (struct pci_devices){ 0 };
}
