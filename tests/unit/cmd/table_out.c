/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "cmd/table_out.h"

struct fact {
	const char *name;
	double ns;
	bool good;
};

static const struct fact facts[] = {
	{ .name = "tcp-rr", .ns = 12345, .good = true },
	{ .name = "a \"quoted\" name", .ns = 1.5e6 },
};

static void cell_name(struct sink *out, const void *row)
{
	sink_put(out, ((const struct fact *) row)->name);
}

static void cell_time(struct sink *out, const void *row)
{
	char buf[32];

	sink_put(out, text_ns(buf, sizeof(buf), ((const struct fact *) row)->ns));
}

static void json_time(struct sink *out, const void *row)
{
	sink_printf(out, "%.0f", ((const struct fact *) row)->ns);
}

static enum paint paint_time(const void *row)
{
	return ((const struct fact *) row)->good ? PAINT_GOOD : PAINT_BAD;
}

static const struct column columns[] = {
	{ .name = "NAME", .cell = cell_name },
	{ .name = "P99 (ns)", .number = true, .cell = cell_time, .json_cell = json_time, .paint = paint_time },
};

static const struct table table = {
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.rows = facts,
	.n_rows = ARRAY_SIZE(facts),
	.row_size = sizeof(facts[0]),
};

static void aligned_text(void **state)
{
	static const struct term plain = { 0 };
	struct sink out = { 0 };
	struct err err;

	(void) state;
	assert_int_equal(table_text(&out, &table, &plain, &err), 0);
	assert_string_equal(out.text, "NAME            P99 (ns)\n"
				      "tcp-rr           12.3 us\n"
				      "a \"quoted\" name  1.50 ms\n");
	sink_free(&out);
}

static void painted_text(void **state)
{
	static const struct term screen = { .tty = true, .color = true, .width = 80 };
	struct sink out = { 0 };
	struct err err;

	(void) state;
	assert_int_equal(table_text(&out, &table, &screen, &err), 0);
	assert_non_null(strstr(out.text, "\033[32m"));
	assert_non_null(strstr(out.text, "\033[31m"));
	sink_free(&out);
}

static void json_of_the_same_columns(void **state)
{
	struct sink out = { 0 };
	json_t *j, *first;
	struct err err;

	(void) state;
	assert_int_equal(table_json(&out, &table, "facts", &err), 0);
	j = json_loads(out.text, 0, NULL);
	assert_non_null(j);
	assert_int_equal(json_array_size(json_object_get(j, "facts")), 2);
	first = json_array_get(json_object_get(j, "facts"), 1);
	assert_string_equal(json_string_value(json_object_get(first, "name")), "a \"quoted\" name");
	assert_int_equal(json_integer_value(json_object_get(first, "p99_ns")), 1500000);
	json_decref(j);
	sink_free(&out);
}

static void an_empty_table(void **state)
{
	struct table none = table;
	struct sink out = { 0 };
	struct err err;
	json_t *j;

	(void) state;
	none.n_rows = 0;
	assert_int_equal(table_json(&out, &none, "facts", &err), 0);
	j = json_loads(out.text, 0, NULL);
	assert_non_null(j);
	assert_int_equal(json_array_size(json_object_get(j, "facts")), 0);
	json_decref(j);
	sink_free(&out);
}

static void paints_only_where_there_is_colour(void **state)
{
	static const struct term plain = { .tty = true, .width = 80 }, color = { .tty = true, .color = true, .width = 80 };
	int fds[2];

	(void) state;
	assert_string_equal(term_on(&plain, PAINT_BAD), "");
	assert_string_equal(term_off(&plain, PAINT_BAD), "");
	assert_string_equal(term_on(&color, PAINT_BAD), "\033[31m");
	assert_string_equal(term_off(&color, PAINT_BAD), "\033[0m");
	assert_string_equal(term_off(&color, PAINT_NONE), "");
	assert_int_equal(pipe(fds), 0);
	assert_false(term_look(fds[1]).tty || term_look(fds[1]).color);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aligned_text),
		cmocka_unit_test(painted_text),
		cmocka_unit_test(an_empty_table),
		cmocka_unit_test(json_of_the_same_columns),
		cmocka_unit_test(paints_only_where_there_is_colour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
