/* SPDX-License-Identifier: Apache-2.0 */
#include "base/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"

static void test_same(void **state)
{
	static const struct {
		enum value_form form;
		const char *a, *b;
		bool same;
	} cases[] = {
		{ VALUE_TEXT, "4\t4\t1\t7\n", "4 4 1 7", true },
		{ VALUE_TEXT, "a b", "ab", false },
		{ VALUE_TEXT, "", "\n", true },
		{ VALUE_NUMBER, "007", "7", true },
		{ VALUE_NUMBER, "Y", "1", true },
		{ VALUE_NUMBER, "N", "1", false },
		{ VALUE_NUMBER, "-1", "-1\n", true },
		{ VALUE_NUMBER, "3 4 1 7", "3\t4\t1\t7", true },
		{ VALUE_NUMBER, "3 4 1", "3 4 1 7", false },
		{ VALUE_NUMBER, "1x", "1", false },
		{ VALUE_CPULIST, "0,1,2", "0-2\n", true },
		{ VALUE_CPULIST, "0-1", "0-2", false },
		{ VALUE_CPULIST, "", "\n", true },
		{ VALUE_CPUMASK, "00000000,00000003", "3", true },
		{ VALUE_CPUMASK, "3", "1", false },
		{ VALUE_CHOICE, "always [madvise] never", "madvise", true },
		{ VALUE_CHOICE, "always [madvise] never", "always madvise [never]", false },
		{ VALUE_CHOICE, "none (voluntary) full lazy ", "voluntary", true },
		{ VALUE_CHOICE, "madvise", "madvise\n", true },
		{ VALUE_CONTROLLERS, "cpu io", "io cpu", true },
		{ VALUE_CONTROLLERS, "cpu", "cpu io", false },
		{ VALUE_CONTROLLERS, "cpu cpuset", "+cpuset", true },
		{ VALUE_CONTROLLERS, "cpu", "+cpuset", false },
		{ VALUE_CONTROLLERS, "cpu", "-cpuset", true },
		{ VALUE_CONTROLLERS, "cpuset_x", "+cpuset", false },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (value_same(cases[i].form, cases[i].a, cases[i].b) != cases[i].same)
			fail_msg("%s: \"%s\" and \"%s\"", value_form_name(cases[i].form), cases[i].a, cases[i].b);
	}
}

/* A value too long to be cleaned is compared as it is. */
static void test_long(void **state)
{
	char a[2 * VALUE_MAX], b[2 * VALUE_MAX];

	(void) state;
	memset(a, 'x', sizeof(a));
	a[sizeof(a) - 1] = '\0';
	memcpy(b, a, sizeof(b));
	assert_true(value_same(VALUE_TEXT, a, b));
	b[sizeof(b) - 2] = 'y';
	assert_false(value_same(VALUE_TEXT, a, b));
}

static void test_change(void **state)
{
	static const struct {
		enum value_form form;
		const char *now, *want, *write;
	} cases[] = {
		{ VALUE_NUMBER, "1", "2", "2" },
		{ VALUE_CHOICE, "always madvise [never]", "[always] madvise never", "always" },
		{ VALUE_CHOICE, "none voluntary (full)", "none (voluntary) full", "voluntary" },
		{ VALUE_CONTROLLERS, "cpu io memory", "cpu io memory", "" },
		{ VALUE_CONTROLLERS, "cpuset cpu io", "cpu io", "-cpuset" },
		{ VALUE_CONTROLLERS, "io", "cpu io", "+cpu" },
		{ VALUE_CONTROLLERS, "io pids", "cpu io", "+cpu -pids" },
		{ VALUE_CONTROLLERS, "io", "+cpuset", "+cpuset" },
	};
	char buf[64], small[4];

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_true(value_change(cases[i].form, cases[i].now, cases[i].want, buf, sizeof(buf)));
		assert_string_equal(buf, cases[i].write);
	}
	assert_false(value_change(VALUE_TEXT, "", "too long", small, sizeof(small)));
}

static void test_forms(void **state)
{
	enum value_form form;

	(void) state;
	for (int i = VALUE_TEXT; i <= VALUE_CONTROLLERS; i++) {
		assert_true(value_form_parse(value_form_name((enum value_form) i), &form));
		assert_int_equal(form, i);
	}
	assert_false(value_form_parse("nonsense", &form));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_change),
		cmocka_unit_test(test_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
