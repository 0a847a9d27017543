/* SPDX-License-Identifier: Apache-2.0 */
/* What is written, beside what jansson writes of the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonw.h"

/* Reading it and writing it with jansson must give the same bytes. */
static void same_as_jansson(struct sink *out)
{
	json_error_t error;
	json_t *read = json_loads(out->text, JSON_DECODE_ANY, &error);
	char *again;

	if (!read)
		fail_msg("%s in: %s", error.text, out->text);
	again = json_dumps(read, JSON_INDENT(2) | JSON_ENCODE_ANY);
	assert_string_equal(out->text, again);
	free(again);
	json_decref(read);
	sink_free(out);
}

static void nests(void **state)
{
	struct sink out = { 0 };
	struct jsonw w = { .out = &out };

	(void) state;
	jw_object(&w, NULL);
	jw_array(&w, "none");
	jw_end_array(&w);
	jw_array(&w, "some");
	for (int i = 0; i < 3; i++) {
		jw_object(&w, NULL);
		jw_int(&w, "n", i ? INT64_MIN : INT64_MAX);
		jw_bool(&w, "b", i > 0);
		jw_end_object(&w);
	}
	jw_object(&w, NULL);
	jw_end_object(&w);
	jw_text(&w, NULL, "t");
	jw_null(&w, NULL);
	jw_end_array(&w);
	jw_text_or_null(&w, "empty", "");
	jw_text_or_null(&w, "full", "x");
	jw_end_object(&w);
	assert_non_null(strstr(out.text, "\"none\": [],\n  \"some\": [\n    {\n      \"n\": 9223372036854775807,\n"));
	same_as_jansson(&out);
}

static void escapes(void **state)
{
	static const char *const texts[] = {
		"", "plain", "\"quoted\\\"", "\b\f\n\r\t", "\x01\x1f\x7f", "/slash", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xa7",
		"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", "\n", "end\\",
	};

	(void) state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct sink out = { 0 };
		struct jsonw w = { .out = &out };
		json_t *s = json_string(texts[i]);
		char *wanted = json_dumps(s, JSON_ENCODE_ANY);

		jw_text(&w, NULL, texts[i]);
		assert_string_equal(out.text, wanted);
		free(wanted);
		json_decref(s);
		sink_free(&out);
	}
}

/* jansson would refuse the whole text: names of tasks and devices come from anybody. */
static void what_is_no_utf8_is_replaced(void **state)
{
	static const char *const bad[] = {
		"\x80", "\xff", "\xc0\x80", "\xc1\xbf", "\xc3", "\xc3(", "\xe2\x82", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
		"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf0\x9f\x90",
	};

	(void) state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sink out = { 0 };
		struct jsonw w = { .out = &out };

		jw_array(&w, NULL);
		jw_text(&w, NULL, bad[i]);
		jw_text(&w, NULL, "after");
		jw_end_array(&w);
		assert_non_null(strstr(out.text, "\"\xef\xbf\xbd"));
		assert_non_null(strstr(out.text, "\"after\""));
		same_as_jansson(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nests),
		cmocka_unit_test(escapes),
		cmocka_unit_test(what_is_no_utf8_is_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
