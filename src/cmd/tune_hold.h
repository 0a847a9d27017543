/* SPDX-License-Identifier: Apache-2.0 */
/* tune_hold - a tuning that stays, held as those of runs are (run/hold.h): what `vlat tune` and `vlat revert` need of it. */
#ifndef CMD_TUNE_HOLD_H
#define CMD_TUNE_HOLD_H

#include "base/err.h"
#include "base/sink.h"
#include "run/hold.h"
#include "tune/plan.h"

/* Returns when the plan is applied and held (0; the run's name in run), or not at all; prints nothing.  clock: NULL = none. */
int tune_hold(struct plan *p, const char *profile, const struct hold_clock *clock, char run[16], struct sink *out,
	      struct err *err);

/* The same in this process, for a service manager, which is told when it is in force; returns when asked to end, all put back. */
int tune_hold_here(struct plan *p, const char *profile, struct err *err);

/* Ends the holder of such a tuning (run NULL = whichever), and leaves its journal to be undone by journal_revert(). */
int tune_release(const char *run, struct err *err);

#endif
