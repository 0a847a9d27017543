/* SPDX-License-Identifier: Apache-2.0 */
/*
 * initramfs - all the user space of a guest: the agent as /init, the modules
 * it loads and the list that tells their order.
 *
 *	/init                   vlat-agent
 *	/modules/000-failover.ko ...    unpacked, numbered in load order
 *	/modules/order          the same names, one a line
 *	/dev/console            so that init has a stdout before it mounts anything
 *
 * Equal inputs give equal bytes.
 */
#ifndef VM_INITRAMFS_H
#define VM_INITRAMFS_H

#include <stddef.h>

#include "base/err.h"
#include "base/sink.h"
#include "vm/kernel.h"

struct initramfs_wish {
	const char *agent;
	const struct vm_kernel *kernel;
	const char *const *drivers; /* modules that must be in it besides the usual ones, NULL-terminated; or NULL */
};

/* The archive as bytes into *ret (sink_free it); ret_drivers: the drivers of network cards in it, "e1000e igb"; may be NULL. */
int initramfs_build(struct sink *ret, const struct initramfs_wish *wish, struct sink *ret_drivers, struct err *err);

/* The same as a file in the cache, named by its contents; path into buf. */
int initramfs_file(const struct initramfs_wish *wish, char *buf, size_t cap, struct sink *ret_drivers, struct err *err);

#endif
