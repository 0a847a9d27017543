/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GRUB with a generated menu (Debian, Ubuntu, Arch, openSUSE).
 *
 * For every boot: a drop-in 99-vlat.cfg where grub-mkconfig reads such (else a
 * last line in /etc/default/grub) adds the words to GRUB_CMDLINE_LINUX_DEFAULT,
 * so that recovery entries stay without; then grub-mkconfig makes the menu.  It
 * is run without -o: update-grub writes over grub.cfg in place, which a power
 * cut can leave half done.  Its output takes the name of grub.cfg by rename, by
 * the journal, and the old menu is put back byte by byte.
 *
 * Once: grub.cfg is left alone.  custom.cfg, which it sources, gets a copy of the
 * default entry with the words, at the top level, where no path through submenus
 * is needed; next_entry names it.  GRUB forgets next_entry before it boots it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/spawn.h"
#include "base/text.h"
#include "boot/grub_menu.h"
#include "boot/internal.h"
#include "boot/params.h"

#define MKCONFIG_NS  180000000000ull
#define DROPIN       "etc/default/grub.d/99-vlat.cfg"
#define DEFAULTS     "etc/default/grub"
#define ONCE         "vlat-once"
#define CUSTOM_BEGIN "### vlat: one boot"
#define CUSTOM_END   "### vlat: end"

static const struct place {
	const char *folder, *mkconfig;
} places[] = {
	{ "boot/grub", "usr/sbin/grub-mkconfig" },
	{ "boot/grub2", "usr/sbin/grub2-mkconfig" },
	{ "boot/grub", "usr/bin/grub-mkconfig" },
};

static bool in_folder(const struct fs *fs, const struct place *p, const char *name, char *buf, size_t cap)
{
	return !text_print(buf, cap, "%s/%s", p->folder, name) && fs_exists(fs, buf);
}

static const struct place *find_place(const struct fs *fs)
{
	char path[64];

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (in_folder(fs, &places[i], "grub.cfg", path, sizeof(path)) && fs_exists(fs, places[i].mkconfig))
			return &places[i];
	}
	return NULL;
}

static bool found(const struct fs *fs, char *why, size_t cap)
{
	const struct place *p = find_place(fs);

	if (p)
		text_print(why, cap, "/%s/grub.cfg is there, and /%s, which makes it", p->folder, p->mkconfig);
	return p != NULL;
}

struct menu_text {
	const struct place *place;
	char cfg[64], env[64];
	char *text;
	struct menu menu;
	int entry; /* the default one */
};

static void menu_text_free(struct menu_text *m)
{
	free(m->text);
	menu_free(&m->menu);
}

/* What `set default="${saved_entry}"` stands for. */
static int default_entry(const struct fs *fs, const struct menu_text *m)
{
	AUTO_FREE char *env = NULL;
	char saved[320];

	if (!text_eq(m->menu.preset, "saved"))
		return menu_find(&m->menu, NULL);
	if (config_read(fs, m->env, &env, NULL) < 0 || !grubenv_get(env, "saved_entry", saved, sizeof(saved)))
		return menu_find(&m->menu, "0");
	return menu_find(&m->menu, saved);
}

static int read_menu(const struct fs *fs, struct menu_text *ret, struct err *err)
{
	int r;

	*ret = (struct menu_text){ .place = find_place(fs), .entry = -1 };
	if (!ret->place)
		return err_set(err, -ENOENT, "there is no grub.cfg");
	text_print(ret->cfg, sizeof(ret->cfg), "%s/grub.cfg", ret->place->folder);
	text_print(ret->env, sizeof(ret->env), "%s/grubenv", ret->place->folder);
	r = config_read(fs, ret->cfg, &ret->text, err);
	if (r < 0)
		return r;
	menu_parse(ret->text, &ret->menu);
	ret->entry = default_entry(fs, ret);
	return ret->entry >= 0 ? 0 : err_set(err, -ENOENT, "/%s has no entry that is booted by default", ret->cfg);
}

static int line(const struct fs *fs, struct sink *out, struct err *err)
{
	struct menu_text m;
	int r = read_menu(fs, &m, err);

	if (r == 0 && !menu_line(m.text, &m.menu.at.at[m.entry], out))
		r = err_set(err, -ENOENT, "the default entry of /%s, \"%s\", loads no kernel by itself", m.cfg,
			    m.menu.at.at[m.entry].title);
	menu_text_free(&m);
	return r;
}

/* Debian's reads what lies in /etc/default/grub.d, others' only /etc/default/grub. */
static bool reads_dropins(const struct fs *fs, const struct place *p)
{
	AUTO_FREE char *script = NULL;

	return config_read(fs, p->mkconfig, &script, NULL) == 0 && strstr(script, "/default/grub.d");
}

static int put(const struct boot_job *job, const char *path, const char *text, struct err *err)
{
	AUTO_FREE char *file = real_path(job->fs, path);

	return journal_put(job->journal, file, text, 0644, err);
}

static int put_defaults(const struct boot_job *job, const struct place *p, struct err *err)
{
	AUTO_FREE char *mine = xprintf("GRUB_CMDLINE_LINUX_DEFAULT=\"$GRUB_CMDLINE_LINUX_DEFAULT %s\"\n", job->block);
	AUTO_FREE char *text = NULL, *old = NULL, *folder = real_path(job->fs, "etc/default/grub.d");
	int r;

	if (reads_dropins(job->fs, p)) {
		text = xprintf("# Kernel parameters of a tuning, by vlat; vlat revert takes them out again.\n%s", mine);
		r = journal_folder(job->journal, folder, 0755, err);
		return r < 0 ? r : put(job, DROPIN, text, err);
	}
	r = config_read(job->fs, DEFAULTS, &old, err);
	if (r < 0)
		return r;
	text = xprintf("%s%s%s", old, old[0] && !text_ends(old, "\n") ? "\n" : "", mine);
	return put(job, DEFAULTS, text, err);
}

