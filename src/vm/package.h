/* SPDX-License-Identifier: Apache-2.0 */
/*
 * package - a kernel package of this host's distribution: resolved, downloaded,
 * checked against the size and SHA-256 of the package index, and unpacked into
 * a folder.  Nothing is installed and no package script runs.
 */
#ifndef VM_PACKAGE_H
#define VM_PACKAGE_H

#include <stddef.h>

#include "base/err.h"

/*
 * Unpack what the metapackage stands for ("linux-image-cloud-amd64") into
 * dir/tree; dir exists and is empty.  label: "linux-image-6.1.0-56-cloud-amd64_6.1.192-2".
 * -ENOENT: no such package; -ENOSYS: no apt here.
 */
int package_unpack(const char *meta, const char *dir, char *label, size_t cap, struct err *err);

#endif
