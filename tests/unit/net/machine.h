/* SPDX-License-Identifier: Apache-2.0 */
/*
 * machine - a made-up machine and one that plays its kernel: whatever is
 * written to sriov_numvfs, unbind and drivers_probe has the effect that the
 * real one gives it, and is kept in the order of writing.
 */
#ifndef TESTS_UNIT_NET_MACHINE_H
#define TESTS_UNIT_NET_MACHINE_H

#include "machine_tree.h"

enum { LOG_MAX = 64 };

struct kernel {
	struct machine *m; /* NULL = nobody plays */
	unsigned vfs;
	int refuse; /* what writing a number of functions is answered with */
	char log[LOG_MAX][96]; /* "sriov_numvfs=2", in the order of writing */
	unsigned n_log;
};

static struct kernel kernel;

static inline void vf_name(unsigned i, char buf[PCI_ADDRESS_MAX])
{
	snprintf(buf, PCI_ADDRESS_MAX, "0000:01:%02x.%u", 0x10 + (i / 4) % 16, (i * 2) % 8);
}

static inline void kernel_functions(struct kernel *k, unsigned n)
{
	char name[PCI_ADDRESS_MAX], text[512];

	for (unsigned i = 0; i < n; i++) {
		vf_name(i, name);
		machine_device(k->m, name, NULL, 10 + (int) i);
		machine_link(k->m, "../" PF, DEV "%s/physfn", name);
		snprintf(text, sizeof(text), "../%s", name);
		machine_link(k->m, text, DEV PF "/virtfn%u", i);
	}
	for (unsigned i = n; i < k->vfs; i++) {
		vf_name(i, name);
		snprintf(text, sizeof(text), "%s/" DEV PF "/virtfn%u", k->m->dir, i);
		unlink(text);
		snprintf(text, sizeof(text), "%s/" DEV "%s", k->m->dir, name);
		dir_remove_all(text);
	}
	k->vfs = n;
}

static inline void kernel_bind(struct kernel *k, const char *address)
{
	char override[64] = "", text[128];
	bool vf = fs_existsf(&k->m->fs, DEV "%s/physfn", address);
	const char *driver;

	(void) fs_readf(&k->m->fs, override, sizeof(override), DEV "%s/driver_override", address);
	driver = override[0] && strcmp(override, "(null)") != 0 ? override : vf ? "igbvf" : "igb";
	snprintf(text, sizeof(text), "../../drivers/%s", driver);
	machine_link(k->m, text, DEV "%s/driver", address);
	snprintf(text, sizeof(text), "vf%c%c", address[9], address[11]);
	if (strcmp(driver, "vfio-pci") != 0)
		machine_netdev(k->m, address, vf ? text : "eth1", "0x1002\n");
}

static inline void kernel_unbind(struct kernel *k, const char *address)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/" DEV "%s/driver", k->m->dir, address);
	unlink(path);
	snprintf(path, sizeof(path), "%s/" DEV "%s/net", k->m->dir, address);
	dir_remove_all(path);
}

/* The linker puts these in the place of fs_write() and of the original (--wrap). */
int __real_fs_write(const struct fs *fs, const char *path, const char *text);
int __wrap_fs_write(const struct fs *fs, const char *path, const char *text);

int __wrap_fs_write(const struct fs *fs, const char *path, const char *text)
{
	const char *file = strrchr(path, '/') + 1;
	bool refused = kernel.m && kernel.refuse && strcmp(file, "sriov_numvfs") == 0;
	int r = refused ? kernel.refuse : __real_fs_write(fs, path, text);

	if (r < 0 || !kernel.m)
		return r;
	if (kernel.n_log < LOG_MAX)
		snprintf(kernel.log[kernel.n_log++], sizeof(kernel.log[0]), "%s=%.*s", file, (int) strcspn(text, "\n"), text);
	if (strcmp(file, "sriov_numvfs") == 0)
		kernel_functions(&kernel, (unsigned) strtoul(text, NULL, 10));
	else if (strcmp(file, "unbind") == 0)
		kernel_unbind(&kernel, text);
	else if (strcmp(file, "drivers_probe") == 0)
		kernel_bind(&kernel, text);
	return 0;
}

/* The n-th thing written, or "". */
static inline const char *kernel_did(unsigned n)
{
	return n < kernel.n_log ? kernel.log[n] : "";
}

#endif
