/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/study_file.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"

static int use_source(void **state)
{
	(void) state;
	return setenv("VLAT_DATA", SOURCE_ROOT "/data", 1);
}

static void test_paths_are_taken_as_they_are(void **state)
{
	static const char *const words[] = { "./welch", "/no/such/dir/x", "mine.yaml", "mine.yml" };
	struct err err = { 0 };
	char path[PATH_MAX];

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		assert_int_equal(study_file_find(words[i], path, &err), 0);
		assert_string_equal(path, words[i]);
	}
}

static void test_names(void **state)
{
	struct err err = { 0 };
	char path[PATH_MAX];

	(void) state;
	assert_int_equal(study_file_find("welch", path, &err), 0);
	assert_string_equal(path, SOURCE_ROOT "/data/studies/welch.yaml");
	assert_int_equal(study_file_find("welsh", path, &err), -ENOENT);
	assert_non_null(strstr(err.text, "did you mean 'welch'"));
	assert_non_null(strstr(err.text, "interference, pages, welch"));
	assert_int_equal(study_file_find("..", path, &err), -ENOENT);
	assert_int_equal(study_file_find("", path, &err), -ENOENT);
}

static void test_folder_without_studies(void **state)
{
	struct err err = { 0 };
	char path[PATH_MAX];

	(void) state;
	assert_int_equal(setenv("VLAT_DATA", "/no/such/data", 1), 0);
	assert_int_equal(study_file_find("welch", path, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/no/such/data"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths_are_taken_as_they_are),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_folder_without_studies),
	};

	return cmocka_run_group_tests(tests, use_source, NULL);
}
