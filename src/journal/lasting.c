/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/lasting.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "journal/internal.h"

int journal_open_lasting(struct journal **ret, const char *why, struct err *err)
{
	return journal_open_as(ret, why, HEAD_LASTING, err);
}

void journal_leave(struct journal *j)
{
	journal_free(j);
}

static int sync_folder_of(const char *path)
{
	AUTO_FREE char *copy = xstrdup(path);
	int r = dir_sync(dirname(copy));

	return r == -EROFS ? 0 : r;
}

/* The target's text; "" for what is no link, negative when nothing is there or it cannot be looked at. */
static int read_link(const char *path, char *buf, size_t cap)
{
	ssize_t n = readlink(path, buf, cap - 1);

	buf[n > 0 ? n : 0] = '\0';
	return n >= 0 || errno == EINVAL ? 0 : -errno;
}

int journal_link(struct journal *j, const char *path, const char *target, struct err *err)
{
	struct entry e = { .kind = ENTRY_LINK, .lasting = true };
	char now[512];
	int r = read_link(path, now, sizeof(now));

	if (r == 0 && text_eq(now, target))
		return 0;
	if (r == 0)
		return err_set(err, -EEXIST, "%s is there already and is not the link to %s", path, target);
	if (r != -ENOENT)
		return err_sys(err, r, "cannot look at %s", path);
	e.path = xstrdup(path);
	e.after = xstrdup(target);
	r = journal_note(j, &e, err);
	if (r < 0)
		return r;
	r = symlink(target, path) < 0 ? -errno : sync_folder_of(path);
	return r < 0 ? err_sys(err, r, "cannot make the link %s", path) : 0;
}

enum undo_state undo_link(const struct undo_ctx *c, const struct entry *e, struct undo_item *item)
{
	char now[512];
	int r = read_link(e->path, now, sizeof(now));

	text_print(item->what, sizeof(item->what), "link %s", e->path);
	if (r == -ENOENT || r == -ENOTDIR)
		return UNDO_SAME;
	if (r == 0 && !text_eq(now, e->after)) {
		text_print(item->text, sizeof(item->text), "leads elsewhere now; somebody changed it since, left alone");
		return UNDO_FOREIGN;
	}
	text_print(item->text, sizeof(item->text), "removed");
	if (r == 0 && !c->dry && unlink(e->path) < 0 && errno != ENOENT)
		r = -errno;
	if (r == 0 && !c->dry)
		r = sync_folder_of(e->path);
	if (r == 0)
		return UNDO_DONE;
	text_print(item->text, sizeof(item->text), "cannot be removed: %s", strerror(-r));
	return UNDO_FAILED;
}
