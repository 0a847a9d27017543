/* SPDX-License-Identifier: Apache-2.0 */
/* pool_parts - what pool.c and hold.c share. */
#ifndef RUN_POOL_PARTS_H
#define RUN_POOL_PARTS_H

#include "base/err.h"
#include "run/pool.h"

#define DIR_ALL   "/run/vlat"
#define DIR_POOL  DIR_ALL "/pool"
#define LOCK_POOL DIR_ALL "/pool.lock"
#define LOCK_MAKE DIR_ALL "/pool.make"

/* flock() with a deadline and Ctrl-C. */
int pool_lock(const char *path, int how, int *ret_fd, struct err *err);
int pool_save(const struct pool *p, struct err *err);
int pool_dead(struct err *err); /* -EUCLEAN and its sentence */

#endif
