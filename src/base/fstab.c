/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fstab.h"

#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#define TABLE_MAX ((size_t) 4 << 20)

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	while (n > 1 && dir[n - 1] == '/')
		n--;
	return n > 1 && strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

static bool same_dir(const char *a, const char *b)
{
	return is_below(a, b) && is_below(b, a);
}

/* A stream over nothing cannot be opened, so one blank line is the least. */
static FILE *stream(const char *text)
{
	return fmemopen((void *) (*text ? text : "\n"), *text ? strlen(text) : 1, "r");
}

static bool is_mounted(const char *mounts, const char *dir)
{
	AUTO_FILE FILE *f = stream(mounts);
	struct mntent m;
	char buf[4096];
	bool found = false;

	while (f && !found && getmntent_r(f, &m, buf, sizeof(buf)))
		found = same_dir(m.mnt_dir, dir);
	return found || !f;
}

bool fstab_text_lacks(const char *fstab, const char *mounts, const char *path, char *dir, size_t cap)
{
	AUTO_FILE FILE *f = stream(fstab);
	struct mntent m;
	char buf[4096];

	while (f && getmntent_r(f, &m, buf, sizeof(buf))) {
		if (is_below(path, m.mnt_dir) && !is_mounted(mounts, m.mnt_dir))
			return !text_print(dir, cap, "%s", m.mnt_dir);
	}
	return false;
}

bool fstab_lacks(const struct fs *fs, const char *path, char *dir, size_t cap)
{
	AUTO_FREE char *fstab = NULL, *mounts = NULL;

	if (fs_read_all(fs, "etc/fstab", TABLE_MAX, &fstab, NULL) < 0)
		return false;
	if (fs_read_all(fs, "proc/self/mounts", TABLE_MAX, &mounts, NULL) < 0)
		return false;
	return fstab_text_lacks(fstab, mounts, path, dir, cap);
}
