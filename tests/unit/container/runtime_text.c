/* SPDX-License-Identifier: Apache-2.0 */
/* What crun and runc really print, made into half a sentence. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "container/bundle.h"

static void test_complaints(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", "" },
		{ "\n \n\t\n", "" },
		{ "cgroups in hybrid mode not supported, drop all controllers from cgroupv2\n",
		  "cgroups in hybrid mode not supported, drop all controllers from cgroupv2" },
		{ "time=\"2026-11-22T17:00:00Z\" level=warning msg=\"first\"\n"
		  "time=\"2026-11-22T17:00:00Z\" level=error msg=\"runc create failed: exec: \\\"/x\\\": not found\"\n\n",
		  "runc create failed: exec: \"/x\": not found" },
		{ "\033[31merror\033[0m: \007open\r\n", "error:  open" },
		{ "msg=\"never closed", "never closed" },
		{ "msg=\"ends in a backslash\\", "ends in a backslash\\" },
		{ "\033", "" },
	};
	char buf[256];

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(runtime_complaint(rows[i].text, buf, sizeof(buf)), rows[i].want);
	assert_string_equal(runtime_complaint("a long line\n", buf, 5), "a lo");
}

static void test_versions(void **state)
{
	char buf[64];

	(void) state;
	assert_string_equal(runtime_version("crun version 1.8.1\ncommit: f8a0\n", buf, sizeof(buf)), "1.8.1");
	assert_string_equal(runtime_version("runc version 1.1.5+ds1\ncommit: 1\n", buf, sizeof(buf)), "1.1.5+ds1");
	assert_string_equal(runtime_version("youki 0.3\n", buf, sizeof(buf)), "youki 0.3");
	assert_string_equal(runtime_version("x version ", buf, sizeof(buf)), "x version ");
	assert_string_equal(runtime_version("", buf, sizeof(buf)), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_complaints),
		cmocka_unit_test(test_versions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
