/* SPDX-License-Identifier: Apache-2.0 */
/*
 * force - what vlat has in force on this host, by its journals, and which of
 * it somebody has changed since.  Looking changes nothing.
 */
#ifndef KEEP_FORCE_H
#define KEEP_FORCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "journal/undo.h"

/* Every run, those that are alive and those that last too; revert_report_free(). */
int force_look(struct revert_report *ret, struct err *err);
/* The same for a watcher: cheap, and no CPU is interrupted for it; what can only be read so is left out. */
int force_look_quietly(struct revert_report *ret, struct err *err);

/* The tuning that a live process holds: by `vlat tune`, or for runs; NULL. */
const struct revert_run *force_tuning(const struct revert_report *r);
bool force_is_tuning(const struct revert_run *run);

/* A change of vlat's that is not as vlat left it: put back, or changed further. */
bool force_drifted(const struct undo_item *it);
size_t force_count_drifted(const struct revert_run *run);
size_t force_count_held(const struct revert_run *run); /* still as vlat left them */

/* What the last `vlat verify` found of the tuning `run`; -ENOENT: it was not called since. */
struct verified {
	double at_s; /* seconds since 1970 */
	bool fine;
};
int verified_load(const char *run, struct verified *ret, struct err *err);
int verified_save(const char *run, bool fine, struct err *err);

#endif
