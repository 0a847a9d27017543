/* SPDX-License-Identifier: Apache-2.0 */
/* machine - trees of machines with each kind of boot loader, and what their configuration looks like as one text. */
#ifndef TESTS_BOOT_MACHINE_H
#define TESTS_BOOT_MACHINE_H

#include "../../hosts/tree.h"
#include "base/spawn.h"
#include "boot/boot.h"
#include "boot/verify.h"
#include "journal/lasting.h"
#include "journal/undo.h"

#define ID "6a9857a393724b7a981ebb5b8495b9ea"

struct machine {
	char dir[64];
	struct fs fs;
	struct host_facts facts;
	struct cpu_split split;
};

static inline void put_program(const struct machine *m, const char *path, const char *text)
{
	AUTO_FREE char *full = xprintf("%s/%s", m->dir, path);

	tree_put(m->dir, path, text);
	if (chmod(full, 0755) < 0)
		abort();
}

static inline void machine_open(struct machine *m)
{
	AUTO_FREE char *state = NULL;
	struct err err = { 0 };

	tree_open("server-v2", m->dir, &m->fs);
	state = xprintf("%s/state", m->dir);
	setenv("VLAT_STATE", state, 1);
	tree_put(m->dir, "proc/cmdline", "BOOT_IMAGE=/vmlinuz root=UUID=1 ro quiet\n");
	tree_put(m->dir, "proc/sys/kernel/random/boot_id", "first\n");
	if (host_facts_read(&m->fs, &m->facts, &err) < 0)
		abort();
	split_propose(&m->facts.cpu, &m->split);
}

static inline void machine_close(struct machine *m)
{
	host_facts_free(&m->facts);
	tree_close(m->dir, &m->fs);
}

/* Debian's: an own grub-mkconfig that makes a menu of the defaults and drop-ins, as the real one does. */
static inline void machine_grub(struct machine *m, bool dropins)
{
	AUTO_FREE char *mk = xprintf(
		"#!/bin/sh\nset -e\n. '%s/etc/default/grub'\n%s"
		"cat <<E\nif [ \"\\${next_entry}\" ] ; then\n   set default=\"\\${next_entry}\"\nelse\n   set default=\"0\"\nfi\n"
		"menuentry 'Debian GNU/Linux' --class debian \\$menuentry_id_option 'gnulinux-simple-1' {\n"
		"\tlinux\t/vmlinuz-6.1 root=UUID=1 ro $GRUB_CMDLINE_LINUX "
		"$GRUB_CMDLINE_LINUX_DEFAULT\n\tinitrd\t/initrd.img-6.1\n}\n"
		"submenu 'Advanced options' \\$menuentry_id_option 'gnulinux-advanced-1' {\n"
		"\tmenuentry 'Debian, with Linux 6.1 (recovery mode)' --class debian \\$menuentry_id_option 'rescue-1' {\n"
		"\t\tlinux\t/vmlinuz-6.1 root=UUID=1 ro single $GRUB_CMDLINE_LINUX\n\t}\n}\n"
		"if [ -f  \\${config_directory}/custom.cfg ]; then\n  source \\${config_directory}/custom.cfg\nfi\nE\n",
		m->dir,
		dropins ? "for x in \"$(dirname \"$0\")\"/../../etc/default/grub.d/*.cfg; do [ ! -e \"$x\" ] || . \"$x\"; done\n"
			: "");
	AUTO_FREE char *command = xprintf("%s/usr/sbin/grub-mkconfig", m->dir);
	AUTO_FREE char *cfg = xprintf("%s/boot/grub/grub.cfg", m->dir);
	struct argv argv = { 0 };
	struct run_result res;
	struct err err = { 0 };

	tree_put(m->dir, "etc/default/grub", "GRUB_DEFAULT=0\nGRUB_CMDLINE_LINUX_DEFAULT=\"quiet\"\nGRUB_CMDLINE_LINUX=\"\"");
	put_program(m, "usr/sbin/grub-mkconfig", mk);
	put_program(m, "usr/bin/grub-editenv",
		    "#!/bin/sh\ncase $2 in\nset) echo \"$3\" >> \"$1\" ;;\nunset) grep -v \"^$3=\" \"$1\" > \"$1.new\"; cat "
		    "\"$1.new\" > "
		    "\"$1\"; rm \"$1.new\" ;;\nesac\n");
	tree_put(m->dir, "boot/grub/grubenv", "# GRUB Environment Block\n");
	argv_add(&argv, command);
	if (run(&res, &argv, NULL, 20000000000ull, &err) < 0 || res.end.code)
		abort();
	if (file_write_atomic(cfg, res.out, strlen(res.out), 0444, &err) < 0)
		abort();
	run_result_free(&res);
	argv_free(&argv);
}

