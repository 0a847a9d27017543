/* SPDX-License-Identifier: Apache-2.0 */
/*
 * iommu - what stands between a device and a VM.
 *
 * A group is the smallest set of devices that the IOMMU can tell apart from
 * the others: whoever owns one of them could reach the memory of all.  So the
 * kernel gives a group away as a whole, and not while a driver of the host
 * holds a member (drivers/vfio: vfio_group_viable; PCI ports and devices
 * without a driver are harmless).  Interrupts are memory writes too: without
 * remapping of them a guest could raise any interrupt of the host.
 */
#include "host/iommu.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/sink.h"
#include "base/text.h"
#include "host/cmdline.h"

#define GROUPS "sys/kernel/iommu_groups"

static bool has_groups(const struct fs *fs)
{
	struct fs_names names = { 0 };
	bool any;

	if (fs_list(fs, GROUPS, &names) < 0)
		return false;
	any = names.n > 0;
	fs_list_free(&names);
	return any;
}

static bool file_has(const struct fs *fs, const char *path, size_t max, const char *word)
{
	AUTO_FREE char *text = NULL;

	return fs_read_all(fs, path, max, &text, NULL) == 0 && strstr(text, word);
}

/* What the kernel was told last: 1 = on, 0 = off, -1 = neither. */
static int told_intel(const struct fs *fs)
{
	AUTO_FREE char *text = NULL;
	struct cmdline_param p;

	if (fs_read_all(fs, "proc/cmdline", 1 << 16, &text, NULL) < 0 || !cmdline_find(text, "intel_iommu", &p))
		return -1;
	if (text_starts(p.value, "off"))
		return 0;
	return text_starts(p.value, "on") ? 1 : -1;
}

/* Who reads this wants to know which of two switches is off: the firmware's, or the kernel's. */
int iommu_check(const struct fs *fs, struct err *err)
{
	if (has_groups(fs))
		return 0;
	if (file_has(fs, "proc/cpuinfo", 1 << 20, "AuthenticAMD"))
		return err_set(err, -ENODEV,
			       "no IOMMU is in use, so no device can be given to a VM: switch on \"IOMMU\" or \"AMD-Vi\" in the "
			       "firmware, and take amd_iommu=off and iommu=off from the kernel's command line if they are there");
	if (told_intel(fs) == 0)
		return err_set(err, -ENODEV,
			       "no IOMMU is in use, because the kernel was told intel_iommu=off, so no device can be given to a "
			       "VM: take that from the kernel's command line, and boot with intel_iommu=on");
	if (told_intel(fs) == 1)
		return err_set(err, -ENODEV,
			       "no IOMMU is in use though the kernel was told intel_iommu=on, so no device can be given to a VM: "
			       "switch on \"VT-d\" in the firmware");
	return err_set(err, -ENODEV,
		       "no IOMMU is in use, so no device can be given to a VM: boot with intel_iommu=on on the kernel's command "
		       "line and \"VT-d\" switched on in the firmware");
}

/* Lines "0x... 0x... TYPE"; "direct" is a mapping the device must keep: VFIO refuses it ("direct-relaxable" it does not). */
static bool has_direct_region(const char *text)
{
	for (const char *at = text; *at;) {
		size_t n = strcspn(at, "\n");

		while (n > 0 && at[n - 1] == ' ')
			n--;
		if (n > 7 && memcmp(at + n - 7, " direct", 7) == 0)
			return true;
		at += strcspn(at, "\n");
		at += *at == '\n';
	}
	return false;
}

static int add_member(const struct fs *fs, struct iommu_group *g, const char *address, struct err *err)
{
	char plain[PCI_ADDRESS_MAX];

	if (!pci_address_parse(address, plain))
		return 0; /* a platform device: no PCI driver can hold it */
	if (g->n == IOMMU_MEMBERS_MAX)
		return err_set(err, -E2BIG, "IOMMU group %u has more than %d members", g->nr, IOMMU_MEMBERS_MAX);
	return pci_read(fs, plain, &g->at[g->n++], err);
}

int iommu_group_read(const struct fs *fs, unsigned nr, struct iommu_group *ret, struct err *err)
{
	AUTO_FREE char *regions = NULL;
	struct fs_names names = { 0 };
	char path[96];
	int r;

	text_print(path, sizeof(path), GROUPS "/%u/devices", nr);
	r = fs_list(fs, path, &names);
	if (r < 0)
		return err_sys(err, r, "cannot list the members of IOMMU group %u", nr);
	ret->nr = nr;
	ret->n = 0;
	for (size_t i = 0; i < names.n && r == 0; i++)
		r = add_member(fs, ret, names.at[i], err);
	fs_list_free(&names);
	text_print(path, sizeof(path), GROUPS "/%u/reserved_regions", nr);
	ret->reserved = fs_read_all(fs, path, 1 << 16, &regions, NULL) == 0 && has_direct_region(regions);
	return r;
}

static bool is_harmless(const struct pci_device *d)
{
	static const char *const drivers[] = { "", "vfio-pci", "pcieport", "pci-stub" };

	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++)
		if (text_eq(d->driver, drivers[i]))
			return true;
	return text_starts(d->driver, "vfio");
}

int iommu_group_viable(const struct iommu_group *g, const char *address, struct err *err)
{
	struct sink others = { 0 };
	size_t n = 0;

	if (g->reserved)
		return err_set(
			err, -EOPNOTSUPP,
			"%s cannot be given to a VM: the firmware has reserved memory that it must always reach (a \"direct\" "
			"region of IOMMU group %u): use another slot or another port of the card",
			address, g->nr);
	for (size_t i = 0; i < g->n; i++) {
		const struct pci_device *d = &g->at[i];

		if (text_eq(d->address, address) || is_harmless(d))
			continue;
		sink_printf(&others, "%s%s (%s%s%s)", n++ ? ", " : "", d->address, d->driver, d->netdev[0] ? ", " : "",
			    d->netdev);
	}
	if (n)
		err_set(err, -EBUSY,
			"%s cannot be given to a VM alone: IOMMU group %u is not viable while the host drives its other members: "
			"%.200s; "
			"unbind them, or put the card into a slot with a group of its own",
			address, g->nr, others.text);
	sink_free(&others);
	return n ? -EBUSY : 0;
}

/* "IR-PCI-MSI", "IR-IO-APIC" are the names that remapped interrupts have on x86; other machines keep them apart by design. */
int iommu_interrupts_check(const struct fs *fs, struct err *err)
{
	AUTO_FREE char *text = NULL;
	char allowed[8] = "";

	if (fs_read_all(fs, "proc/interrupts", 8 << 20, &text, NULL) < 0 || !strstr(text, "IO-APIC") || strstr(text, " IR-"))
		return 0;
	if (fs_readf(fs, allowed, sizeof(allowed), "sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts") >= 0 &&
	    allowed[0] == 'Y')
		return 0;
	return err_set(
		err, -EOPNOTSUPP,
		"the IOMMU does not remap interrupts here, so the kernel gives no device to a VM: switch on interrupt remapping "
		"(x2APIC) in the firmware; vfio_iommu_type1.allow_unsafe_interrupts=1 gives up that protection: a guest could "
		"then raise any interrupt of the host");
}
