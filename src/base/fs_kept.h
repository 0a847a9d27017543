/* SPDX-License-Identifier: Apache-2.0 */
/* fs_kept - what was read of the running machine before; for base/fs*.c alone, the front is fs_keep() of base/fs.h. */
#ifndef BASE_FS_KEPT_H
#define BASE_FS_KEPT_H

#include <sys/types.h>

#include "base/fs.h"

struct kept {
	char *path;
	int missing;            /* 0, -ENOENT or -ENOTDIR: no way of asking finds it */
	bool read, listed;      /* asked before */
	int read_error, list_error;
	char *data;             /* the first `len` bytes */
	size_t len;
	bool cut;               /* there is more than that */
	struct fs_names names;
};

/* Read now unless it was read before; never NULL, borrowed until the next of these calls. */
const struct kept *kept_file(const struct fs *fs, const char *path);
const struct kept *kept_folder(const struct fs *fs, const char *path);
/* What is known of a name, whatever was asked of it; NULL = nothing. */
const struct kept *kept_known(const struct fs *fs, const char *path);
void kept_free(struct fs_kept *k);
/* Takes out of `from` what `to` has not read itself. */
void kept_merge(struct fs_kept *to, struct fs_kept *from);

/* The two that read for it, past what is kept. */
ssize_t fs_read_past(const struct fs *fs, const char *path, char *buf, size_t cap);
int fs_list_past(const struct fs *fs, const char *path, struct fs_names *ret);

#endif
