/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arrival - has the device behind a setting come, or come back, since the
 * tuning?  Then it has its driver's own settings, and nobody has changed them.
 *
 * The times of files in sysfs tell nothing of that: they are made up when
 * somebody first looks.  What tells is udev's record of when it first saw the
 * device, and the start of the kernel thread that serves its interrupt.
 */
#ifndef KEEP_ARRIVAL_H
#define KEEP_ARRIVAL_H

#include "keep/author.h"

/* what: as for author_guess(); false: nothing was seen to come, or it is about no device. */
bool arrival_guess(const struct author *a, const char *what, char *buf, size_t cap);

#endif
