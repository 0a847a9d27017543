/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aside - the journals of runs that are over but for what somebody else had
 * changed: kept in STATE/left, the latest few, so that `vlat revert --force`
 * can still give that back once its user has read what was left alone.
 * Inside this room only.
 */
#ifndef JOURNAL_ASIDE_H
#define JOURNAL_ASIDE_H

#include "journal/internal.h"

#define ASIDE_MAX 8

/* STATE/left; -ENOENT (without err) when there is none and make is false. */
int aside_dir(char *buf, size_t cap, bool make, struct err *err);
/* The run's folder goes there, whole, and the oldest beyond ASIDE_MAX go for good. */
int aside_put(const struct journal *j, struct err *err);
/* Of such a journal only what was left to others, and is wanted back now, is still to be done. */
void aside_reopen(struct journal *j, const char *const *force);
bool aside_is_done(const struct journal *j);    /* nothing of others' is left in it */

#endif
