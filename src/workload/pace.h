/* SPDX-License-Identifier: Apache-2.0 */
/* pace - when transactions start and what their times mean: the loop that every request/response client shares. */
#ifndef WORKLOAD_PACE_H
#define WORKLOAD_PACE_H

#include "base/err.h"
#include "workload/run.h"

/* One transaction, from send to reply.  0 answered, 1 lost (it was waited for), negative errno. */
typedef int pace_fn(struct run *run, void *ctx, struct err *err);

/* Warm-up, then the measured time, closed or open as the job says.  What was measured before an error is kept. */
int pace_client(struct run *run, pace_fn *once, void *ctx, struct err *err);

#endif
