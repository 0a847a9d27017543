/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confine - a process that applies a plan needs to write few files; it gives up
 * the right to write any other (Landlock), for itself and all it starts.
 */
#ifndef TUNE_CONFINE_H
#define TUNE_CONFINE_H

#include "base/err.h"
#include "tune/plan.h"

/*
 * For good, and before plan_apply(): what remains writable are the files that
 * the knob table and the plan name, devices and interrupts (they may come
 * later), control groups, /run, and `state`.  Reading stays as it was.  What
 * the plan mounts, another process mounts for it (journal/mounter.h).
 * -EOPNOTSUPP where the kernel has no Landlock: then nothing is confined.
 */
int plan_confine(struct plan *p, const char *state, struct err *err);
/* Why that would be -EOPNOTSUPP on the running machine; NULL = it would not. */
const char *plan_unconfined(void);

#endif
