/* SPDX-License-Identifier: Apache-2.0 */
/* parts - for the room capture only. */
#ifndef CAPTURE_PARTS_H
#define CAPTURE_PARTS_H

#include "base/fs_tree.h"

#define CAPTURE_MARK   FS_TREE_OWN "/capture"
#define CAPTURE_ERRORS FS_TREE_OWN "/errors"
#define CAPTURE_ABSENT FS_TREE_OWN "/absent"
#define CAPTURE_FORMAT 1

/* A tar, plain or packed by gzip or zstd, into the tree; name is for messages. */
int archive_load(struct fs_tree *t, int fd, const char *name, struct err *err);

/* "EACCES" of -EACCES and back; NULL and 0 for what has no name here. */
const char *errno_name(int error);
int errno_of_name(const char *name);
/* The text of CAPTURE_ERRORS: lines "NAME PATH".  Lines that say nothing are left out. */
void errors_apply(struct fs_tree *t, const char *text);

#endif
