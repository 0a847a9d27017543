/* SPDX-License-Identifier: Apache-2.0 */
/* pages - the host's pools of huge pages, one per size and NUMA node. */
#ifndef VM_PAGES_H
#define VM_PAGES_H

#include "base/err.h"
#include "base/fs.h"
#include "journal/journal.h"

#define HUGE_2M_KB 2048u
#define HUGE_1G_KB 1048576u

/*
 * Enough free pages of this size for memory_mb on this node (-1 = any)?  Those
 * that are missing are made when there is a journal; what cannot be made whole
 * is given back at once.  Negative with the reason and the cure.
 */
int pages_get(const struct fs *fs, unsigned kb, int node, unsigned memory_mb, struct journal *j, struct err *err);

#endif
