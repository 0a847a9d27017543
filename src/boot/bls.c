/* SPDX-License-Identifier: Apache-2.0 */
/* GRUB that reads one file for each kernel (blscfg: Fedora, RHEL). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "boot/internal.h"

#define BLS_FOLDER "boot/loader/entries"

static const char *const grub_folders[] = { "boot/grub2", "boot/grub" };

static const char *bls_grub(const struct fs *fs)
{
	for (size_t i = 0; i < ARRAY_SIZE(grub_folders); i++) {
		AUTO_FREE char *path = xprintf("%s/grub.cfg", grub_folders[i]), *text = NULL;

		if (fs_exists(fs, path) && config_read(fs, path, &text, NULL) == 0 && strstr(text, "blscfg"))
			return grub_folders[i];
	}
	return NULL;
}

static bool bls_found(const struct fs *fs, char *why, size_t cap)
{
	const char *grub = bls_grub(fs);

	if (!grub || !entries_any(fs, BLS_FOLDER))
		return false;
	text_print(why, cap, "/%s/grub.cfg reads /" BLS_FOLDER " (blscfg)", grub);
	return true;
}

static const char *bls_saved(const struct fs *fs, char *buf, size_t cap)
{
	const char *grub = bls_grub(fs);
	AUTO_FREE char *path = grub ? xprintf("%s/grubenv", grub) : NULL, *env = NULL;

	return path && config_read(fs, path, &env, NULL) == 0 && grubenv_get(env, "saved_entry", buf, cap) ? buf : NULL;
}

static int bls_line(const struct fs *fs, struct sink *out, struct err *err)
{
	char saved[256];

	return entries_line(fs, BLS_FOLDER, bls_saved(fs, saved, sizeof(saved)), out, err);
}

static int bls_keep(const struct boot_job *job, struct err *err)
{
	return entries_keep(job, BLS_FOLDER, err);
}

static int bls_once(const struct boot_job *job, struct err *err)
{
	const char *grub = bls_grub(job->fs);
	char saved[256], name[256], env[64];
	int r;

	if (!grub)
		return err_set(err, -ENOENT, "no grub.cfg reads /" BLS_FOLDER);
	text_print(env, sizeof(env), "%s/grubenv", grub);
	r = grubenv_writable(job->fs, env, err);
	if (r == 0)
		r = entries_once(job, BLS_FOLDER, bls_saved(job->fs, saved, sizeof(saved)), name, sizeof(name), err);
	if (r < 0)
		return r;
	name[strlen(name) - strlen(".conf")] = '\0';
	return grubenv_next(job, env, name, err);
}

static int bls_settle(const struct fs *fs, struct err *err)
{
	return entries_settle(fs, BLS_FOLDER, err);
}

const struct boot_loader loader_bls = {
	.name = "grub-bls",
	.title = "GRUB with one file for each kernel",
	.found = bls_found,
	.line = bls_line,
	.keep = bls_keep,
	.once = bls_once,
	.settle = bls_settle,
};
