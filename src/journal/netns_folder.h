/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netns_folder - /run/netns, the folder of all named network namespaces.
 *
 * It wants to be a mount of its own with shared propagation, so that
 * unmounting a name here unmounts it in every mount namespace cloned meanwhile.
 * iproute2 binds the folder onto itself, and repeats that over names made
 * without it, which can then not be removed any more.  So vlat makes the folder
 * a mount too where it is none; but a tmpfs of its own named "vlat", which
 * therefore is known again, and goes with the last name in it.
 */
#ifndef JOURNAL_NETNS_FOLDER_H
#define JOURNAL_NETNS_FOLDER_H

#include <stdbool.h>

#include "base/err.h"

#define NETNS_FOLDER "/run/netns"
#define NETNS_TMPFS  "vlat"             /* source of the tmpfs when vlat had to mount it */

bool netns_folder_empty(void);
/* The folder is there and locked against others who make or tidy it; close *ret_fd to unlock. */
int netns_folder_lock(int *ret_fd, struct err *err);
/* Unmount the folder when vlat mounted it and no name is left in it: after every name that was removed. */
int netns_folder_tidy(struct err *err);

#endif
