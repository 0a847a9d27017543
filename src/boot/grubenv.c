/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GRUB's environment block.  GRUB writes it itself, in place, while it boots (it
 * takes next_entry out before it boots that entry); so it is no file to put back
 * byte by byte: undoing takes out the one variable.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/spawn.h"
#include "base/text.h"
#include "boot/internal.h"

#define EDITENV_NS 20000000000ull

bool grubenv_get(const char *env, const char *name, char *buf, size_t cap)
{
	size_t n = strlen(name);

	for (const char *at = env; *at; at += strcspn(at, "\n"), at += *at == '\n') {
		if (strncmp(at, name, n) == 0 && at[n] == '=') {
			at += n + 1;
			return !text_print(buf, cap, "%.*s", (int) strcspn(at, "\n"), at) && buf[0];
		}
	}
	return false;
}

static int find_editenv(const struct fs *fs, char *buf, size_t cap, struct err *err)
{
	static const char *const places[] = { "usr/bin/grub-editenv", "usr/bin/grub2-editenv" };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (fs_exists(fs, places[i]))
			return text_print(buf, cap, "%s/%s", fs->live ? "" : fs->path, places[i]) ? -ENAMETOOLONG : 0;
	}
	return err_set(err, -ENOENT,
		       "neither grub-editenv nor grub2-editenv is installed: GRUB cannot be told of one boot alone");
}

static int edit(const char *const *words, struct err *err)
{
	return tool_run(words, EDITENV_NS, err);
}

/* The filesystem that a path lies on: the longest folder of /proc/mounts that it begins with. */
struct mount_of {
	const char *path; /* relative to the root */
	char device[160], type[32];
	size_t best;
};

static bool look(void *arg, const char *line)
{
	struct mount_of *m = arg;
	char device[160], dir[256], type[32];
	size_t n;

	if (!take_word(&line, device, sizeof(device)) || !take_blanks(&line) || !take_word(&line, dir, sizeof(dir)) ||
	    !take_blanks(&line) || !take_word(&line, type, sizeof(type)))
		return true;
	n = strlen(dir + 1);
	if (n >= m->best && strncmp(m->path, dir + 1, n) == 0 && (n == 0 || m->path[n] == '/')) {
		memcpy(m->device, device, sizeof(device));
		memcpy(m->type, type, sizeof(type));
		m->best = n;
	}
	return true;
}

/* Where GRUB reads only, it could not forget next_entry, and would boot the tried entry for ever (00_header's own list). */
int grubenv_writable(const struct fs *fs, const char *env, struct err *err)
{
	static const char *const types[] = { "btrfs", "zfs", "squashfs", "romfs" };
	static const char *const devices[] = { "/dev/mapper/", "/dev/md", "/dev/dm-" };
	struct mount_of m = { .path = env };

	fs_lines(fs, "proc/mounts", look, &m);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (text_eq(m.type, types[i]))
			return err_set(err, -ENOSYS, "GRUB cannot write to %s, so one boot alone cannot be promised: use --boot",
				       m.type);
	}
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		if (text_starts(m.device, devices[i]))
			return err_set(err, -ENOSYS, "GRUB cannot write to %s, so one boot alone cannot be promised: use --boot",
				       m.device);
	}
	return 0;
}

int grubenv_next(const struct boot_job *job, const char *path, const char *entry, struct err *err)
{
	AUTO_FREE char *file = real_path(job->fs, path), *set = xprintf("next_entry=%s", entry), *text = NULL;
	char program[320], now[160];
	int r = find_editenv(job->fs, program, sizeof(program), err);

	if (r == 0)
		r = config_read(job->fs, path, &text, err);
	if (r < 0)
		return r;
	if (grubenv_get(text, "next_entry", now, sizeof(now)))
		return err_set(
			err, -EBUSY,
			"the next boot is promised to the entry %s already (next_entry in /%s): boot it first, or %s %s unset "
			"next_entry",
			now, path, program, file);
	r = journal_promise(job, (const char *[]){ program, file, "unset", "next_entry", NULL }, err);
	return r < 0 ? r : edit((const char *[]){ program, file, "set", set, NULL }, err);
}
