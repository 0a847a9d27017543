/* SPDX-License-Identifier: Apache-2.0 */
/*
 * files - what QEMU has to open, opened beforehand with vlat's rights: the
 * disk, the sockets of console and guest agent, and a kernel or initramfs where the user that
 * QEMU becomes could not reach them.
 */
#ifndef VM_FILES_H
#define VM_FILES_H

#include <limits.h>
#include <stdbool.h>

#include "base/err.h"
#include "vm/spec.h"

struct vm_files {
	char kernel[PATH_MAX], initrd[PATH_MAX]; /* as QEMU is told; "" = none */
	int kernel_fd, initrd_fd;                /* memory copies; -1 = the path above is good as it is */
	int disk_fd, listen_fd, agent_fd;        /* -1 = none */
	char socket[128], agent[128];            /* the console's, the guest agent's, removed by files_close(); "" = none */
};
#define VM_FILES_INIT                                                                                                            \
	{                                                                                                                        \
		.kernel_fd = -1, .initrd_fd = -1, .disk_fd = -1, .listen_fd = -1, .agent_fd = -1                                 \
	}

/* confined: QEMU will be nobody in particular. */
int files_open(struct vm_files *ret, const struct vm_spec *spec, bool confined, struct err *err);
void files_hand_over(struct vm_files *f); /* QEMU has its copies now: close ours */
void files_close(struct vm_files *f);     /* accepts VM_FILES_INIT */

/* Is it there, is it in the format it is said to have, could it be booted? */
int disk_check(const struct vm_disk *disk, bool boots, struct err *err);

#endif
