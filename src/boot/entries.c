/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loaders that read one file for each kernel (the Boot Loader Specification):
 * GRUB with blscfg (Fedora, RHEL) and systemd-boot.
 *
 * For every boot: each entry but the rescue ones gets the words at the end of
 * its options, and /etc/kernel/cmdline, from which kernel-install makes the
 * entries of kernels to come, gets them too.  grubby is left alone: it would
 * rewrite entries, /etc/default/grub and the environment block in ways that
 * cannot be put back byte by byte, and nothing of it is needed, since loaders
 * read these files anew at each boot.
 *
 * Once: a copy of the default entry, MACHINE-ID-0-vlat.conf, whose version 0
 * sorts behind all others; the loader is told its name for one boot.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "boot/entry_text.h"
#include "boot/internal.h"
#include "boot/params.h"
#include "journal/counted.h"

#define CMDLINE "etc/kernel/cmdline"

static bool is_entry(const char *name)
{
	return text_ends(name, ".conf") && name[0] != '.';
}

bool entries_any(const struct fs *fs, const char *folder)
{
	struct fs_names names;
	bool any = false;

	if (fs_list(fs, folder, &names) < 0)
		return false;
	for (size_t i = 0; i < names.n; i++)
		any = any || is_entry(names.at[i]);
	fs_list_free(&names);
	return any;
}

/* "..-0-rescue.conf": what one boots when nothing else works. */
static bool is_rescue(const char *name)
{
	return strstr(name, "rescue") != NULL;
}

static int entry_read(const struct fs *fs, const char *folder, const char *name, char **ret, struct err *err)
{
	char path[320];

	if (text_print(path, sizeof(path), "%s/%s", folder, name))
		return err_set(err, -ENAMETOOLONG, "the name %s in /%s is too long", name, folder);
	return config_read(fs, path, ret, err);
}

/* RHEL 8 and Fedora before 30 keep the words in the environment block. */
static void expand(const struct fs *fs, const char *options, struct sink *out)
{
	static const char var[] = "$kernelopts";
	AUTO_FREE char *env = NULL;
	const char *at = strstr(options, var);
	char value[2048];

	if (at &&
	    (config_read(fs, "boot/grub2/grubenv", &env, NULL) == 0 || config_read(fs, "boot/grub/grubenv", &env, NULL) == 0) &&
	    grubenv_get(env, "kernelopts", value, sizeof(value)))
		sink_printf(out, "%.*s%s%s", (int) (at - options), options, value, at + strlen(var));
	else
		sink_put(out, options);
}

/* No tries left: systemd-boot boots whatever else there is. */
static bool is_given_up(const char *name)
{
	size_t n = counted_stem(name);

	return name[n] == '+' && name[n + 1] == '0' && !strchr("0123456789", name[n + 2]);
}

/* Later versions first, as loaders sort: by name, numbers by value. */
static int newest(const struct fs *fs, const char *folder, char *buf, size_t cap)
{
	struct fs_names names;
	int r = -ENOENT;

	if (fs_list(fs, folder, &names) < 0)
		return r;
	for (size_t i = 0; i < names.n; i++) {
		if (is_entry(names.at[i]) && !is_rescue(names.at[i]) && (r < 0 || !is_given_up(names.at[i])))
			r = text_print(buf, cap, "%s", names.at[i]) ? -ENAMETOOLONG : 0;
	}
	fs_list_free(&names);
	return r;
}

/* The entry that the loader has saved; it may have counted since, and systemd-boot says names in small letters (FAT). */
static bool saved_name(const struct fs *fs, const char *folder, const char *saved, char *buf, size_t cap)
{
	size_t n = counted_stem(saved);
	struct fs_names names;
	bool found = false;

	if (fs_list(fs, folder, &names) < 0)
		return false;
	for (size_t i = 0; i < names.n && !found; i++) {
		const char *name = names.at[i];

		found = is_entry(name) && counted_stem(name) == n && strncasecmp(name, saved, n) == 0 &&
			!text_print(buf, cap, "%s", name);
	}
	fs_list_free(&names);
	return found;
}

/* The one that runs now is no guess: it has booted.  Else what the loader has saved, else the newest. */
static int default_name(const struct fs *fs, const char *folder, const char *saved, char *buf, size_t cap, struct err *err)
{
	char path[320];
	int r;

	if (saved && !text_print(path, sizeof(path), "%s/%s%s", folder, saved, text_ends(saved, ".conf") ? "" : ".conf") &&
	    fs_exists(fs, path)) {
		text_print(buf, cap, "%s", strrchr(path, '/') + 1);
		return 0;
	}
	if (saved && saved_name(fs, folder, saved, buf, cap))
		return 0;
	r = newest(fs, folder, buf, cap);
	return r < 0 ? err_set(err, r, "/%s has no entry of a kernel", folder) : 0;
}

