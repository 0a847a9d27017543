/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be mounted and is not, by the texts of fstab(5) and /proc/self/mounts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/fstab.h"

static const char fstab[] = "# <file system> <mount point> <type> <options> <dump> <pass>\n"
			    "UUID=1 / ext4 errors=remount-ro 0 1\n"
			    "UUID=2\t/boot\text4\tdefaults\t0\t2\n"
			    "UUID=3 /boot/efi/ vfat umask=0077 0 1\n"
			    "UUID=4 none swap sw 0 0\n"
			    "UUID=5 /with\\040blank ext4 defaults 0 2\n"
			    "broken\n";

static void test_cases(void **state)
{
	static const struct {
		const char *mounts, *path, *dir;
	} cases[] = {
		{ "/dev/vda / ext4 rw 0 0\n", "/boot", "/boot" },
		{ "/dev/vda / ext4 rw 0 0\n", "/boot/grub/grub.cfg", "/boot" },
		{ "/dev/vda / ext4 rw 0 0\n", "/boot.old/x", NULL },
		{ "/dev/vda / ext4 rw 0 0\n", "/etc/default/grub", NULL },
		{ "/dev/vda / ext4 rw 0 0\n", "/with blank/x", "/with blank" },
		{ "/dev/vda / ext4 rw 0 0\n/dev/vdb /boot ext4 rw 0 0\n", "/boot/grub/grub.cfg", NULL },
		{ "/dev/vda / ext4 rw 0 0\n/dev/vdb /boot ext4 rw 0 0\n", "/boot/efi/loader/loader.conf", "/boot/efi/" },
		{ "/dev/vdb /boot ext4 rw 0 0\n/dev/vdc /boot/efi vfat rw 0 0\n", "/boot/efi/loader", NULL },
		{ "/dev/vdc /with\\040blank ext4 rw 0 0\n", "/with blank/x", NULL },
		{ "", "/boot", "/boot" },
	};
	char dir[64];

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(fstab_text_lacks(fstab, cases[i].mounts, cases[i].path, dir, sizeof(dir)), cases[i].dir != NULL);
		if (cases[i].dir)
			assert_string_equal(dir, cases[i].dir);
	}
	assert_false(fstab_text_lacks("", "", "/boot", dir, sizeof(dir)));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_cases) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
