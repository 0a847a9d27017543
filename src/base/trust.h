/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trust - what is read and then obeyed as root must be root's alone: the file,
 * and all that leads to it, for whoever may write a folder on the way, or owns a
 * link there, can have another file obeyed in its place.
 */
#ifndef BASE_TRUST_H
#define BASE_TRUST_H

#include <sys/types.h>

#include "base/err.h"

/*
 * An absolute path: everything on the way from the root, the targets of links
 * and what leads to them included, belongs to root or `owner`, and nobody else
 * may write it.  A folder on the way may be one like /tmp, where nobody can
 * remove what belongs to another; the last one may not.  What is not there yet
 * cannot be judged, and is not.  -EPERM with one sentence.
 */
int trust_check(const char *path, uid_t owner, struct err *err);

#endif
