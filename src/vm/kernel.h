/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel - a stock distribution kernel for the guest: found, else fetched as a
 * package, checked and unpacked into the cache; never installed on the host.
 */
#ifndef VM_KERNEL_H
#define VM_KERNEL_H

#include <limits.h>
#include <stdbool.h>

#include "base/err.h"

enum kernel_flavour {
	KERNEL_FASTEST, /* the first of the ones below that can be had */
	KERNEL_CLOUD,   /* virtio only, boots fastest */
	KERNEL_GENERIC,
	KERNEL_RT, /* PREEMPT_RT */
};

struct vm_kernel {
	char image[PATH_MAX];   /* bzImage */
	char modules[PATH_MAX]; /* .../lib/modules/VERSION; "" = none, everything must be built in */
	char version[128];      /* uname -r of the guest */
	char source[256];       /* "Debian package linux-image-6.1.0-50-cloud-amd64 6.1.176-1" */
};

/* image NULL = a stock kernel of that flavour; else the user's file, modules beside it or as given. */
int kernel_find(struct vm_kernel *ret, enum kernel_flavour flavour, const char *image, const char *modules, bool offline,
		struct err *err);
/* One certain package of this distribution, kept in CACHE/kernels/FOLDER. */
int kernel_of_package(struct vm_kernel *ret, const char *folder, const char *package, bool offline, struct err *err);
const char *kernel_flavour_name(enum kernel_flavour f); /* "fastest", "cloud", "standard", "rt" */
int kernel_flavour_parse(const char *s, enum kernel_flavour *ret);

#endif
