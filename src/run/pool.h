/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool - the CPUs that are set apart on this host for runs, and the tuning of
 * the host that goes with them: once, for all runs that want it.
 *
 * Settings of the host cannot be undone one run at a time: what the first run
 * found and what the second left would no longer fit together.  So one small
 * process, the keeper, applies vlat's plan in a journal of its own and puts it
 * back when the last run has let go.  Runs count themselves by a shared lock on
 * /run/vlat/pool.lock; the keeper waits for the exclusive one.
 */
#ifndef RUN_POOL_H
#define RUN_POOL_H

#include <sys/types.h>

#include "base/cpuset.h"
#include "base/err.h"
#include "host/placement.h"
#include "host/split.h"

struct pool {
	int lock; /* shared, held; -1 = no part in it */
	pid_t keeper;
	char run[16];           /* of the keeper's journal */
	struct cpuset cpus;     /* set apart; empty = there is no pool */
	struct placement place; /* groups and housekeeping CPUs of the keeper's plan */
};
#define POOL_INIT                                                                                                                \
	{                                                                                                                        \
		.lock = -1                                                                                                       \
	}

/* Count oneself in and look: *ret says what there is.  -EUCLEAN when a keeper died. */
int pool_enter(struct pool *ret, struct err *err);
/* Start the keeper with this split; returns when the host is tuned.  Only after pool_enter() found no pool. */
int pool_make(struct pool *p, const struct cpu_split *split, struct err *err);
void pool_leave(struct pool *p); /* accepts POOL_INIT */

/* No keeper begins while this fd is open: for `vlat revert` beside runs. */
int pool_hold(int *ret_fd, struct err *err);

#endif
