/* SPDX-License-Identifier: Apache-2.0 */
/*
 * companion - a program or folder that came with this program.
 *
 * It lies beside it in a build tree, or in an installation that was moved as a
 * whole, or where the build was told to install.
 */
#ifndef BASE_COMPANION_H
#define BASE_COMPANION_H

#include <limits.h>
#include <stddef.h>

/* The folder this program was started from; "" when the kernel does not tell (no /proc). */
void companion_folder(char ret[PATH_MAX]);

/*
 * The first of beside[], names that begin with "/" and go on from that folder,
 * and of `configured`, a whole path, that access(2) grants `mode` to; -ENOENT
 * when there is none.
 */
int companion_find(const char *const *beside, size_t n, const char *configured, int mode, char *buf, size_t cap);

#endif
