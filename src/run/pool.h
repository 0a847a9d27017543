/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool - the CPUs that are set apart on this host, and the tuning of the host
 * that goes with them: once, for all runs that want it.
 *
 * One process holds the tuning (hold.h): made by the first run and gone with
 * the last, or made by `vlat tune` and there until `vlat revert`.  Runs count
 * themselves by a shared lock on /run/vlat/pool.lock, in both cases.
 */
#ifndef RUN_POOL_H
#define RUN_POOL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cpuset.h"
#include "base/err.h"
#include "host/placement.h"

struct pool {
	int lock;               /* shared, held; -1 = no part in it */
	pid_t holder;           /* with start, an identity; 0 = there is no pool */
	uint64_t start;
	char run[16];           /* of the holder's journal, */
	char state[256];        /* which lies in this state folder */
	char profile[65];       /* of `vlat tune`: stays; "" = made by runs, for runs */
	bool apart;             /* nothing else runs on its CPUs: the tuning has groups for that, or the boot did it */
	struct cpuset cpus;     /* of the tuning's isolated side; empty = there is no pool */
	struct placement place; /* groups and housekeeping CPUs of the holder's plan */
};
#define POOL_INIT                                                                                                                \
	{                                                                                                                        \
		.lock = -1                                                                                                       \
	}

/* 1 = this host is tuned, 0 = it is not, -EUCLEAN = a holder died.  Takes no part in it. */
int pool_look(struct pool *ret, struct err *err);

/* Count oneself in and look: *ret says what there is.  -EUCLEAN when a holder died. */
int pool_enter(struct pool *ret, struct err *err);
void pool_leave(struct pool *p); /* accepts POOL_INIT */

/* Until the tuning of runs that have all ended is put back, which takes a moment; at once where something still runs. */
void pool_await_idle(void);

/* No holder begins while this fd is open: for `vlat revert` beside runs. */
int pool_hold(int *ret_fd, struct err *err);

#endif
