/* SPDX-License-Identifier: Apache-2.0 */
/* unseen - what cannot be seen from here, why, and what would help: told, never guessed. */
#ifndef HOST_UNSEEN_H
#define HOST_UNSEEN_H

#include <stddef.h>

#include "base/fs.h"

struct unseen {
	char what[64];                  /* "who holds /dev/cpu_dma_latency" */
	char why[160];                  /* "sys/kernel/debug/sched/preempt: Permission denied" */
	char cure[96];                  /* "run as root" */
};

struct unseens {
	struct unseen *at;              /* owned */
	size_t n, cap;
};

/* r is what the fs function gave for path; absent files (-ENOENT, -ENOTDIR) and successes are not noted. */
void unseen_note(struct unseens *u, const struct fs *fs, const char *what, const char *path, int r);
void unseen_say(struct unseens *u, const char *what, const char *why, const char *cure);
void unseen_free(struct unseens *u);

#endif
