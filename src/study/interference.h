/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interference - the background load while a measurement runs.
 *
 * `idle` is nothing; `busy` is a host with neighbours, each a stress-ng in a
 * session of its own: a CPU-bound one for every CPU, one that maps and touches
 * memory, one that switches contexts all the time, one that starts processes,
 * one that writes files.  The same load in every arm: it inherits the CPUs that
 * vlat itself runs on, so a tuning that keeps house keeps it away as well.
 *
 * A load is a NULL-terminated list of words: the argument vectors of its
 * programs with the word & between two of them; after the word * stands a
 * program that is started once for each CPU.
 */
#ifndef STUDY_INTERFERENCE_H
#define STUDY_INTERFERENCE_H

#include "base/err.h"
#include "journal/journal.h"

extern const char *const interference_busy[]; /* what `busy` means unless a study says otherwise */

/* argv NULL or empty = idle: always there.  -ENOENT with the cure when one of its programs is missing. */
int interference_available(const char *const *argv, struct err *err);

struct interference;
/* Journalled by its mark and its folder; returns when it has survived its first moments. *ret is NULL for idle. */
int interference_start(struct interference **ret, const char *const *argv, struct journal *j, struct err *err);
/* Still there?  A load that died makes a cell a lie: -ECHILD, how it ended and what it said. */
int interference_check(struct interference *i, struct err *err);
void interference_stop(struct interference *i); /* all of its processes; accepts NULL */

#endif
