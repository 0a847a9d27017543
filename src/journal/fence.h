/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fence - a process gives up the right to write any file but those it needs
 * (Landlock), for good, for itself and all it starts.  Reading stays as it was;
 * mounting, and looking into processes that are not inside, is over.
 */
#ifndef JOURNAL_FENCE_H
#define JOURNAL_FENCE_H

#include <linux/landlock.h>
#include <stdint.h>

#include "base/err.h"

/* Younger than some headers. */
#define FENCE_REFER    (1ULL << 13) /* ABI 2 */
#define FENCE_TRUNCATE (1ULL << 14) /* ABI 3 */

#define FENCE_WRITE  ((uint64_t) LANDLOCK_ACCESS_FS_WRITE_FILE | FENCE_TRUNCATE)
#define FENCE_REMOVE ((uint64_t) LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE)
#define FENCE_ALL                                                                                                                \
	(FENCE_WRITE | FENCE_REMOVE | FENCE_REFER | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |                 \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |                             \
	 LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)

struct fence {
	int fd; /* -1 */
	uint64_t handled;
};
#define FENCE_INIT { .fd = -1 }

/* Why there can be none on this machine; NULL = there can. */
const char *fence_missing(void);
int fence_make(struct fence *ret, struct err *err); /* -EOPNOTSUPP: fence_missing() */
/* The file, or all below the folder, may be used so.  What is not there cannot be written either: 0. */
int fence_allow(const struct fence *f, const char *path, uint64_t access, struct err *err);
int fence_allow_fd(const struct fence *f, int fd, const char *what, uint64_t access, struct err *err);
int fence_enter(const struct fence *f, struct err *err); /* from now on */
void fence_free(struct fence *f);

#endif
