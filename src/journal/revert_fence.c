/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `vlat revert` may still write, once it has read the journals and before
 * it obeys them: the files that they name, and folders where it must not be
 * one file alone, as narrow as can be told.
 *
 * A rule is of the file itself, not of its name.  Files of devices and CPUs
 * come and go with them, also while they are being undone, so of those a whole
 * branch of /sys/devices is left open; so are interrupts.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "journal/fence.h"
#include "journal/hands.h"

#define REPLACE_FILES (FENCE_WRITE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE)
#define IRQS          "/proc/irq"

/* Which files an entry of this kind needs, in its own folder (`above`) and by its own name. */
static const struct need {
	uint64_t above, itself;
} needs[] = {
	[ENTRY_VALUE] = { .itself = FENCE_WRITE },
	/* Its tasks go to the group above, and so do those of the groups in it. */
	[ENTRY_CGROUP] = { .above = FENCE_WRITE | LANDLOCK_ACCESS_FS_REMOVE_DIR },
	[ENTRY_TREE] = { .above = LANDLOCK_ACCESS_FS_REMOVE_DIR, .itself = FENCE_REMOVE },
	[ENTRY_FILE] = { .above = REPLACE_FILES },
	[ENTRY_LINK] = { .above = LANDLOCK_ACCESS_FS_REMOVE_FILE },
	[ENTRY_FOLDER] = { .above = LANDLOCK_ACCESS_FS_REMOVE_DIR },
	[ENTRY_NIC] = { 0 },
};

static const char *const branches[] = { "/sys/devices/system/", "/sys/devices/virtual/", "/sys/devices/" };

/* "/sys/devices/system/cpu" for a file of a CPU, "/sys/devices/pci0000:00" for one of a card behind that bridge. */
static bool branch_of(const char *path, char *buf, size_t cap)
{
	for (size_t i = 0; i < ARRAY_SIZE(branches); i++) {
		size_t n = strlen(branches[i]);

		if (text_starts(path, branches[i]) && path[n])
			return !text_print(buf, cap, "%.*s", (int) (n + strcspn(path + n, "/")), path);
	}
	return text_starts(path, IRQS "/") && !text_print(buf, cap, IRQS);
}

/* Where the path leads as far as there is something: the file of a CPU that is offline has none. */
static bool real_start(const char *path, char ret[PATH_MAX])
{
	AUTO_FREE char *copy = xstrdup(path);

	while (!realpath(copy, ret)) {
		char *slash = strrchr(copy, '/');

		if (!slash || slash == copy)
			return false;
		*slash = '\0';
	}
	return true;
}

static int allow_value(const struct fence *f, const char *path, struct err *err)
{
	char real[PATH_MAX], branch[PATH_MAX];

	if (real_start(path, real) && branch_of(real, branch, sizeof(branch)))
		return fence_allow(f, branch, FENCE_WRITE, err);
	return fence_allow(f, path, FENCE_WRITE, err);
}

static int allow_above(const struct fence *f, const char *path, uint64_t access, struct err *err)
{
	AUTO_FREE char *above = xstrdup(path);
	char *slash = strrchr(above, '/');

	slash[slash == above] = '\0';
	return fence_allow(f, above, access, err);
}

static int allow_entry(const struct fence *f, const struct journal *j, const struct entry *e, struct err *err)
{
	const struct need *need = e->kind < ARRAY_SIZE(needs) ? &needs[e->kind] : NULL;
	struct undo_ctx c = { .j = (struct journal *) j };
	int r = 0;

	if (!need || !e->path || (e->settled && !e->foreign) || (j->rebooted && !e->lasting))
		return 0;
	if (e->kind == ENTRY_TREE && !undo_tree_is_vlats(&c, e->path))
		return 0;
	if (e->kind == ENTRY_CGROUP && !undo_is_group(e->path))
		return 0;
	if (e->kind == ENTRY_VALUE)
		r = allow_value(f, e->path, err);
	if (r == 0 && e->follower)
		r = allow_value(f, e->follower, err);
	if (r == 0 && e->kind != ENTRY_VALUE && need->itself)
		r = fence_allow(f, e->path, need->itself, err);
	return r == 0 && need->above ? allow_above(f, e->path, need->above, err) : r;
}

static int allow_all(const struct fence *f, const journal_vec *journals, struct err *err)
{
	char state[300];
	int r = journal_state_dir(state, sizeof(state), err);

	if (r == 0)
		r = fence_allow(f, state, FENCE_ALL, err);
	if (r == 0)
		r = fence_allow(f, "/dev/null", FENCE_WRITE, err);
	for (size_t i = 0; r == 0 && i < journals->n; i++) {
		const struct journal *j = journals->at[i];

		for (size_t k = 0; r == 0 && k < j->entries.n; k++)
			r = allow_entry(f, j, &j->entries.at[k], err);
	}
	return r;
}

int revert_confine(struct revert_options *o, revert_more *more, void *arg, struct err *err)
{
	AUTO(journals_free) journal_vec journals = { 0 };
	AUTO(fence_free) struct fence fence = FENCE_INIT;
	struct hands *hands = NULL;
	int r = fence_make(&fence, err);

	if (r == 0)
		r = journals_found(o, &journals, err);
	if (r == 0)
		r = allow_all(&fence, &journals, err);
	if (r == 0)
		r = hands_start(&hands, &journals, o, more, arg, err);
	if (r == 0)
		r = fence_enter(&fence, err);
	if (r < 0)
		hands_end(hands);
	else
		o->hands = hands;
	return r;
}

int revert_do_more(const struct revert_options *o, char *text, size_t cap, struct err *err)
{
	return hands_do_more(o->hands, text, cap, err);
}

void revert_confine_end(struct revert_options *o)
{
	hands_end(o->hands);
	o->hands = NULL;
}
