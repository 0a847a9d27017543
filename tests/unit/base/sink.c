/* SPDX-License-Identifier: Apache-2.0 */
/* sink, vec and the allocating helpers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/sink.h"
#include "base/vec.h"

static void grows_as_needed(void **state)
{
	struct sink s = { 0 };

	(void) state;
	for (int i = 0; i < 1000; i++)
		sink_printf(&s, "%03d,", i);
	assert_int_equal(s.len, 4000);
	assert_memory_equal(s.text + 3996, "999,", 5);
	sink_char(&s, '!');
	sink_putn(&s, "abc", 0);
	assert_string_equal(s.text + 4000, "!");
	sink_free(&s);
	assert_null(s.text);
	sink_put(&s, "");
	assert_string_equal(s.text, "");
	sink_free(&s);
}

static void escapes_xml(void **state)
{
	struct sink s = { 0 };

	(void) state;
	sink_xml(&s, "<a href=\"x\">'&\x01\x1b\x7f\tz\xc3\xa4\n");
	assert_string_equal(s.text, "&lt;a href=&quot;x&quot;&gt;&#39;&amp;\tz\xc3\xa4\n");
	sink_free(&s);
}

static void writes_all_or_says_why(void **state)
{
	struct sink s = { 0 };
	AUTO_CLOSE int full = open("/dev/full", O_WRONLY), null = open("/dev/null", O_WRONLY);

	(void) state;
	assert_int_equal(sink_write(&s, null), 0);
	sink_put(&s, "x");
	assert_int_equal(sink_write(&s, full), -ENOSPC);
	assert_int_equal(sink_write(&s, null), 0);
	close(TAKE_FD(null));
	assert_int_equal(sink_write(&s, -1), -EBADF);
	sink_free(&s);
}

static void vec_holds_any_type(void **state)
{
	struct pair {
		int a;
		char *b;
	};
	VEC(struct pair) v = { 0 };

	(void) state;
	for (int i = 0; i < 100; i++) {
		struct pair *p = vec_add(&v);

		assert_true(p->a == 0 && p->b == NULL);
		p->a = i;
	}
	assert_int_equal(v.n, 100);
	assert_int_equal(v.at[63].a, 63);
	vec_free(&v);
	assert_null(v.at);
	assert_int_equal(v.n + v.cap, 0);
}

static void allocation_helpers(void **state)
{
	AUTO_FREE char *z = xalloc(3, 1), *d = xstrdup("abc"), *n = xstrndup("abcdef", 2), *p = xprintf("%d-%s", 7, "x");

	(void) state;
	assert_memory_equal(z, "\0\0\0", 3);
	assert_string_equal(d, "abc");
	assert_string_equal(n, "ab");
	assert_string_equal(p, "7-x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_as_needed),	  cmocka_unit_test(escapes_xml),
		cmocka_unit_test(writes_all_or_says_why), cmocka_unit_test(vec_holds_any_type),
		cmocka_unit_test(allocation_helpers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
