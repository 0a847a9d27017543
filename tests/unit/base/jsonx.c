/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/jsonx.h"

static json_t *sample(void)
{
	static const char text[] =
		"{\"s\":\"x\",\"n\":7,\"neg\":-7,\"r\":1.5,\"b\":true,\"o\":{},\"a\":[],\"z\":null,\"format\":1}";
	struct err err = { 0 };
	json_t *j = NULL;

	if (jx_parse(text, strlen(text), "sample", &j, &err) < 0)
		fail_msg("%s", err.text);
	return j;
}

static void typed_members(void **state)
{
	AUTO_JSON json_t *j = sample();
	struct err err = { 0 };
	const char *s = NULL;
	uint64_t u = 0;
	int64_t i = 0;
	double d = 0;
	bool b = false;
	json_t *o = NULL, *a = NULL;

	(void) state;
	assert_int_equal(jx_str(j, "s", &s, &err) | jx_u64(j, "n", &u, &err) | jx_i64(j, "neg", &i, &err) |
				 jx_bool(j, "b", &b, &err) | jx_obj(j, "o", &o, &err) | jx_array(j, "a", &a, &err),
			 0);
	assert_string_equal(s, "x");
	assert_true(u == 7 && i == -7 && b && o && a);
	assert_int_equal(jx_double(j, "r", &d, &err), 0);
	assert_true(d == 1.5);
	assert_int_equal(jx_double(j, "n", &d, &err), 0);
	assert_true(d == 7);
	assert_int_equal(err.code, 0);
}

static void wrong_members_are_named(void **state)
{
	AUTO_JSON json_t *j = sample();
	struct err err = { 0 };
	const char *s = "kept";
	uint64_t u = 1;
	bool b = false;

	(void) state;
	assert_int_equal(jx_str(j, "missing", &s, &err), -ENOENT);
	assert_string_equal(err.text, "the member \"missing\" is missing");
	assert_int_equal(jx_str(j, "n", &s, &err), -EINVAL);
	assert_string_equal(err.text, "the member \"n\" must be a string, not a whole number");
	assert_int_equal(jx_str(j, "z", &s, &err), -EINVAL);
	assert_int_equal(jx_u64(j, "neg", &u, &err), -ERANGE);
	assert_string_equal(err.text, "the member \"neg\" is out of range: zero or more is meant");
	assert_int_equal(jx_u64(j, "r", &u, &err), -EINVAL);
	assert_int_equal(jx_bool(j, "s", &b, &err), -EINVAL);
	assert_int_equal(jx_str(NULL, "s", &s, &err), -ENOENT);
	assert_string_equal(s, "kept");
}

static void optional_members(void **state)
{
	AUTO_JSON json_t *j = sample();
	struct err err = { 0 };
	const char *s = "default";

	(void) state;
	assert_int_equal(jx_opt_str(j, "missing", &s, &err) | jx_opt_str(j, "z", &s, &err), 0);
	assert_string_equal(s, "default");
	assert_int_equal(jx_opt_str(j, "n", &s, &err), -EINVAL);
	assert_int_equal(jx_opt_str(j, "s", &s, &err), 0);
	assert_string_equal(s, "x");
}

static void bad_texts_have_a_line(void **state)
{
	struct err err = { 0 };
	json_t *j = NULL;

	(void) state;
	assert_int_equal(jx_parse("{\n\"a\": }", 8, "f.json", &j, &err), -EINVAL);
	assert_non_null(strstr(err.text, "f.json is no valid JSON: line 2"));
	assert_int_equal(jx_parse("{\"a\":1,\"a\":2}", 13, "f", &j, &err), -EINVAL);
	assert_int_equal(jx_parse("", 0, "f", &j, &err), -EINVAL);
	assert_null(j);
	assert_int_equal(jx_load("/no/such.json", 100, &j, &err), -ENOENT);
}

static void formats(void **state)
{
	AUTO_JSON json_t *j = sample();
	struct err err = { 0 };

	(void) state;
	assert_int_equal(jx_format(j, 1, &err), 0);
	assert_int_equal(jx_format(j, 0, &err), -EPROTONOSUPPORT);
	assert_non_null(strstr(err.text, "newer"));
	assert_int_equal(jx_format(j, 2, &err), -EPROTONOSUPPORT);
	json_object_del(j, "format");
	assert_int_equal(jx_format(j, 1, &err), -ENOENT);
}

static void saved_and_loaded(void **state)
{
	char dir[] = "/tmp/vlat-unit-json-XXXXXX", path[64];
	AUTO_JSON json_t *j = sample(), *back = NULL;
	AUTO_FREE char *line = NULL;
	struct err err = { 0 };

	(void) state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/x.json", dir);
	assert_int_equal(jx_save(path, j, 0644, &err), 0);
	assert_int_equal(jx_load(path, 10000, &back, &err), 0);
	assert_true(json_equal(j, back));
	line = jx_line(back);
	assert_string_equal(line,
			    "{\"s\":\"x\",\"n\":7,\"neg\":-7,\"r\":1.5,\"b\":true,\"o\":{},\"a\":[],\"z\":null,\"format\":1}");
	assert_int_equal(dir_remove_all(dir), 0);
	assert_int_equal(jx_save(path, j, 0644, &err), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(typed_members),    cmocka_unit_test(wrong_members_are_named),
		cmocka_unit_test(optional_members), cmocka_unit_test(bad_texts_have_a_line),
		cmocka_unit_test(formats),	    cmocka_unit_test(saved_and_loaded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
