/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modinfo - what a kernel module says about itself: the NUL-separated
 * "key=value" strings in section .modinfo of a relocatable ELF64 file.
 *
 * The input is untrusted bytes: every offset is checked before use.
 */
#ifndef VM_MODINFO_H
#define VM_MODINFO_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct modinfo {
	const char *at; /* into the caller's ELF image */
	size_t len;
};

int modinfo_find(struct modinfo *ret, const void *elf, size_t len, struct err *err);

/* The n-th value of key, or NULL. Values are NUL-terminated inside the image. */
const char *modinfo_get(const struct modinfo *m, const char *key, unsigned nth);

/* "virtio-net" and "virtio_net" are one module: fold into buf (cut to cap). */
char *module_fold(char *buf, size_t cap, const char *name, size_t len);

/* The folded module name in a file name "kernel/net/virtio-net.ko.xz"; false when it is no module's. */
enum module_packing { MODULE_PLAIN, MODULE_XZ, MODULE_ZSTD, MODULE_GZIP };
bool module_of_path(const char *path, char *buf, size_t cap, enum module_packing *ret);

#endif
