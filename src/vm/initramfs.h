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

/* The archive as bytes into *ret (sink_free it). */
int initramfs_build(struct sink *ret, const char *agent, const struct vm_kernel *kernel, struct err *err);

/* The same as a file in the cache, named by its contents; path into buf. */
int initramfs_file(const char *agent, const struct vm_kernel *kernel, char *buf, size_t cap, struct err *err);

#endif
