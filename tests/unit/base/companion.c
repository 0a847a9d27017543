/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/companion.h"
#include "base/text.h"

static void the_folder_is_that_of_this_program(void **state)
{
	char folder[PATH_MAX], self[PATH_MAX + 32];

	(void) state;
	companion_folder(folder);
	assert_true(folder[0] == '/' && !text_ends(folder, "/"));
	assert_false(text_print(self, sizeof(self), "%s/unit-base-companion", folder));
	assert_int_equal(access(self, X_OK), 0);
}

static void the_first_that_is_there_is_taken(void **state)
{
	static const char *const beside[] = { "/no-such-thing", "/unit-base-companion", "/." };
	char folder[PATH_MAX], found[PATH_MAX];

	(void) state;
	companion_folder(folder);
	assert_int_equal(companion_find(beside, 3, "/", X_OK, found, sizeof(found)), 0);
	assert_true(text_starts(found, folder));
	assert_string_equal(found + strlen(folder), "/unit-base-companion");
	assert_int_equal(companion_find(beside, 1, "/proc/self/status", R_OK, found, sizeof(found)), 0);
	assert_string_equal(found, "/proc/self/status");
}

static void what_may_not_be_used_is_not_found(void **state)
{
	static const char *const beside[] = { "/no-such-thing" };
	char found[PATH_MAX];

	(void) state;
	assert_int_equal(companion_find(beside, 1, "/proc/self/status", X_OK, found, sizeof(found)), -ENOENT);
	assert_int_equal(companion_find(beside, 1, "/", R_OK, found, 1), -ENOENT); /* no room for it */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_folder_is_that_of_this_program),
		cmocka_unit_test(the_first_that_is_there_is_taken),
		cmocka_unit_test(what_may_not_be_used_is_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
