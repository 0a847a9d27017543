/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The numbers are those of the kernel's drivers (drivers/net/ethernet), for
 * what machines give away in practice: virtual functions, and whole cards of
 * the kinds that QEMU emulates too.  A device that is not here is given away
 * all the same; then the guest's own system has to know it.
 */
#include "vm/drivers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "vm/platform.h"

#define INTEL    0x8086
#define MELLANOX 0x15b3
#define RED_HAT  0x1af4

const char *const driver_modules[] = { "e1000e", "igb", "igbvf", "ixgbevf", "iavf", NULL };

static const struct {
	unsigned vendor, first, last; /* device numbers */
	const char *module;
} rows[] = {
	{ .vendor = INTEL, .first = 0x10ca, .last = 0x10ca, .module = "igbvf" },   /* 82576 */
	{ .vendor = INTEL, .first = 0x1520, .last = 0x1520, .module = "igbvf" },   /* I350 */
	{ .vendor = INTEL, .first = 0x10c9, .last = 0x10c9, .module = "igb" },     /* 82576 */
	{ .vendor = INTEL, .first = 0x1521, .last = 0x1524, .module = "igb" },     /* I350 */
	{ .vendor = INTEL, .first = 0x1533, .last = 0x153b, .module = "igb" },     /* I210, I211 */
	{ .vendor = INTEL, .first = 0x10d3, .last = 0x10d3, .module = "e1000e" },  /* 82574 */
	{ .vendor = INTEL, .first = 0x10ed, .last = 0x10ed, .module = "ixgbevf" }, /* 82599 */
	{ .vendor = INTEL, .first = 0x1515, .last = 0x1515, .module = "ixgbevf" }, /* X540 */
	{ .vendor = INTEL, .first = 0x1565, .last = 0x1565, .module = "ixgbevf" }, /* X550 */
	{ .vendor = INTEL, .first = 0x15a8, .last = 0x15a8, .module = "ixgbevf" }, /* X550EM */
	{ .vendor = INTEL, .first = 0x15c5, .last = 0x15c5, .module = "ixgbevf" }, /* X550EM_a */
	{ .vendor = INTEL, .first = 0x154c, .last = 0x154c, .module = "iavf" },    /* X710 */
	{ .vendor = INTEL, .first = 0x37cd, .last = 0x37cd, .module = "iavf" },    /* X722 */
	{ .vendor = INTEL, .first = 0x1889, .last = 0x1889, .module = "iavf" },    /* E810 */
	{ .vendor = MELLANOX, .first = 0x1011, .last = 0x1023, .module = "mlx5_core" },
	{ .vendor = RED_HAT, .first = 0x1000, .last = 0x1000, .module = "virtio_net" },
	{ .vendor = RED_HAT, .first = 0x1041, .last = 0x1041, .module = "virtio_net" },
};

const char *driver_of(unsigned vendor, unsigned device)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].vendor == vendor && device >= rows[i].first && device <= rows[i].last)
			return rows[i].module;
	}
	return NULL;
}

static unsigned read_id(const struct fs *fs, const char *host, const char *file)
{
	char text[32];

	return fs_readf(fs, text, sizeof(text), "sys/bus/pci/devices/%s/%s", host, file) > 0 ? (unsigned) strtoul(text, NULL, 16)
											     : 0;
}

static const char *driver_of_nic(const struct fs *fs, const struct vm_nic *nic)
{
	switch (nic->kind) {
	case VM_NIC_E1000E:
		return "e1000e";
	case VM_NIC_VFIO:
		return driver_of(read_id(fs, nic->host, "vendor"), read_id(fs, nic->host, "device"));
	default:
		return "virtio_net";
	}
}

/* A word of a list of words. */
static bool listed(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; (p = strstr(p, word)); p += n) {
		if ((p == list || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
			return true;
	}
	return false;
}

int drivers_check(const struct fs *fs, const struct vm_spec *spec, struct err *err)
{
	const struct vm_platform *p = spec->platform;

	for (unsigned i = 0; !vm_is_own(spec) && i < spec->n_nics; i++) {
		const char *driver = driver_of_nic(fs, &spec->nics[i]);

		if (!driver || text_eq(driver, "virtio_net") || listed(p->drivers, driver))
			continue;
		return err_set(
			err, -ENODEV,
			"the guest's kernel %s has no driver %s, which %s needs: use a stock kernel that has it (standard or"
			" rt, not cloud), or name one of yours",
			p->kernel.version, driver, spec->nics[i].kind == VM_NIC_VFIO ? spec->nics[i].host : "an emulated card");
	}
	return 0;
}
