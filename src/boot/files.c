/* SPDX-License-Identifier: Apache-2.0 */
/* Files of the configuration, and which loader reads them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fstab.h"
#include "base/spawn.h"
#include "base/text.h"
#include "boot/internal.h"

/* In this order: what says of itself that it booted this machine goes before what only lies there. */
static const struct boot_loader *const loaders[] = { &loader_systemd, &loader_bls, &loader_grub };

const struct boot_loader *loader_detect(const struct fs *fs, char *why, size_t cap)
{
	char dir[128];

	if (fstab_lacks(fs, "/boot", dir, sizeof(dir))) { /* whatever lies there, no loader reads it */
		text_print(why, cap, "%s is in /etc/fstab and not mounted: mount it first", dir);
		return NULL;
	}
	for (size_t i = 0; i < ARRAY_SIZE(loaders); i++) {
		if (loaders[i]->closed && loaders[i]->closed(fs, why, cap))
			return NULL;
		if (loaders[i]->found(fs, why, cap))
			return loaders[i];
	}
	text_print(
		why, cap,
		"no boot loader that vlat knows: neither a grub.cfg in /boot/grub or /boot/grub2, nor entries in loader/entries "
		"of /boot, /efi or /boot/efi");
	return NULL;
}

const struct boot_loader *loader_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(loaders); i++) {
		if (text_eq(loaders[i]->name, name))
			return loaders[i];
	}
	return NULL;
}

char *real_path(const struct fs *fs, const char *path)
{
	return xprintf("%s/%s", fs->live ? "" : fs->path, path);
}

int config_read(const struct fs *fs, const char *path, char **ret, struct err *err)
{
	size_t len;
	int r = fs_read_all(fs, path, CONFIG_MAX, ret, &len);

	if (r < 0)
		return err_sys(err, r, "cannot read /%s", path);
	if (strlen(*ret) == len)
		return 0;
	free(*ret);
	*ret = NULL;
	return err_set(err, -EILSEQ, "/%s is no text: vlat leaves it alone", path);
}

int tool_run(const char *const *words, uint64_t timeout_ns, struct err *err)
{
	AUTO(argv_free) struct argv argv = { 0 };

	argv_add_all(&argv, words);
	return run_well(&argv, NULL, timeout_ns, err);
}
