/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/aside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/text.h"

int aside_dir(char *buf, size_t cap, bool make, struct err *err)
{
	char state[288];
	int r = journal_state_dir(state, sizeof(state), err);

	if (r == 0 && text_print(buf, cap, "%s/left", state))
		r = err_set(err, -ENAMETOOLONG, "the folder %s has too long a name", state);
	if (r < 0)
		return r;
	if (!make && access(buf, F_OK) < 0)
		return -ENOENT;
	r = make ? dir_make_all(buf, 0700, err) : 0;
	return r < 0 ? r : state_check(buf, S_IFDIR, err);
}

struct kept {
	char path[400];
	struct timespec when;
};

static int newest_first(const void *a, const void *b)
{
	const struct timespec *x = &((const struct kept *) a)->when, *y = &((const struct kept *) b)->when;

	if (x->tv_sec != y->tv_sec)
		return x->tv_sec > y->tv_sec ? -1 : 1;
	return (x->tv_nsec < y->tv_nsec) - (x->tv_nsec > y->tv_nsec);
}

/* By when its journal was last written: when it was reverted. */
static void prune(const char *left)
{
	VEC(struct kept) kept = { 0 };
	struct fs_names names;
	struct err err = { 0 };
	struct fs fs;

	if (fs_open_root(&fs, left, &err) < 0)
		return;
	if (fs_list(&fs, ".", &names) == 0) {
		for (size_t i = 0; i < names.n; i++) {
			AUTO_FREE char *journal = xprintf("%s/%s/journal", left, names.at[i]);
			struct kept *k = vec_add(&kept);
			struct stat st;

			text_print(k->path, sizeof(k->path), "%s/%s", left, names.at[i]);
			if (stat(journal, &st) == 0)
				k->when = st.st_mtim;
		}
		fs_list_free(&names);
	}
	fs_close(&fs);
	if (kept.n)
		qsort(kept.at, kept.n, sizeof(*kept.at), newest_first);
	for (size_t i = ASIDE_MAX; i < kept.n; i++)
		dir_remove_all(kept.at[i].path);
	vec_free(&kept);
}

int aside_put(const struct journal *j, struct err *err)
{
	char left[300], to[340];
	int r = aside_dir(left, sizeof(left), true, err);

	if (r < 0)
		return r;
	text_print(to, sizeof(to), "%s/%s", left, j->head.run);
	dir_remove_all(to);
	if (rename(j->dir, to) < 0)
		return err_sys(err, -errno, "cannot rename %s to %s", j->dir, to);
	dir_sync(left);
	prune(left);
	return 0;
}

void aside_reopen(struct journal *j, const char *const *force)
{
	struct undo_ctx c = { .j = j, .force = force };

	for (size_t i = 0; i < j->entries.n; i++) {
		struct entry *e = &j->entries.at[i];

		e->settled = !e->foreign || !undo_is_forced(&c, e);
	}
}

bool aside_is_done(const struct journal *j)
{
	for (size_t i = 0; i < j->entries.n; i++) {
		if (j->entries.at[i].foreign)
			return false;
	}
	return true;
}
