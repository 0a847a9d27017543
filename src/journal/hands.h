/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hands - what who undoes within a fence (fence.h) cannot do: unmount, run the
 * programs of a journal, end a run's processes, see who holds a device.
 *
 * A process that is forked before the fence is closed, with its own copy of
 * the journals as they were read then.  It is told which entry of which run to
 * undo, never how: so it does nothing but what stood in them, and had passed
 * the checks of who reads them.  It ends with its parent.
 */
#ifndef JOURNAL_HANDS_H
#define JOURNAL_HANDS_H

#include "base/vec.h"
#include "journal/internal.h"

typedef VEC(struct journal *) journal_vec;
void journals_free(journal_vec *v);
/* revert.c: those that journal_revert() would obey now. */
int journals_found(const struct revert_options *o, journal_vec *ret, struct err *err);

/* o: how to undo.  more: what hands_do_more() has them do. */
int hands_start(struct hands **ret, journal_vec *journals, const struct revert_options *o, revert_more *more, void *arg,
		struct err *err);
void hands_end(struct hands *h); /* accepts NULL */

pid_t hands_pid(const struct hands *h);

bool hands_are_for(enum entry_kind kind);
enum undo_state hands_undo(const struct hands *h, const struct journal *j, const struct entry *e, struct undo_item *item);
int hands_kill(const struct hands *h, const struct journal *j, struct err *err); /* as marked_kill() */
int hands_do_more(const struct hands *h, char *text, size_t cap, struct err *err);

#endif
