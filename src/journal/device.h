/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device - PCI devices as taking and undoing both see them: who drives one,
 * who uses it, and how it changes hands.  Everything below a root folder, so
 * that a made-up machine serves for tests.
 */
#ifndef JOURNAL_DEVICE_H
#define JOURNAL_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/fs.h"

#define DEVICE_FOLDER "/sys/bus/pci/devices/"

/* "" when no driver has it. */
void device_driver(const struct fs *fs, const char *address, char *buf, size_t cap);
/* The netdev that this network namespace sees of it; false = none, or it was moved to another. */
bool device_netdev(const struct fs *fs, const char *address, char *buf, size_t cap);
/* A driver just bound, or a namespace that has ended, brings it in a worker of the kernel's, a moment later. */
bool device_await_netdev(const struct fs *fs, const char *address, char *buf, size_t cap, uint64_t timeout_ns);
/* Number of its IOMMU group; -1 = none. */
int device_group(const struct fs *fs, const char *address);
/* Somebody has the group open: "process 812 (qemu-system-x86)". */
bool device_group_user(const struct fs *fs, unsigned group, char *buf, size_t cap);

/*
 * Hand it to `driver`, or ("") to nobody, or (NULL) to whoever the kernel
 * finds for it.  By driver_override, which concerns this device alone.
 * Never blocks: a device whose group is open is refused (-EBUSY).
 */
int device_give(const struct fs *fs, const char *address, const char *driver, struct err *err);

/*
 * While the fd is open no other vlat takes this device: a lock on its folder
 * in sysfs, which leaves nothing behind.  -EBUSY when another run has it.
 */
int device_lease(const struct fs *fs, const char *address, int *ret_fd, struct err *err);

/* The first of a port's virtual functions that is in use, and by whom; false = none is. */
bool device_vf_user(const struct fs *fs, const char *pf, char *buf, size_t cap);
/* Its number of virtual functions, 0 or n; -EBUSY when one of them is in use. */
int device_set_vfs(const struct fs *fs, const char *pf, unsigned n, struct err *err);

#endif