/* The menu that grub-mkconfig makes now; malloc'ed. */
static int make_menu(const struct fs *fs, const struct place *p, const char *scratch, char **ret, struct err *err)
{
	AUTO_FREE char *program = real_path(fs, p->mkconfig);
	struct spawn_opts o = SPAWN_OPTS_INIT;
	AUTO_CLOSE int fd = open(scratch, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	AUTO(argv_free) struct argv argv = { 0 };
	int r;

	if (fd < 0)
		return err_sys(err, -errno, "cannot make %s", scratch);
	argv_add(&argv, program);
	o.out = fd;
	r = run_well(&argv, &o, MKCONFIG_NS, err);
	if (r == 0)
		r = file_read_all(scratch, CONFIG_MAX, ret, NULL, err);
	unlink(scratch);
	return r;
}

/* The words must have come through, and into the entry that will be booted. */
static int check_menu(const char *text, const char *block, struct err *err)
{
	struct sink all = { 0 };
	struct menu menu;
	bool there = false;

	menu_parse(text, &menu);
	for (size_t i = 0; i < menu.at.n && !there; i++) {
		sink_free(&all);
		there = !menu.at.at[i].submenu && menu_line(text, &menu.at.at[i], &all) && strstr(all.text, block);
	}
	sink_free(&all);
	menu_free(&menu);
	return there ? 0
		     : err_set(err, -EILSEQ,
			       "the menu that grub-mkconfig makes lacks the parameters: something sets "
			       "GRUB_CMDLINE_LINUX_DEFAULT "
			       "after /" DROPIN ", or the menu is not made from it");
}

static int keep(const struct boot_job *job, struct err *err)
{
	AUTO_FREE char *scratch = xprintf("%s/menu", journal_dir(job->journal)), *text = NULL;
	struct menu_text m;
	int r = read_menu(job->fs, &m, err);

	if (r == 0)
		r = put_defaults(job, m.place, err);
	if (r == 0)
		r = make_menu(job->fs, m.place, scratch, &text, err);
	if (r == 0)
		r = check_menu(text, job->block, err);
	if (r == 0)
		r = put(job, m.cfg, text, err);
	menu_text_free(&m);
	return r;
}

/* custom.cfg, if somebody has one, without what vlat may have left, and the entry behind it. */
static char *custom_text(const struct boot_job *job, const struct menu_text *m, const char *old)
{
	struct sink out = { 0 };

	sink_put(&out, old);
	if (old[0] && !text_ends(old, "\n"))
		sink_char(&out, '\n');
	sink_printf(&out, CUSTOM_BEGIN "; vlat revert takes it out again\n");
	menu_copy(m->text, &m->menu.at.at[m->entry], job->title, ONCE, job->block, &out);
	sink_printf(&out, CUSTOM_END "\n");
	return out.text;
}

static int put_custom(const struct boot_job *job, const struct menu_text *m, struct err *err)
{
	AUTO_FREE char *old = NULL, *text = NULL, *path = xprintf("%s/custom.cfg", m->place->folder);
	int r = fs_exists(job->fs, path) ? config_read(job->fs, path, &old, err) : 0;

	if (r < 0)
		return r;
	text = custom_text(job, m, old ? old : "");
	r = put(job, path, text, err);
	return r < 0 ? r : grubenv_next(job, m->env, ONCE, err);
}

static int once(const struct boot_job *job, struct err *err)
{
	struct sink words = { 0 };
	struct menu_text m;
	int r = read_menu(job->fs, &m, err);

	if (r == 0 && !strstr(m.text, "custom.cfg"))
		r = err_set(err, -ENOSYS, "/%s does not read custom.cfg (41_custom in /etc/grub.d was taken away): use --boot",
			    m.cfg);
	if (r == 0 && !strstr(m.text, "next_entry"))
		r = err_set(err, -ENOSYS, "/%s does not heed next_entry: this GRUB cannot boot an entry once; use --boot", m.cfg);
	if (r == 0 && !menu_line(m.text, &m.menu.at.at[m.entry], &words))
		r = err_set(err, -ENOSYS, "the default entry of /%s loads no kernel by itself: use --boot", m.cfg);
	if (r == 0 && !fs_exists(job->fs, m.env))
		r = err_set(err, -ENOENT, "/%s is not there: make it with grub-editenv /%s create", m.env, m.env);
	if (r == 0)
		r = grubenv_writable(job->fs, m.env, err);
	if (r == 0)
		r = put_custom(job, &m, err);
	sink_free(&words);
	menu_text_free(&m);
	return r;
}

/* A kernel's update made the menu anew while vlat's words stood in the defaults: they are in no entry of the next one. */
static int settle(const struct fs *fs, struct err *err)
{
	AUTO_FREE char *scratch = NULL, *text = NULL, *file = NULL;
	struct menu_text m;
	int r = read_menu(fs, &m, err);

	if (r < 0 || !strstr(m.text, PARAMS_BEGIN) || fs_exists(fs, DROPIN)) {
		menu_text_free(&m);
		return 0;
	}
	file = real_path(fs, m.cfg);
	scratch = xprintf("%s.vlat", file);
	r = make_menu(fs, m.place, scratch, &text, err);
	if (r == 0)
		r = file_write_atomic(file, text, strlen(text), (unsigned) fs_mode(fs, m.cfg), err);
	menu_text_free(&m);
	return r < 0 ? r : 1;
}

const struct boot_loader loader_grub = {
	.name = "grub",
	.title = "GRUB",
	.found = found,
	.line = line,
	.keep = keep,
	.once = once,
	.settle = settle,
};