static inline void machine_bls(struct machine *m)
{
	tree_put(m->dir, "boot/grub2/grub.cfg", "insmod blscfg\nblscfg\n");
	tree_put(m->dir, "boot/grub2/grubenv", "# GRUB Environment Block\nsaved_entry=" ID "-5.14.0-70.el9.x86_64\n");
	tree_put(m->dir, "boot/loader/entries/" ID "-5.14.0-70.el9.x86_64.conf",
		 "title Rocky Linux (5.14.0-70.el9.x86_64) 9.0\nversion 5.14.0-70.el9.x86_64\nlinux /vmlinuz-5.14.0-70\n"
		 "initrd /initramfs-5.14.0-70.img\noptions root=/dev/mapper/rl-root ro crashkernel=1G\ngrub_class rocky\n");
	tree_put(m->dir, "boot/loader/entries/" ID "-5.14.0-9.el9.x86_64.conf",
		 "title Rocky Linux (5.14.0-9.el9.x86_64) 9.0\nversion 5.14.0-9.el9.x86_64\nlinux /vmlinuz-5.14.0-9\n"
		 "options $kernelopts  \ngrub_class rocky");
	tree_put(m->dir, "boot/loader/entries/" ID "-0-rescue.conf",
		 "title Rescue\nlinux /vmlinuz-0-rescue\noptions root=/dev/x ro\n");
	tree_put(m->dir, "etc/kernel/cmdline", "root=/dev/mapper/rl-root ro crashkernel=1G\n");
	put_program(m, "usr/bin/grub2-editenv",
		    "#!/bin/sh\ncase $2 in\nset) echo \"$3\" >> \"$1\" ;;\nunset) grep -v \"^$3=\" \"$1\" > \"$1.new\"; cat "
		    "\"$1.new\" > "
		    "\"$1\"; rm \"$1.new\" ;;\nesac\n");
}

static inline void machine_systemd(struct machine *m)
{
	AUTO_FREE char *bootctl = xprintf("#!/bin/sh\necho \"$2\" > '%s/oneshot'\n", m->dir);

	tree_put(m->dir, "efi/loader/loader.conf", "timeout 3\n");
	tree_put(m->dir, "efi/loader/entries/" ID "-6.9.conf",
		 "title Arch Linux\nsort-key arch\nversion 6.9\nlinux /vmlinuz-linux\noptions root=UUID=1 rw\n");
	put_program(m, "usr/bin/bootctl", bootctl);
}

/* What vlat would ask for here, planned and set up. */
static inline int machine_apply(const struct machine *m, bool once, struct err *err)
{
	const struct boot_options o = { .role = ROLE_VM_HOST, .level = 1 };
	struct boot_words words = { 0 };
	struct boot_plan p = { 0 };
	char run[16];
	int r = boot_wanted(&words, &m->fs, &m->facts, &m->split, &o, err);

	if (r == 0)
		r = boot_plan_make(&p, &m->fs, &m->facts, &words, err);
	if (r == 0)
		r = boot_apply(&p, &m->fs, "vm-host", once, run, err);
	boot_plan_free(&p);
	return r;
}

/* As vlat revert does; false = something is left to undo. */
static inline bool machine_revert(void)
{
	const struct revert_options o = { .lasting = true };
	struct revert_report report = { 0 };
	struct err err = { 0 };
	bool clean;

	if (journal_revert(&o, &report, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	clean = revert_clean(&report);
	revert_report_free(&report);
	return clean;
}

static inline void snapshot_folder(const struct machine *m, const char *folder, struct sink *out)
{
	struct fs_names names;

	if (fs_list(&m->fs, folder, &names) < 0)
		return;
	for (size_t i = 0; i < names.n; i++) {
		AUTO_FREE char *path = xprintf("%s/%s", folder, names.at[i]), *text = NULL;

		if (fs_is_dir(&m->fs, path)) {
			sink_printf(out, "== %s/\n", path);
			snapshot_folder(m, path, out);
		} else if (fs_read_all(&m->fs, path, 1 << 20, &text, NULL) == 0) {
			sink_printf(out, "== %s %o\n%s\n", path, (unsigned) fs_mode(&m->fs, path), text);
		}
	}
	fs_list_free(&names);
}

/* Every file that belongs to booting, with its mode and bytes; malloc'ed. */
static inline char *snapshot(const struct machine *m)
{
	struct sink out = { 0 };

	snapshot_folder(m, "etc", &out);
	snapshot_folder(m, "boot", &out);
	snapshot_folder(m, "efi", &out);
	return out.text;
}

static inline char *content(const struct machine *m, const char *path)
{
	char *text = NULL;

	return fs_read_all(&m->fs, path, 1 << 20, &text, NULL) == 0 ? text : xstrdup("(nothing)");
}

#endif
