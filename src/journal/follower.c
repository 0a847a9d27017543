/* SPDX-License-Identifier: Apache-2.0 */
/*
 * follower - a number that the kernel works out anew when another file is
 * written: vm.min_free_kbytes follows whether transparent huge pages are on.
 * Who had set it lower gets another by the change, and yet another when the
 * change is undone; so the entry keeps what it was.
 *
 * Somebody else's hand is told from the kernel's by what stood there right
 * after the change ("followed").  What it shall be afterwards ("goal") is on
 * disk before the file itself is put back: a revert that is killed between the
 * two is finished by the next one, and a file that somebody else has put back
 * meanwhile (no goal) is none of ours any more, nor is what follows it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "journal/internal.h"

void follower_note(struct entry *e, const char *path)
{
	char *now = NULL;

	if (undo_read(path, &now) < 0)
		return;
	e->follower = xstrdup(path);
	e->follower_before = now;
}

static const char *goal_of(const struct entry *e, const char *now)
{
	return !e->followed || text_eq(now, e->followed) ? e->follower_before : now;
}

static enum undo_state fails(const struct entry *e, struct undo_item *item, int r)
{
	text_print(item->what, sizeof(item->what), "%s", e->follower);
	text_print(item->text, sizeof(item->text), "cannot be made %s again: %s", e->goal, strerror(-r));
	return UNDO_FAILED;
}

/* The file itself is as it was; state tells whether it was put back just now. */
static enum undo_state put_back(const struct undo_ctx *c, const struct entry *e, enum undo_state state, struct undo_item *item)
{
	AUTO_FREE char *now = NULL, *own = xstrdup(item->text);
	int r = undo_read(e->follower, &now);

	if (r == -ENOENT || (r == 0 && text_eq(now, e->goal)))
		return state;
	if (r == 0 && !c->dry)
		r = undo_write(e->follower, e->goal);
	if (r < 0)
		return fails(e, item, r);
	if (!c->dry || state == UNDO_SAME)
		text_print(item->text, sizeof(item->text), "%s%s%s %s %s%s", own, own[0] ? "; " : "", e->follower,
			   c->dry ? "would become" : "is", e->goal, c->dry ? "" : " again");
	return UNDO_DONE;
}

enum undo_state follower_undo(const struct undo_ctx *c, struct entry *e, struct undo_item *item, undo_fn *own)
{
	struct undo_ctx look = *c;
	AUTO_FREE char *now = NULL;
	struct err err = { 0 };
	enum undo_state state;
	int r;

	look.dry = true;
	state = own(&look, e, item);
	if (state == UNDO_DONE && !e->goal && !c->dry && undo_read(e->follower, &now) == 0) {
		r = journal_later(c->j, e, "goal", goal_of(e, now), &e->goal, true, &err);
		if (r < 0)
			return fails(e, item, r);
	}
	if (!c->dry)
		state = own(c, e, item);
	return e->goal && (state == UNDO_DONE || state == UNDO_SAME) ? put_back(c, e, state, item) : state;
}
