/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

struct u64_case {
	const char *text;
	int r;
	uint64_t value;
};

typedef int u64_parser(const char *s, uint64_t *ret);

static void check_u64(u64_parser *parse, const struct u64_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t value = 4711;
		int r = parse(cases[i].text, &value);

		if (r != cases[i].r || value != (r == 0 ? cases[i].value : 4711))
			fail_msg("\"%s\": %d, %llu", cases[i].text, r, (unsigned long long) value);
	}
}

static void whole_numbers(void **state)
{
	static const struct u64_case cases[] = {
		{ "0", 0, 0 },
		{ "1500", 0, 1500 },
		{ "007", 0, 7 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "99999999999999999999999", -ERANGE, 0 },
		{ "99999999999999999999999x", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
		{ "1.0", -EINVAL, 0 },
		{ "0x10", -EINVAL, 0 },
	};

	(void) state;
	check_u64(text_u64, cases, ARRAY_SIZE(cases));
}

static void signed_numbers(void **state)
{
	int64_t v = 5;

	(void) state;
	assert_int_equal(text_i64("-9223372036854775808", &v), 0);
	assert_true(v == INT64_MIN);
	assert_int_equal(text_i64("9223372036854775807", &v), 0);
	assert_true(v == INT64_MAX);
	assert_int_equal(text_i64("-0", &v), 0);
	assert_true(v == 0);
	assert_int_equal(text_i64("-42", &v), 0);
	assert_true(v == -42);
	assert_int_equal(text_i64("9223372036854775808", &v), -ERANGE);
	assert_int_equal(text_i64("-9223372036854775809", &v), -ERANGE);
	assert_int_equal(text_i64("--1", &v), -EINVAL);
	assert_int_equal(text_i64("-", &v), -EINVAL);
	assert_true(v == -42);
}

static void real_numbers(void **state)
{
	static const char *const wrong[] = {
		"", "x", "nan", "inf", "0x1p3", "-0x1", " 1", "1 ", "1,5", "1e", ".", "--1", "1.5s"
	};
	double d = 5;

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		if (text_double(wrong[i], &d) != -EINVAL || d != 5)
			fail_msg("\"%s\" was taken", wrong[i]);
	assert_int_equal(text_double("1e999", &d), -ERANGE);
	assert_int_equal(text_double("-2.5e-1", &d), 0);
	assert_true(d == -0.25);
	assert_int_equal(text_double(".5", &d), 0);
	assert_true(d == 0.5);
}

static void durations(void **state)
{
	static const struct u64_case cases[] = {
		{ "2", 0, 2000000000 },
		{ "500ms", 0, 500000000 },
		{ "1.5s", 0, 1500000000 },
		{ "3m", 0, 180000000000 },
		{ "3min", 0, 180000000000 },
		{ "2h", 0, 7200000000000 },
		{ "40us", 0, 40000 },
		{ "9ns", 0, 9 },
		{ "0", 0, 0 },
		{ "0.1", 0, 100000000 },
		{ "1e20", -ERANGE, 0 },
		{ "9999999999h", -ERANGE, 0 },
		{ "-1s", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ "s", -EINVAL, 0 },
		{ "2 s", -EINVAL, 0 },
		{ "2x", -EINVAL, 0 },
		{ "inf", -EINVAL, 0 },
		{ "nan", -EINVAL, 0 },
	};

	(void) state;
	check_u64(text_duration, cases, ARRAY_SIZE(cases));
}

static void sizes(void **state)
{
	static const struct u64_case cases[] = {
		{ "64", 0, 64 },       { "4k", 0, 4096 },           { "4K", 0, 4096 },
		{ "2M", 0, 2097152 },  { "1G", 0, 1073741824 },     { "1GiB", 0, 1073741824 },
		{ "0.5k", 0, 512 },    { "16777216T", -ERANGE, 0 }, { "8388607T", 0, 8388607ull << 40 },
		{ "4kk", -EINVAL, 0 }, { "-4k", -EINVAL, 0 },       { "4m", -EINVAL, 0 }, /* milli? mega? neither is guessed */
	};

	(void) state;
	check_u64(text_size, cases, ARRAY_SIZE(cases));
}

static void booleans(void **state)
{
	bool b = false;

	(void) state;
	assert_int_equal(text_bool("yes", &b), 0);
	assert_true(b);
	assert_int_equal(text_bool("maybe", &b), -EINVAL);
	assert_true(b);
	assert_int_equal(text_bool("0", &b), 0);
	assert_false(b);
	assert_int_equal(text_bool("ON", &b), -EINVAL);
}

static void names_are_safe_in_paths(void **state)
{
	static const char *const good[] = { "a", "eth0", "eth0.100", "my-run_7", "0001" };
	static const char *const bad[] = { "",
					   ".",
					   "..",
					   ".a",
					   "-a",
					   "a/b",
					   "a b",
					   "a\n",
					   "a..b",
					   "\xc3\xa4",
					   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(text_is_name(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (text_is_name(bad[i]))
			fail_msg("\"%s\" passed", bad[i]);
}

static void pieces_of_text(void **state)
{
	char s[] = " \t a b \r\n", blank[] = "  \n";

	(void) state;
	assert_string_equal(text_trim(s), "a b");
	assert_string_equal(text_trim(blank), "");
	assert_true(text_starts("cpu10", "cpu") && !text_starts("cp", "cpu"));
	assert_true(text_ends("a.yaml", ".yaml") && !text_ends("yaml", ".yaml"));
	assert_true(text_print(s, 3, "abc"));
	assert_string_equal(s, "ab");
	assert_false(text_print(s, 4, "abc"));
}

static void nearest_names(void **state)
{
	static const char *const names[] = { "compare", "help",    "measure", "report",   "revert",
					     "study",   "version", "vm",      "workloads" };
	static const struct {
		const char *word, *near;
	} cases[] = {
		{ "studdy", "study" },   { "stduy", "study" },
		{ "mesure", "measure" }, { "repotr", "report" },
		{ "rever", "revert" },   { "work", "workloads" },
		{ "compar", "compare" }, { "Study", "study" },
		{ "xyzzy", NULL },       { "", NULL },
		{ "q", NULL },           { "measurement", "measure" },
		{ "frobnicate", NULL },  { "mv", "vm" },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *near = text_nearest(cases[i].word, names, ARRAY_SIZE(names));

		if (!near != !cases[i].near || (near && strcmp(near, cases[i].near) != 0))
			fail_msg("\"%s\" is near \"%s\"", cases[i].word, near ? near : "nothing");
	}
	assert_null(text_nearest("x", names, 0));
}

struct human_case {
	double value;
	const char *text;
};

static void check_human(char *(*format)(char *, size_t, double), const struct human_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char buf[64];

		assert_string_equal(format(buf, sizeof(buf), cases[i].value), cases[i].text);
	}
}

static void numbers_for_people(void **state)
{
	static const struct human_case ns[] = {
		{ 0, "0 ns" },          { 9, "9 ns" },          { 999, "999 ns" },   { 999.9, "1.00 us" }, { 12345, "12.3 us" },
		{ 1420000, "1.42 ms" }, { 458e3, "458 us" },    { 2.5e9, "2.50 s" }, { 5e12, "5000 s" },   { NAN, "-" },
		{ -12345, "-12.3 us" }, { 9.999e3, "10.0 us" }, { 1.5, "1.50 ns" },
	};
	static const struct human_case bps[] = { { 9.41e9, "9.41 Gbit/s" }, { 0, "0 bit/s" }, { 940e6, "940 Mbit/s" } };
	static const struct human_case bytes[] = { { 2e6, "2.00 MB" }, { 1, "1 B" }, { 16384, "16.4 kB" } };
	static const struct human_case seconds[] = {
		{ 4, "4 s" },           { 0.5, "0.5 s" }, { 200, "3 min 20 s" }, { 3900, "1 h 05 min" },
		{ 59.7, "1 min 00 s" }, { -1, "-" },      { INFINITY, "-" },     { 9.97, "10 s" },
	};

	(void) state;
	check_human(text_ns, ns, ARRAY_SIZE(ns));
	check_human(text_bps, bps, ARRAY_SIZE(bps));
	check_human(text_bytes, bytes, ARRAY_SIZE(bytes));
	check_human(text_seconds, seconds, ARRAY_SIZE(seconds));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_numbers),  cmocka_unit_test(signed_numbers),
		cmocka_unit_test(real_numbers),   cmocka_unit_test(durations),
		cmocka_unit_test(sizes),          cmocka_unit_test(booleans),
		cmocka_unit_test(pieces_of_text), cmocka_unit_test(names_are_safe_in_paths),
		cmocka_unit_test(nearest_names),  cmocka_unit_test(numbers_for_people),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
