/* SPDX-License-Identifier: Apache-2.0 */
/* systemd-boot: its entries, their names, and what says that it cannot be told anything. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "loading.h"

static void test_systemd(void **state)
{
	struct machine m;
	AUTO_FREE char *before = NULL, *after = NULL;
	char run[16];

	(void) state;
	machine_open(&m);
	machine_systemd(&m);
	before = snapshot(&m);
	apply(&m, false, run);
	has(&m, "efi/loader/entries/" ID "-6.9.conf", "rw vlat.boot=");
	revert(run);
	after = snapshot(&m);
	assert_string_equal(after, before);
	free(TAKE(after));
	apply(&m, true, run);
	has(&m, "oneshot", ID "-0-vlat.conf\n");
	has(&m, "efi/loader/entries/" ID "-0-vlat.conf", "version 0\nsort-key arch\nlinux");
	revert(run);
	has(&m, "oneshot", "\n");
	lacks(&m, "oneshot", "vlat");
	after = snapshot(&m);
	assert_string_equal(after, before);
	machine_close(&m);
}

/* An EFI variable as the firmware shows it. */
static void efi_variable(const struct machine *m, const char *name, const char *text)
{
	AUTO_FREE char *folder = xprintf("%s/sys/firmware/efi/efivars", m->dir);
	AUTO_FREE char *path = xprintf("%s/%s-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f", folder, name);
	AUTO_FREE char *raw = xalloc(2 * strlen(text) + 6, 1);
	struct err err = { 0 };

	for (size_t i = 0; text[i]; i++)
		raw[4 + 2 * i] = text[i];
	if (dir_make_all(folder, 0755, &err) < 0 || file_write_atomic(path, raw, 2 * strlen(text) + 6, 0644, &err) < 0)
		fail_msg("%s", err.text);
}

/* The loader counts the tries in the entry's name, behind what it has told the firmware; none left: another one boots. */
static void test_systemd_tries(void **state)
{
	struct machine m;
	char run[16];

	(void) state;
	machine_open(&m);
	machine_systemd(&m);
	tree_put(m.dir, "efi/loader/entries/" ID "-6.8+2-1.conf", "title A\nversion 6.8\noptions root=UUID=8 rw\n");
	tree_put(m.dir, "efi/loader/entries/" ID "-7.0+0-3.conf", "title A\nversion 7.0\noptions root=UUID=7 rw\n");
	apply(&m, true, run);
	has(&m, "efi/loader/entries/" ID "-0-vlat.conf", "root=UUID=1 ");
	revert(run);
	efi_variable(&m, "LoaderEntrySelected", ID "-6.8+3.conf");
	apply(&m, true, run);
	has(&m, "efi/loader/entries/" ID "-0-vlat.conf", "root=UUID=8 ");
	revert(run);
	machine_close(&m);
}

static void none(struct machine *m, const char *why)
{
	struct boot_plan p;

	plan_for(m, NULL, &p);
	assert_null(p.loader);
	if (!strstr(p.reason, why))
		fail_msg("no \"%s\" in: %s", why, p.reason);
	boot_plan_free(&p);
}

/* What booted has its parameters inside, or lies where nothing is mounted: what can be seen is not what would have to change. */
static void test_systemd_closed(void **state)
{
	AUTO_FREE char *conf = NULL;
	struct machine m;

	(void) state;
	machine_open(&m);
	machine_systemd(&m);
	conf = xprintf("%s/efi/loader/loader.conf", m.dir);
	efi_variable(&m, "LoaderInfo", "systemd-boot 256");
	efi_variable(&m, "LoaderEntrySelected", "linux-6.9.efi");
	none(&m, "systemd-boot 256 has booted the unified kernel image linux-6.9.efi, whose parameters are inside it");
	efi_variable(&m, "LoaderEntrySelected", ID "-6.9.conf");
	tree_put(m.dir, "proc/self/mounts", "/dev/vda / ext4 rw 0 0\n");
	tree_put(m.dir, "etc/fstab", "UUID=1 / ext4 defaults 0 1\nUUID=2 /boot ext4 defaults 0 2\n");
	none(&m, "/boot is in /etc/fstab and not mounted: mount it first");
	assert_int_equal(unlink(conf), 0);
	tree_put(m.dir, "etc/fstab", "UUID=1 / ext4 defaults 0 1\nUUID=2 /efi vfat noauto 0 2\n");
	none(&m, "systemd-boot 256 has booted this machine, and /efi, which is in /etc/fstab, is not mounted: mount it first");
	tree_put(m.dir, "etc/fstab", "UUID=1 / ext4 defaults 0 1\n");
	none(&m, "neither /efi, /boot/efi nor /boot holds its entries");
	machine_close(&m);
}

/* The loader.conf is on the EFI partition, the entries are on the extended boot partition. */
static void test_systemd_apart(void **state)
{
	AUTO_FREE char *before = NULL, *after = NULL;
	struct machine m;
	char run[16];

	(void) state;
	machine_open(&m);
	tree_put(m.dir, "efi/loader/loader.conf", "timeout 3\n");
	tree_put(m.dir, "boot/loader/entries/" ID "-6.9.conf", "title A\nversion 6.9\noptions root=UUID=1 rw\n");
	before = snapshot(&m);
	apply(&m, false, run);
	has(&m, "boot/loader/entries/" ID "-6.9.conf", "rw vlat.boot=");
	revert(run);
	after = snapshot(&m);
	assert_string_equal(after, before);
	machine_close(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_systemd),
		cmocka_unit_test(test_systemd_tries),
		cmocka_unit_test(test_systemd_closed),
		cmocka_unit_test(test_systemd_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
