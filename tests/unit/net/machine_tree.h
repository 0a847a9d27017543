/* SPDX-License-Identifier: Apache-2.0 */
/* machine_tree - a made-up machine with PCI devices, as files. */
#ifndef TESTS_UNIT_NET_MACHINE_TREE_H
#define TESTS_UNIT_NET_MACHINE_TREE_H

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/text.h"
#include "base/vec.h"
#include "host/pci.h"

#define PF "0000:01:00.0"

struct machine {
	char dir[64];
	struct fs fs;
};

__attribute__((format(printf, 3, 4))) static inline void machine_put(const struct machine *m, const char *text, const char *fmt,
								     ...)
{
	struct err err = { 0 };
	char path[512];
	size_t used;
	va_list ap;

	used = (size_t) snprintf(path, sizeof(path), "%s/", m->dir);
	va_start(ap, fmt);
	vsnprintf(path + used, sizeof(path) - used, fmt, ap);
	va_end(ap);
	{
		AUTO_FREE char *folder = xstrdup(path);

		assert_int_equal(dir_make_all(dirname(folder), 0755, &err), 0);
	}
	{
		AUTO_FILE FILE *f = fopen(path, "we");

		assert_non_null(f);
		fputs(text, f);
	}
}

/* A link whose last part is what counts. */
__attribute__((format(printf, 3, 4))) static inline void machine_link(const struct machine *m, const char *target,
								      const char *fmt, ...)
{
	struct err err = { 0 };
	char path[512];
	size_t used;
	va_list ap;

	used = (size_t) snprintf(path, sizeof(path), "%s/", m->dir);
	va_start(ap, fmt);
	vsnprintf(path + used, sizeof(path) - used, fmt, ap);
	va_end(ap);
	{
		AUTO_FREE char *folder = xstrdup(path);

		assert_int_equal(dir_make_all(dirname(folder), 0755, &err), 0);
	}
	unlink(path);
	assert_int_equal(symlink(target, path), 0);
}

#define DEV "sys/bus/pci/devices/"

static inline void machine_device(const struct machine *m, const char *address, const char *driver, int group)
{
	char nr[64];

	machine_put(m, "0x8086\n", DEV "%s/vendor", address);
	machine_put(m, "0x10c9\n", DEV "%s/device", address);
	machine_put(m, "0x020000\n", DEV "%s/class", address);
	machine_put(m, "(null)\n", DEV "%s/driver_override", address);
	machine_put(m, "0\n", DEV "%s/numa_node", address);
	machine_put(m, "0-3\n", DEV "%s/local_cpulist", address);
	if (driver) {
		machine_put(m, "", "sys/bus/pci/drivers/%s/unbind", driver);
		snprintf(nr, sizeof(nr), "../../drivers/%s", driver);
		machine_link(m, nr, DEV "%s/driver", address);
	}
	if (group >= 0) {
		snprintf(nr, sizeof(nr), "../../../../kernel/iommu_groups/%d", group);
		machine_link(m, nr, DEV "%s/iommu_group", address);
		machine_put(m, "", "sys/kernel/iommu_groups/%d/devices/%s", group, address);
		machine_put(m, "0x00000000fee00000 0x00000000feefffff msi\n", "sys/kernel/iommu_groups/%d/reserved_regions",
			    group);
	}
}

static inline void machine_netdev(const struct machine *m, const char *address, const char *name, const char *flags)
{
	char target[256];

	machine_put(m, flags, DEV "%s/net/%s/flags", address, name);
	snprintf(target, sizeof(target), "../../devices/pci0000:00/%s/net/%s", address, name);
	machine_put(m, flags, "sys/devices/pci0000:00/%s/net/%s/flags", address, name);
	machine_link(m, target, "sys/class/net/%s", name);
}

/* A port with SR-IOV, driven by igb, and all that VFIO needs. */
static inline void machine_open(struct machine *m)
{
	struct err err = { 0 };

	strcpy(m->dir, "/tmp/vlat-unit-XXXXXX");
	assert_non_null(mkdtemp(m->dir));
	machine_device(m, PF, "igb", 1);
	machine_netdev(m, PF, "eth1", "0x1003\n");
	machine_put(m, "7\n", DEV PF "/sriov_totalvfs");
	machine_put(m, "0\n", DEV PF "/sriov_numvfs");
	machine_put(m, "1\n", DEV PF "/sriov_drivers_autoprobe");
	machine_put(m, "", "sys/bus/pci/drivers_probe");
	machine_put(m, "", "sys/bus/pci/drivers/vfio-pci/unbind");
	machine_put(m, "", "sys/bus/pci/drivers/igbvf/unbind");
	machine_put(m, "N\n", "sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts");
	machine_put(m, "            CPU0\n  0:  3  IR-IO-APIC    2-edge      timer\n", "proc/interrupts");
	machine_put(m, "quiet\n", "proc/cmdline");
	machine_put(m, "vendor_id : GenuineIntel\n", "proc/cpuinfo");
	machine_put(m, "Iface\tDestination\tGateway\nlo\t0000007F\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0\n",
		    "proc/net/route");
	if (fs_open_root(&m->fs, m->dir, &err) < 0)
		fail_msg("%s", err.text);
}

static inline void machine_close(struct machine *m)
{
	fs_close(&m->fs);
	dir_remove_all(m->dir);
}

static inline const char *machine_read(const struct machine *m, char buf[256], const char *path)
{
	if (fs_read(&m->fs, path, buf, 256) < 0)
		strcpy(buf, "(gone)");
	return buf;
}

#endif
