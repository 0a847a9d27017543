/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"

static void says_what_it_was_told(void **state)
{
	struct err e = { 0 };

	(void) state;
	assert_int_equal(err_set(&e, -EINVAL, "no %s in %d", "cpu", 3), -EINVAL);
	assert_int_equal(e.code, -EINVAL);
	assert_string_equal(e.text, "no cpu in 3");
	assert_int_equal(err_sys(&e, -ENOENT, "cannot open %s", "/x"), -ENOENT);
	assert_string_equal(e.text, "cannot open /x: No such file or directory");
}

/* Names and outputs are quoted as they are, whoever made them. */
static void stays_one_line(void **state)
{
	struct err e = { 0 };

	(void) state;
	err_set(&e, -EINVAL, "no device '%s'", "a\nb\tc\033[2J\xc3\xa9");
	assert_string_equal(e.text, "no device 'a b c?[2J\xc3\xa9'");
	err_in(&e, "--dev %s", "x\r\ny");
	assert_string_equal(e.text, "--dev x  y: no device 'a b c?[2J\xc3\xa9'");
}

static void context_goes_in_front(void **state)
{
	struct err e = { 0 };

	(void) state;
	err_set(&e, -EPERM, "not allowed");
	assert_int_equal(err_in(&e, "write %s", "governor"), -EPERM);
	assert_int_equal(err_in(&e, "cpu%d", 3), -EPERM);
	assert_string_equal(e.text, "cpu3: write governor: not allowed");
}

/* A name of any length leaves room for what was tried, and for the reason and the cure. */
static void long_sentences_lose_their_middle_visibly(void **state)
{
	char big[2000];
	struct err e = { 0 };

	(void) state;
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	err_set(&e, -EINVAL, "there is no %s; the cure", big);
	assert_true(text_starts(e.text, "there is no xxx") && strstr(e.text, "x...x") && text_ends(e.text, "xxx; the cure"));
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	err_sys(&e, -ENOENT, "cannot open %s", big);
	assert_true(text_starts(e.text, "cannot open xxx") && text_ends(e.text, "xxx: No such file or directory"));
	err_in(&e, "%s of %s", "the context", big);
	assert_true(text_starts(e.text, "the context of xxx") && text_ends(e.text, "xxx: No such file or directory"));
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
}

static void cut_letters_stay_whole(void **state)
{
	char big[1600];
	struct err e = { 0 };

	(void) state;
	for (size_t shift = 0; shift < 3; shift++) {
		for (size_t i = 0; i < sizeof(big) - 1; i++)
			big[i] = "\xe2\x82\xac"[i % 3]; /* the sign of the euro, three bytes */
		big[sizeof(big) - 1] = '\0';
		err_set(&e, -EINVAL, "%.*s%s", (int) shift, "ab", big);
		assert_non_null(strstr(e.text, "\xe2\x82\xac...\xe2\x82\xac"));
	}
}

static void nobody_listening_is_fine(void **state)
{
	(void) state;
	assert_int_equal(err_set(NULL, -EIO, "x"), -EIO);
	assert_int_equal(err_sys(NULL, -EIO, "x"), -EIO);
	err_in(NULL, "x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_it_was_told),
		cmocka_unit_test(stays_one_line),
		cmocka_unit_test(context_goes_in_front),
		cmocka_unit_test(long_sentences_lose_their_middle_visibly),
		cmocka_unit_test(cut_letters_stay_whole),
		cmocka_unit_test(nobody_listening_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
