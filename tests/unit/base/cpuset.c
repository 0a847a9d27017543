/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/cpuset.h"

/* What cpuset_list() says of a text: equal lists are equal sets. */
struct text_case {
	const char *text;
	int r;
	const char *list;
};

static void check(int (*parse)(const char *, struct cpuset *), const struct text_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct cpuset set = cpuset_one(99);
		char list[256];
		int r = parse(cases[i].text, &set);

		cpuset_list(&set, list, sizeof(list));
		if (r != cases[i].r || strcmp(list, r == 0 ? cases[i].list : "99") != 0)
			fail_msg("\"%s\": %d, %s", cases[i].text, r, list);
	}
}

static void lists(void **state)
{
	static const struct text_case cases[] = {
		{ "0-3,8", 0, "0-3,8" },
		{ "3,1,2,0\n", 0, "0-3" },
		{ "", 0, "" },
		{ "\n", 0, "" },
		{ " 5\n", 0, "5" },
		{ "10-20:2/4", 0, "10-11,14-15,18-19" },
		{ "0-7:1/2", 0, "0,2,4,6" },
		{ "4095", 0, "4095" },
		{ "63-64", 0, "63-64" },
		{ "4096", -ERANGE, NULL },
		{ "0-99999999999", -ERANGE, NULL },
		{ "99999999999999999999", -EINVAL, NULL },
		{ "3-1", -EINVAL, NULL },
		{ "1,", -EINVAL, NULL },
		{ ",1", -EINVAL, NULL },
		{ "1-", -EINVAL, NULL },
		{ "-1", -EINVAL, NULL },
		{ "1 2", -EINVAL, NULL },
		{ "0-7:0/4", -EINVAL, NULL },
		{ "0-7:5/4", -EINVAL, NULL },
		{ "0-7:2/0", -EINVAL, NULL },
		{ "0-7:2", -EINVAL, NULL },
		{ "all", -EINVAL, NULL },
		{ "0x3", -EINVAL, NULL },
	};

	(void) state;
	check(cpuset_parse_list, cases, ARRAY_SIZE(cases));
}

static void masks(void **state)
{
	static const struct text_case cases[] = {
		{ "3", 0, "0-1" },
		{ "00000003\n", 0, "0-1" },
		{ "ff,00000001", 0, "0,32-39" },
		{ "1,2,3", 0, "0-1,33,64" },
		{ "0x3", 0, "0-1" },
		{ "FF", 0, "0-7" },
		{ "0", 0, "" },
		{ "100000000", 0, "32" },
		{ "80000000,00000000", 0, "63" },
		{ "", -EINVAL, NULL },
		{ ",", -EINVAL, NULL },
		{ "1,", -EINVAL, NULL },
		{ ",1", -EINVAL, NULL },
		{ "1,,1", -EINVAL, NULL },
		{ "g", -EINVAL, NULL },
		{ "0x", -EINVAL, NULL },
		{ "123456789,0", -EINVAL, NULL },
		{ "1 1", -EINVAL, NULL },
	};
	char big[1100];
	struct cpuset set;

	(void) state;
	check(cpuset_parse_mask, cases, ARRAY_SIZE(cases));
	memset(big, '0', 1024);
	big[1024] = '\0';
	big[0] = '8'; /* bit 4095, and one digit more is one too many */
	assert_int_equal(cpuset_parse_mask(big, &set), 0);
	assert_int_equal(cpuset_first(&set), 4095);
	memset(big, '0', 1025);
	big[1025] = '\0';
	assert_int_equal(cpuset_parse_mask(big, &set), 0);
	big[0] = '1';
	assert_int_equal(cpuset_parse_mask(big, &set), -ERANGE);
}

static void prints_as_the_kernel_does(void **state)
{
	struct cpuset set = cpuset_one(0), cut;
	char buf[64];

	(void) state;
	assert_string_equal(cpuset_mask(&set, 2, buf, sizeof(buf)), "1");
	assert_string_equal(cpuset_mask(&set, 5, buf, sizeof(buf)), "01");
	assert_string_equal(cpuset_mask(&set, 32, buf, sizeof(buf)), "00000001");
	cpuset_add(&set, 32);
	assert_string_equal(cpuset_mask(&set, 33, buf, sizeof(buf)), "1,00000001");
	assert_string_equal(cpuset_mask(&set, 64, buf, sizeof(buf)), "00000001,00000001");
	/* What a buffer too small holds is no set at all, rather than another one. */
	assert_int_equal(cpuset_parse_list("100-200,300,400", &set), 0);
	assert_string_equal(cpuset_list(&set, buf, 16), "100-200,300,400");
	assert_string_equal(cpuset_list(&set, buf, 15), "100-200,...");
	assert_string_equal(cpuset_list(&set, buf, 12), "100-200,...");
	assert_int_equal(cpuset_parse_list(buf, &cut), -EINVAL);
	assert_string_equal(cpuset_list(&set, buf, 11), "...");
	assert_string_equal(cpuset_list(&set, buf, 4), "...");
	assert_string_equal(cpuset_list(&set, buf, 3), "");
}

static void set_operations(void **state)
{
	struct cpuset a, b, c;
	int sum = 0;

	(void) state;
	assert_int_equal(cpuset_parse_list("0-3,64", &a), 0);
	assert_int_equal(cpuset_parse_list("2-5", &b), 0);
	c = cpuset_and(&a, &b);
	assert_int_equal(cpuset_count(&c), 2);
	assert_true(cpuset_within(&c, &a) && cpuset_within(&c, &b) && !cpuset_within(&a, &b));
	c = cpuset_or(&a, &b);
	assert_int_equal(cpuset_count(&c), 7);
	assert_int_equal(cpuset_last(&c), 64);
	c = cpuset_minus(&a, &b);
	for (int cpu = -1; (cpu = cpuset_next(&c, cpu)) >= 0;)
		sum += cpu;
	assert_int_equal(sum, 65);
	cpuset_del(&c, 64);
	cpuset_del(&c, 0);
	cpuset_del(&c, 1);
	assert_true(cpuset_empty(&c) && cpuset_first(&c) == -1 && cpuset_last(&c) == -1);
	cpuset_add(&c, CPUSET_MAX);
	assert_true(cpuset_empty(&c) && !cpuset_has(&c, CPUSET_MAX));
	cpuset_add(&c, CPUSET_MAX - 1);
	assert_int_equal(cpuset_next(&c, -1), CPUSET_MAX - 1);
	assert_int_equal(cpuset_next(&c, CPUSET_MAX - 1), -1);
	assert_false(cpuset_equal(&a, &b));
}

static void affinity_comes_back(void **state)
{
	struct cpuset before, one, now, none = { 0 };

	(void) state;
	assert_int_equal(cpuset_get_affinity(0, &before), 0);
	one = cpuset_one((unsigned) cpuset_last(&before));
	assert_int_equal(cpuset_set_affinity(0, &one), 0);
	assert_int_equal(cpuset_get_affinity(0, &now), 0);
	assert_true(cpuset_equal(&now, &one));
	assert_int_equal(cpuset_set_affinity(0, &before), 0);
	assert_int_equal(cpuset_set_affinity(0, &none), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists),
		cmocka_unit_test(masks),
		cmocka_unit_test(prints_as_the_kernel_does),
		cmocka_unit_test(set_operations),
		cmocka_unit_test(affinity_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
