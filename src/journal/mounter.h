/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mounter - Landlock forbids every mount and unmount to who is confined by it.
 * So a small process is forked before that, which can mount debugfs on
 * /sys/kernel/debug, take it off again, and do nothing else: it gets one byte,
 * and answers with an errno.  It ends when nobody holds the other end any more.
 */
#ifndef JOURNAL_MOUNTER_H
#define JOURNAL_MOUNTER_H

#include "base/err.h"

#define MOUNTER_PATH "/sys/kernel/debug"
#define MOUNTER_TYPE "debugfs"

int mounter_start(int *ret_fd, struct err *err);
/* 0, or negative errno: -ECONNRESET when the process is gone. */
int mounter_mount(int fd);
int mounter_unmount(int fd); /* however often it is mounted there; -EINVAL when it is not */

#endif
