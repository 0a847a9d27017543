/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What cannot be seen from here is not gone.  In a rescue shell there may be no
 * control groups, no debugfs, no /run: what an entry names there is missing to
 * the eye, and as it was to the kernel.  Such an entry waits for a revert that
 * sees it.  The same holds for files of a /boot that is not mounted, which a
 * loader reads all the same.
 */
#include <errno.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/fstab.h"
#include "base/text.h"
#include "journal/internal.h"

static const struct place {
	const char *below; /* the first that fits */
	unsigned long kinds[2];
	const char *lack;
} places[] = {
	{ "/sys/fs/cgroup/", { CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC }, "control groups are not mounted" },
	{ "/sys/kernel/debug/", { DEBUGFS_MAGIC, DEBUGFS_MAGIC }, "debugfs is not mounted" },
	{ "/sys/", { SYSFS_MAGIC, SYSFS_MAGIC }, "/sys is not mounted" },
	{ "/proc/", { PROC_SUPER_MAGIC, PROC_SUPER_MAGIC }, "/proc is not mounted" },
	{ "/run/", { 0 }, "there is no /run" }, /* of any kind */
};

/* Of the last folder on the way that is there. */
static unsigned long kind_above(const char *path)
{
	AUTO_FREE char *copy = xstrdup(path);
	struct statfs sf = { 0 };

	for (char *slash; (slash = strrchr(copy, '/')) && slash > copy;) {
		*slash = '\0';
		if (statfs(copy, &sf) == 0)
			return (unsigned long) sf.f_type;
		if (errno != ENOENT && errno != ENOTDIR)
			return 0;
	}
	return 0;
}

/* Whole files: what has their name while their file system is not mounted is another file, or none. */
static bool is_unmounted(const struct entry *e, struct undo_item *item)
{
	struct err err = { 0 };
	struct fs root;
	char dir[128];
	bool r;

	if ((e->kind != ENTRY_FILE && e->kind != ENTRY_LINK && e->kind != ENTRY_FOLDER) || fs_open_root(&root, "/", &err) < 0)
		return false;
	r = fstab_lacks(&root, e->path, dir, sizeof(dir));
	fs_close(&root);
	if (!r)
		return false;
	text_print(item->what, sizeof(item->what), "%s", e->path);
	text_print(item->text, sizeof(item->text),
		   "cannot be seen from here, for %s is in /etc/fstab and not mounted: mount it, and call vlat revert again",
		   dir);
	return true;
}

bool undo_is_out_of_sight(const struct entry *e, struct undo_item *item)
{
	const struct place *p = places;
	unsigned long kind;

	if (e->path && is_unmounted(e, item))
		return true;
	if (!e->path || access(e->path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR))
		return false;
	while (p < places + ARRAY_SIZE(places) && !text_starts(e->path, p->below))
		p++;
	if (p == places + ARRAY_SIZE(places) || e->kind == ENTRY_COMMAND || e->kind == ENTRY_MOUNT)
		return false;
	kind = kind_above(e->path);
	if (p->kinds[0] ? kind == p->kinds[0] || kind == p->kinds[1] : access("/run", F_OK) == 0)
		return false;
	text_print(item->what, sizeof(item->what), "%s", e->path);
	text_print(item->text, sizeof(item->text), "cannot be seen from here, for %s: mount it, or call vlat revert where it is",
		   p->lack);
	return true;
}
