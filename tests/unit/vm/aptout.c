/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "vm/aptout.h"

static void test_depends(void **state)
{
	static const char text[] = "linux-image-cloud-amd64\n"
				   "  Depends: linux-image-6.1.0-56-cloud-amd64\n"
				   " |Depends: initramfs-tools\n"
				   "  Depends: <linux-initramfs-tool>\n"
				   "    dracut\n"
				   "  Suggests: linux-doc-6.1\n"
				   "  PreDepends: dpkg\n"
				   "  Depends: Bad_Name\n"
				   "  Depends: -rf\n"
				   "  Depends: last";
	static const char *const wanted[] = { "linux-image-6.1.0-56-cloud-amd64", "initramfs-tools", "dpkg", "last" };
	const char *at = text;
	char name[64];

	(void) state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		assert_true(apt_next_depends(&at, name, sizeof(name)));
		assert_string_equal(name, wanted[i]);
	}
	assert_false(apt_next_depends(&at, name, sizeof(name)));
}

static void test_names(void **state)
{
	(void) state;
	assert_true(apt_is_name("linux-image-6.1.0-56-cloud-amd64"));
	assert_true(apt_is_name("libstdc++6"));
	assert_false(apt_is_name(""));
	assert_false(apt_is_name("a"));
	assert_false(apt_is_name("--download-only"));
	assert_false(apt_is_name("../a"));
	assert_false(apt_is_name("a b"));
	assert_false(apt_is_name("a/b"));
	assert_false(apt_is_name("a=1"));
}

#define SUM "e7d02b943971edcb8790e256c02cfab3bca6c3d37c1bf25392a57c71300615ee"

static void test_show(void **state)
{
	static const char good[] =
		"Package: linux-image-a\nSource: x\nVersion: 1:6.1.192-2~x+y\nDepends: a, b\nSize: 26713492\nSHA256: " SUM
		"\nDescription: d\n long\n\nPackage: other\nVersion: 9\n";
	struct apt_package p;
	struct err err;

	(void) state;
	assert_int_equal(apt_show_parse(good, &p, &err), 0);
	assert_string_equal(p.name, "linux-image-a");
	assert_string_equal(p.version, "1:6.1.192-2~x+y");
	assert_string_equal(p.sha256, SUM);
	assert_int_equal(p.size, 26713492);
}

static void test_show_refusals(void **state)
{
	static const struct {
		const char *text, *word;
	} bad[] = {
		{ "", "Package" },
		{ "Package: ab\nVersion: 1\nSize: 5\n", "SHA256" },
		{ "Package: ab\nVersion: 1\nSHA256: " SUM "\n", "Size" },
		{ "Package: ab\nSize: 5\nSHA256: " SUM "\n", "Version" },
		{ "Package: ab\nVersion: 1 --option\nSize: 5\nSHA256: " SUM "\n", "Version" },
		{ "Package: ab\nVersion: 1\nSize: -5\nSHA256: " SUM "\n", "Size" },
		{ "Package: ab\nVersion: 1\nSize: 5\nSHA256: zz" SUM "\n", "SHA256" },
		{ "\nPackage: ab\nVersion: 1\nSize: 5\nSHA256: " SUM "\n", "Package" },
	};
	struct apt_package p = { .size = 77 };
	struct err err;

	(void) state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(apt_show_parse(bad[i].text, &p, &err), -ENOENT);
		assert_non_null(strstr(err.text, bad[i].word));
		assert_int_equal(p.size, 77);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_depends),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_show),
		cmocka_unit_test(test_show_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
