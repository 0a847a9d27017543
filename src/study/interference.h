/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interference - the background load while a measurement runs.
 *
 * `idle` is nothing; `busy` is a program started from an argument vector, by
 * default stress-ng: as many CPU-bound processes as there are CPUs, one that
 * maps and touches memory, one pair that switches contexts all the time, one
 * that writes files.  The same vector in every arm: it inherits the CPUs that
 * vlat itself runs on, so a tuning that keeps house keeps it away as well.
 */
#ifndef STUDY_INTERFERENCE_H
#define STUDY_INTERFERENCE_H

#include "base/err.h"
#include "journal/journal.h"

extern const char *const interference_busy[]; /* NULL-terminated; what `busy` means unless a study says otherwise */

/* argv NULL or empty = idle: always there.  -ENOENT with the cure when its program is missing. */
int interference_available(const char *const *argv, struct err *err);

struct interference;
/* Journalled by its mark and its folder; returns when it has survived its first moments. *ret is NULL for idle. */
int interference_start(struct interference **ret, const char *const *argv, struct journal *j, struct err *err);
/* Still there?  A load that died makes a cell a lie: -ECHILD, how it ended and what it said. */
int interference_check(struct interference *i, struct err *err);
void interference_stop(struct interference *i); /* all of its processes; accepts NULL */

#endif
