/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../hosts/tree.h"
#include "base/ids.h"

static void tree_unlink(const char *dir, const char *path)
{
	AUTO_FREE char *full = xprintf("%s/%s", dir, path);

	assert_int_equal(unlink(full), 0);
}

static void test_machine(void **state)
{
	static const struct {
		const char *file, *id;
	} cases[] = {
		{ "0123456789abcdef0123456789abcdef\n", "0123456789abcdef0123456789abcdef" },
		{ "0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef" },
		{ "uninitialized\n", "" },
		{ "", "" },
		{ "0123456789abcdef\n", "" },
		{ "0123456789abcdef0123456789abcdef0\n", "" },
		{ "0123456789abcdef0123456789ABCDEF\n", "" },
	};
	char dir[64], id[MACHINE_ID_CAP];
	struct fs fs;

	(void) state;
	tree_open("two-cpu-vm", dir, &fs);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		tree_put(dir, "etc/machine-id", cases[i].file);
		machine_id_of(&fs, id);
		assert_string_equal(id, cases[i].id);
	}
	tree_close(dir, &fs);
}

static void test_boot(void **state)
{
	char dir[64], id[BOOT_ID_CAP] = "x", here[BOOT_ID_CAP];
	struct fs fs;
	struct err err = { 0 };

	(void) state;
	tree_open("two-cpu-vm", dir, &fs);
	tree_put(dir, "proc/sys/kernel/random/boot_id", "8f5ae0ea-5ed6-4a4e-9a1f-6b6e1a3c2d10\n");
	assert_int_equal(boot_id_of(&fs, id), 0);
	assert_string_equal(id, "8f5ae0ea-5ed6-4a4e-9a1f-6b6e1a3c2d10");
	assert_int_equal(boot_id_here(here, &err), 0);
	assert_int_equal(strlen(here), 36);
	tree_unlink(dir, "proc/sys/kernel/random/boot_id");
	assert_int_equal(boot_id_of(&fs, id), -ENOENT);
	assert_string_equal(id, "");
	tree_close(dir, &fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_machine), cmocka_unit_test(test_boot) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
