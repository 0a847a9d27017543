/* SPDX-License-Identifier: Apache-2.0 */
/* systemd-boot, on the EFI partition or the extended boot partition. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fstab.h"
#include "base/spawn.h"
#include "base/text.h"
#include "boot/internal.h"

#define BOOTCTL_NS 20000000000ull

#define EFIVARS "sys/firmware/efi/efivars/"
#define LOADER  "-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"

/* The EFI partition's usual places; the extended boot partition's is the last one. */
static const struct {
	const char *conf, *entries;
} places[] = {
	{ "efi/loader/loader.conf", "efi/loader/entries" },
	{ "boot/efi/loader/loader.conf", "boot/efi/loader/entries" },
	{ "boot/loader/loader.conf", "boot/loader/entries" },
};

/* An EFI variable in UTF-16 behind four bytes of attributes; its ASCII letters. */
static bool efi_text(const struct fs *fs, const char *name, char *buf, size_t cap)
{
	AUTO_FREE char *path = xprintf(EFIVARS "%s" LOADER, name), *raw = NULL;
	size_t len = 0, n = 0;

	if (fs_read_all(fs, path, 4096, &raw, &len) < 0)
		return false;
	for (size_t i = 4; i + 1 < len && raw[i] && n + 1 < cap; i += 2)
		buf[n++] = raw[i + 1] == '\0' ? raw[i] : '?';
	buf[n] = '\0';
	return n > 0;
}

/* Entries beside the loader.conf; else those of the extended boot partition, which has none. */
static const char *sd_folder(const struct fs *fs)
{
	bool any = false;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (!fs_exists(fs, places[i].conf))
			continue;
		any = true;
		if (entries_any(fs, places[i].entries))
			return places[i].entries;
	}
	return any && entries_any(fs, "boot/loader/entries") ? "boot/loader/entries" : NULL;
}

static bool sd_found(const struct fs *fs, char *why, size_t cap)
{
	const char *folder = sd_folder(fs);
	char info[96];

	if (!folder)
		return false;
	if (efi_text(fs, "LoaderInfo", info, sizeof(info))) {
		text_print(why, cap, "the firmware was told that %s boots this machine, and /%s holds its entries", info, folder);
		return text_starts(info, "systemd-boot");
	}
	if (fs_exists(fs, "boot/grub/grub.cfg") || fs_exists(fs, "boot/grub2/grub.cfg"))
		return false;
	text_print(why, cap, "/%s holds entries, a loader.conf is there, and there is no GRUB", folder);
	return true;
}

/*
 * It booted this machine, and what it booted is a unified kernel image, which has its command line inside, or its partition is
 * not to be seen.
 */
static bool sd_closed(const struct fs *fs, char *why, size_t cap)
{
	char info[96], entry[256], dir[128];
	bool lacks = false;

	if (!efi_text(fs, "LoaderInfo", info, sizeof(info)) || !text_starts(info, "systemd-boot"))
		return false;
	if (efi_text(fs, "LoaderEntrySelected", entry, sizeof(entry)) && text_ends(entry, ".efi")) {
		text_print(why, cap,
			   "%s has booted the unified kernel image %.100s, whose parameters are inside it: put them into "
			   "/etc/kernel/cmdline, and have the image made again",
			   info, entry);
		return true;
	}
	if (sd_folder(fs))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(places) && !lacks; i++) {
		AUTO_FREE char *path = xprintf("/%s", places[i].conf);

		lacks = fstab_lacks(fs, path, dir, sizeof(dir));
	}
	if (lacks)
		text_print(why, cap, "%s has booted this machine, and %s, which is in /etc/fstab, is not mounted: mount it first",
			   info, dir);
	else
		text_print(why, cap, "%s has booted this machine, and neither /efi, /boot/efi nor /boot holds its entries", info);
	return true;
}

static const char *sd_saved(const struct fs *fs, char *buf, size_t cap)
{
	return efi_text(fs, "LoaderEntrySelected", buf, cap) ? buf : NULL;
}

static int sd_line(const struct fs *fs, struct sink *out, struct err *err)
{
	char saved[256];

	return entries_line(fs, sd_folder(fs), sd_saved(fs, saved, sizeof(saved)), out, err);
}

static int sd_keep(const struct boot_job *job, struct err *err)
{
	return entries_keep(job, sd_folder(job->fs), err);
}

static int bootctl(const char *const *words, struct err *err)
{
	return tool_run(words, BOOTCTL_NS, err);
}

static int sd_once(const struct boot_job *job, struct err *err)
{
	AUTO_FREE char *program = real_path(job->fs, "usr/bin/bootctl");
	char saved[256], name[256];
	int r;

	if (!fs_exists(job->fs, "usr/bin/bootctl"))
		return err_set(err, -ENOENT,
			       "bootctl is not installed: systemd-boot cannot be told of one boot alone; use --boot");
	r = entries_once(job, sd_folder(job->fs), sd_saved(job->fs, saved, sizeof(saved)), name, sizeof(name), err);
	if (r < 0)
		return r;
	r = journal_promise(job, (const char *[]){ program, "set-oneshot", "", NULL }, err);
	return r < 0 ? r : bootctl((const char *[]){ program, "set-oneshot", name, NULL }, err);
}

static int sd_settle(const struct fs *fs, struct err *err)
{
	const char *folder = sd_folder(fs);

	return folder ? entries_settle(fs, folder, err) : 0;
}

const struct boot_loader loader_systemd = {
	.name = "systemd-boot",
	.title = "systemd-boot",
	.found = sd_found,
	.closed = sd_closed,
	.line = sd_line,
	.keep = sd_keep,
	.once = sd_once,
	.settle = sd_settle,
};
