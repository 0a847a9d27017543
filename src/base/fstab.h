/* SPDX-License-Identifier: Apache-2.0 */
/* fstab - what /etc/fstab names and /proc/self/mounts lacks (fstab(5)). */
#ifndef BASE_FSTAB_H
#define BASE_FSTAB_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fs.h"

/*
 * Whether an absolute path is at or below a mount point that is to be mounted and is not: what lies there now is not what
 * will lie there.  dir takes the mount point; false as well when either file cannot be read.
 */
bool fstab_lacks(const struct fs *fs, const char *path, char *dir, size_t cap);

/* Pure: the same of the two texts. */
bool fstab_text_lacks(const char *fstab, const char *mounts, const char *path, char *dir, size_t cap);

#endif
