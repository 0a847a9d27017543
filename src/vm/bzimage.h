/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bzimage - is this file a Linux kernel that QEMU can boot, and which version
 * is it?  Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header".
 */
#ifndef VM_BZIMAGE_H
#define VM_BZIMAGE_H

#include <stddef.h>

#include "base/err.h"

#define BZIMAGE_HEAD 65536 /* this much of the file is enough */

/* The first word of the version text ("6.1.0-56-cloud-amd64"); -ENOEXEC when it is no bzImage. */
int bzimage_version(const void *head, size_t len, char *buf, size_t cap, struct err *err);
int bzimage_file_version(const char *path, char *buf, size_t cap, struct err *err);

#endif