int entries_line(const struct fs *fs, const char *folder, const char *saved, struct sink *out, struct err *err)
{
	AUTO_FREE char *text = NULL;
	struct sink options = { 0 };
	char name[256];
	int r = default_name(fs, folder, saved, name, sizeof(name), err);

	if (r == 0)
		r = entry_read(fs, folder, name, &text, err);
	if (r == 0 && !entry_options(text, &options))
		sink_put(&options, "");
	if (r == 0)
		expand(fs, options.text, out);
	sink_free(&options);
	return r;
}

static int put(const struct boot_job *job, const char *path, const char *text, struct err *err)
{
	AUTO_FREE char *file = real_path(job->fs, path);

	return journal_put(job->journal, file, text, 0644, err);
}

static int edit_one(const struct boot_job *job, const char *folder, const char *name, struct err *err)
{
	AUTO_FREE char *text = NULL, *path = xprintf("%s/%s", folder, name);
	struct sink out = { 0 };
	int r = config_read(job->fs, path, &text, err);

	if (r < 0)
		return r;
	entry_edit(text, job->block, &out);
	r = put(job, path, out.text, err);
	sink_free(&out);
	return r;
}

static int edit_cmdline(const struct boot_job *job, struct err *err)
{
	AUTO_FREE char *text = NULL;
	struct sink out = { 0 };
	size_t len;
	int r;

	if (!fs_exists(job->fs, CMDLINE))
		return 0;
	r = config_read(job->fs, CMDLINE, &text, err);
	if (r < 0)
		return r;
	len = strcspn(text, "\n");
	if (text[len]) {
		AUTO_FREE char *first = xstrndup(text, len);

		params_append(first, job->block, &out);
		sink_put(&out, text + len);
	} else {
		params_append(text, job->block, &out);
	}
	r = put(job, CMDLINE, out.text, err);
	sink_free(&out);
	return r;
}

int entries_keep(const struct boot_job *job, const char *folder, struct err *err)
{
	struct fs_names names;
	int r = fs_list(job->fs, folder, &names);

	if (r < 0)
		return err_sys(err, r, "cannot list /%s", folder);
	for (size_t i = 0; i < names.n && r == 0; i++) {
		if (is_entry(names.at[i]) && !is_rescue(names.at[i]))
			r = edit_one(job, folder, names.at[i], err);
	}
	fs_list_free(&names);
	return r < 0 ? r : edit_cmdline(job, err);
}

/* "9a3c..-6.1.0.conf" gives "9a3c..-0-vlat.conf". */
static void once_name(const char *name, char *buf, size_t cap)
{
	size_t n = strcspn(name, "-");

	if (name[n])
		text_print(buf, cap, "%.*s-0-vlat.conf", (int) n, name);
	else
		text_print(buf, cap, "0-vlat.conf");
}

int entries_once(const struct boot_job *job, const char *folder, const char *saved, char *ret_name, size_t cap, struct err *err)
{
	AUTO_FREE char *text = NULL, *path = NULL;
	struct sink out = { 0 };
	char name[256];
	int r = default_name(job->fs, folder, saved, name, sizeof(name), err);

	if (r == 0)
		r = entry_read(job->fs, folder, name, &text, err);
	if (r < 0)
		return r;
	once_name(name, ret_name, cap);
	path = xprintf("%s/%s", folder, ret_name);
	entry_copy(text, job->title, job->block, &out);
	r = put(job, path, out.text, err);
	sink_free(&out);
	return r;
}

/* Entries that kernel-install made meanwhile, out of a command line with vlat's words. */
int entries_settle(const struct fs *fs, const char *folder, struct err *err)
{
	struct fs_names names;
	int done = 0;

	if (fs_list(fs, folder, &names) < 0)
		return 0;
	for (size_t i = 0; i < names.n && done >= 0; i++) {
		AUTO_FREE char *path = xprintf("%s/%s", folder, names.at[i]), *file = real_path(fs, path), *text = NULL;
		struct sink out = { 0 };

		if (!is_entry(names.at[i]) || config_read(fs, path, &text, NULL) < 0 || !strstr(text, PARAMS_BEGIN))
			continue;
		entry_edit(text, NULL, &out);
		done = file_write_atomic(file, out.text, out.len, (unsigned) fs_mode(fs, path), err);
		done = done < 0 ? done : 1;
		sink_free(&out);
	}
	fs_list_free(&names);
	return done;
}
