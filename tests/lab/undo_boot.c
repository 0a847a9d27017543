/* SPDX-License-Identifier: Apache-2.0 */
#include "undo_boot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/boot/machine.h"

static void need(bool ok, const char *what, const char *why)
{
	if (ok)
		return;
	printf("FAILED %s: %s\n", what, why);
	exit(1);
}

/* The same folder at each boot: the journal names the files by their paths. */
static void open_there(const char *dir, struct machine *m)
{
	struct err err = { 0 };

	need(!text_print(m->dir, sizeof(m->dir), "%s/machine", dir), dir, "too long a name");
	need(fs_open_root(&m->fs, m->dir, &err) == 0, m->dir, err.text);
}

void boot_disk_new(const char *dir)
{
	static const char from[] = SOURCE_ROOT "/tests/hosts/server-v2.tree";
	AUTO_FREE char *before = xprintf("%s/machine.before", dir), *text = NULL, *looks = NULL;
	struct machine m = { 0 };
	struct err err = { 0 };

	need(file_read_all(from, 1 << 20, &text, NULL, &err) == 0, "new machine", err.text);
	text_print(m.dir, sizeof(m.dir), "%s/machine", dir);
	tree_unfold(text, m.dir);
	tree_put(m.dir, "proc/cmdline", "BOOT_IMAGE=/vmlinuz root=UUID=1 ro quiet\n");
	tree_put(m.dir, "proc/sys/kernel/random/boot_id", "first\n");
	machine_grub(&m, true);
	open_there(dir, &m);
	looks = snapshot(&m);
	need(strstr(looks, "etc/default/grub") && strstr(looks, "boot/grub/grubenv"), "new machine", looks);
	need(file_write_atomic(before, looks, strlen(looks), 0600, &err) == 0, "new machine", err.text);
	fs_close(&m.fs);
	sync();
}

void boot_disk_check(const char *dir)
{
	AUTO_FREE char *before = xprintf("%s/machine.before", dir), *record = xprintf("%s/state/boot.json", dir);
	AUTO_FREE char *looked = NULL, *looks = NULL;
	struct machine m = { 0 };
	struct err err = { 0 };

	open_there(dir, &m);
	need(file_read_all(before, 4 << 20, &looked, NULL, &err) == 0, "machine", err.text);
	looks = snapshot(&m);
	need(text_eq(looks, looked), "the boot loader's configuration is not as it was", looks);
	need(access(record, F_OK) < 0, record, "is left behind");
	fs_close(&m.fs);
	printf("boot-equal=yes\n");
}

void boot_disk_write(const char *dir, void (*revert)(void))
{
	AUTO_FREE char *record = xprintf("%s/state/boot.json", dir);
	struct machine m = { 0 };
	struct err err = { 0 };

	open_there(dir, &m);
	need(host_facts_read(&m.fs, &m.facts, &err) == 0, "facts", err.text);
	split_propose(&m.facts.cpu, &m.split);
	for (unsigned round = 0;; round++) {
		printf("booting=%u\n", round);
		need(machine_apply(&m, round % 2, &err) == 0, "boot parameters", err.text);
		need(access(record, F_OK) == 0, "boot parameters", "there is nothing to set");
		revert();
	}
}
