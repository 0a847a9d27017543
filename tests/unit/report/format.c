/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/format.h"

#define MINUS "\xe2\x88\x92"
#define NBSP  "\xc2\xa0"

static void test_change(void **state)
{
	static const struct {
		double ratio;
		const char *text;
	} cases[] = {
		{ 0.029, "-97.1 %" },    { 1.108, "+10.8 %" },  { 1, "0.0 %" },      { 1.0004, "0.0 %" }, { 0.9996, "0.0 %" },
		{ 0.0003, "-99.97 %" }, { 0.009, "-99.1 %" }, { 0.05, "-95.0 %" }, { 12.3, "+1130 %" }, { 2, "+100.0 %" },
		{ 0, "-100.0 %" },       { NAN, "-" },          { INFINITY, "-" },   { -3, "-" },         { 1e300, NULL },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct formatted f = format_change(cases[i].ratio, SCRIPT_ASCII);

		if (cases[i].text)
			assert_string_equal(f.text, cases[i].text);
		else
			assert_true(strlen(f.text) < sizeof(f.text));
	}
	assert_string_equal(format_change(0.029, SCRIPT_UNICODE).text, MINUS "97.1" NBSP "%");
}

static void test_size_has_no_sign(void **state)
{
	(void) state;
	assert_string_equal(format_size(0.029, SCRIPT_ASCII).text, "97.1 %");
	assert_string_equal(format_size(1.108, SCRIPT_ASCII).text, "10.8 %");
	assert_string_equal(format_size(NAN, SCRIPT_ASCII).text, "-");
}

static void test_range(void **state)
{
	(void) state;
	assert_string_equal(format_range((struct interval){ 0.03, 0.02, 0.042 }, SCRIPT_ASCII).text, "-98.0 to -95.8 %");
	assert_string_equal(format_range((struct interval){ 1, 0.95, 1.1 }, SCRIPT_ASCII).text, "-5.0 to +10.0 %");
	/* both ends with as many digits as the finer one needs */
	assert_string_equal(format_range((struct interval){ 0.01, 0.0004, 0.05 }, SCRIPT_ASCII).text, "-99.96 to -95.00 %");
	assert_string_equal(format_range(INTERVAL_NONE, SCRIPT_ASCII).text, "no interval");
	assert_string_equal(format_range((struct interval){ 0.5, 0.1, INFINITY }, SCRIPT_ASCII).text, "no interval");
}

static void test_value(void **state)
{
	(void) state;
	assert_string_equal(format_value(9.1e6, UNIT_NS, SCRIPT_ASCII).text, "9.10 ms");
	assert_string_equal(format_value(12345, UNIT_NS, SCRIPT_ASCII).text, "12.3 us");
	assert_string_equal(format_value(12345, UNIT_NS, SCRIPT_UNICODE).text, "12.3" NBSP "\xc2\xb5s");
	assert_string_equal(format_value(9.41e9, UNIT_BPS, SCRIPT_ASCII).text, "9.41 Gbit/s");
	assert_string_equal(format_value(30611.2, UNIT_PER_S, SCRIPT_ASCII).text, "30611 /s");
	assert_string_equal(format_value(NAN, UNIT_PER_S, SCRIPT_ASCII).text, "-");
	assert_string_equal(format_value(INFINITY, UNIT_NS, SCRIPT_ASCII).text, "-");
}

static void test_axis(void **state)
{
	(void) state;
	assert_string_equal(format_axis(1e4, UNIT_NS).text, "10" NBSP "\xc2\xb5s");
	assert_string_equal(format_axis(5e8, UNIT_NS).text, "500" NBSP "ms");
	assert_string_equal(format_axis(2e10, UNIT_BPS).text, "20" NBSP "Gbit/s");
	assert_string_equal(format_axis(0.5, UNIT_NS).text, "0.5" NBSP "ns");
	assert_string_equal(format_axis(2e13, UNIT_NS).text, "20000" NBSP "s");
	assert_string_equal(format_axis(2e13, UNIT_BPS).text, "20" NBSP "Tbit/s");
}

static void test_floor(void **state)
{
	(void) state;
	assert_string_equal(format_floor(1.032, SCRIPT_ASCII).text, "+-3.2 %");
	assert_string_equal(format_floor(1, SCRIPT_ASCII).text, "none");
	assert_string_equal(format_floor(NAN, SCRIPT_ASCII).text, "none");
}

static void test_cut(void **state)
{
	char longest[400];

	(void) state;
	assert_string_equal(format_cut("stock", 10).text, "stock");
	assert_string_equal(format_cut("stock", 5).text, "stock");
	assert_string_equal(format_cut("stocks", 5).text, "stoc\xe2\x80\xa6");
	/* a character of two bytes is kept whole or left out */
	assert_string_equal(format_cut("a\xc3\xa4\xc3\xb6\xc3\xbc", 3).text, "a\xc3\xa4\xe2\x80\xa6");
	assert_string_equal(format_cut("", 0).text, "");
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_true(strlen(format_cut(longest, 1000).text) < sizeof(struct formatted));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_change), cmocka_unit_test(test_size_has_no_sign),
		cmocka_unit_test(test_range),  cmocka_unit_test(test_value),
		cmocka_unit_test(test_axis),   cmocka_unit_test(test_floor),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
