/* SPDX-License-Identifier: Apache-2.0 */
/*
 * newc - writer of the cpio format that the kernel unpacks as initramfs
 * (Documentation/driver-api/early-userspace/buffer-format.rst).
 *
 * Owners are root, times are 0 and inode numbers count up, so equal contents
 * give equal bytes.  The caller adds folders before what is in them.
 */
#ifndef VM_NEWC_H
#define VM_NEWC_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/sink.h"

struct newc {
	struct sink out;
	uint32_t inode;
};

void newc_dir(struct newc *n, const char *name, mode_t perm);
void newc_file(struct newc *n, const char *name, mode_t perm, const void *data, uint32_t len);
void newc_char_node(struct newc *n, const char *name, mode_t perm, unsigned major, unsigned minor);
void newc_end(struct newc *n); /* the trailer; n->out is then the whole archive */
void newc_free(struct newc *n);

#endif
