/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cursor.h"

static void takes_what_is_there(void **state)
{
	const char *at = "irq 12: ff word\nnext";
	char buf[8];
	uint64_t v = 0;

	(void) state;
	assert_true(take_text(&at, "irq") && take_blanks(&at) && take_u64(&at, &v) && take_char(&at, ':'));
	assert_int_equal(v, 12);
	assert_true(take_blanks(&at) && take_hex(&at, &v));
	assert_int_equal(v, 255);
	assert_true(take_blanks(&at) && take_word(&at, buf, sizeof(buf)));
	assert_string_equal(buf, "word");
	assert_true(take_line(&at, buf, sizeof(buf)));
	assert_string_equal(buf, "");
	assert_true(take_line(&at, buf, sizeof(buf)));
	assert_string_equal(buf, "next");
	assert_false(take_line(&at, buf, sizeof(buf)));
}

static void failure_moves_nothing(void **state)
{
	const char *const start = "abc";
	const char *at = start, *big = "18446744073709551616", *big_start = big, *end = "";
	char buf[3] = "zz";
	uint64_t v = 9;

	(void) state;
	assert_false(take_char(&at, 'x') || take_text(&at, "abd") || take_text(&at, "abcd") || take_u64(&at, &v));
	assert_false(take_word(&at, buf, sizeof(buf))); /* too long for buf */
	assert_ptr_equal(at, start);
	assert_false(take_u64(&big, &v));
	assert_ptr_equal(big, big_start);
	assert_int_equal(v, 9);
	assert_string_equal(buf, "zz");
	assert_false(take_char(&end, '\0') || take_word(&end, buf, sizeof(buf)) || take_hex(&end, &v));
}

static void long_lines_are_cut_but_eaten(void **state)
{
	const char *at = "abcdefgh\nxy\n";
	char buf[4];

	(void) state;
	assert_true(take_line(&at, buf, sizeof(buf)));
	assert_string_equal(buf, "abc");
	assert_true(take_line(&at, buf, sizeof(buf)));
	assert_string_equal(buf, "xy");
	assert_false(take_line(&at, buf, sizeof(buf)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_is_there),
		cmocka_unit_test(failure_moves_nothing),
		cmocka_unit_test(long_lines_are_cut_but_eaten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
