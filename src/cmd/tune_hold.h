/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tune_hold - a tuning that stays: a process of its own applies the plan, keeps
 * what only an open file keeps (PM QoS), and waits.  Asked to end (a
 * shutdown) it puts all back; `vlat revert` kills it and undoes its journal.
 */
#ifndef CMD_TUNE_HOLD_H
#define CMD_TUNE_HOLD_H

#include "base/err.h"
#include "base/sink.h"
#include "tune/plan.h"

#define TUNE_WHY "tune " /* how the journal of such a run begins to say what it is: "tune vm-host" */

/* Returns when the plan is applied and held (0; the run's name in run), or not at all; prints nothing. */
int tune_hold(struct plan *p, const char *profile, char run[16], struct sink *out, struct err *err);

/* Ends the holders of these tunings (run NULL = all), and leaves their journals to be undone by journal_revert(). */
int tune_release(const char *run, struct err *err);

#endif
