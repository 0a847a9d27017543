/* SPDX-License-Identifier: Apache-2.0 */
/*
 * groups - control groups that appear at the top while a tuning is in force.
 *
 * Where CPUs are set apart by confining the other top groups (kernels before
 * 6.8, and cgroup v1), one that comes later, such as user.slice at the first
 * login, is confined by nobody.  The kernel tells of folders that are made.
 */
#ifndef KEEP_GROUPS_H
#define KEEP_GROUPS_H

#include "base/err.h"

typedef void groups_came_fn(void *arg, const char *name);

int groups_open(const char *dir, int *ret_fd, struct err *err); /* a fd to poll */
/* Each that has come since the last call; -ENOBUFS = some were lost. */
int groups_hear(int fd, groups_came_fn *came, void *arg);

#endif
