/* SPDX-License-Identifier: Apache-2.0 */
/* What the reader makes of one cell: all its members, none of them, and wrong ones. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/jsonx.h"
#include "record/record.h"

#include "sample.h"

static void a_measured_cell(void **state)
{
	AUTO_JSON json_t *json = sample_cell(7);
	struct record_cell c;
	struct err err = { 0 };

	(void) state;
	assert_int_equal(record_cell_parse(&c, json, "0007.json", &err), 0);
	assert_int_equal(err.code, 0);
	assert_int_equal(c.id, 7);
	assert_int_equal(c.block, 2);
	assert_int_equal(c.group, 3);
	assert_string_equal(c.sut, "container");
	assert_string_equal(c.datapath, "bridge");
	assert_string_equal(c.tuning, "vlat");
	assert_string_equal(c.interference, "busy");
	assert_string_equal(c.workload, "tcp-rr");
	assert_string_equal(c.arm, "main");
	assert_string_equal(c.started, "2026-11-22T16:41:02Z");
	assert_true(c.duration_s == 2 && c.transactions_per_s == 500 && c.throughput_bps == 0 && c.lost == 0);
	assert_true(c.response.count == 1000 && c.response.min_ns == 1000 && c.response.p50_ns == 500e3 && c.response.stddev_ns == 288819.4);
	assert_int_equal(c.error_code, 0);
	assert_string_equal(c.error_text, "");
	assert_true(c.disturbed);
	assert_string_equal(c.disturbed_why, "steal 5.5 %");
	assert_int_equal(json_array_size(c.plan), 1);
	assert_string_equal(json_string_value(json_object_get(c.platform, "accelerator")), "none");
	record_cell_clear(&c);
	assert_null(c.json);
}

/* What a cell does not have is NAN, whether the member is null, missing, or its whole section is. */
static void absent_numbers_are_nan(void **state)
{
	AUTO_JSON json_t *json = sample_cell(1);
	struct record_cell c;
	struct err err = { 0 };

	(void) state;
	json_object_set_new(json_object_get(json, "response"), "p99_ns", json_null());
	json_object_set_new(json, "service", json_null());
	json_object_set_new(json, "lost", json_null());
	json_object_set_new(json, "plan", json_null());
	json_object_del(json, "platform");
	json_object_del(json, "duration_s");
	json_object_del(json, "started");
	assert_int_equal(record_cell_parse(&c, json, "x", &err), 0);
	assert_true(isnan(c.response.p99_ns) && isnan(c.response.max_ns) && c.response.p50_ns == 500e3);
	assert_true(isnan(c.service.count) && isnan(c.service.max_ns));
	assert_true(isnan(c.throughput.p50_bps) && isnan(c.throughput.slice_s));
	assert_true(isnan(c.lost) && isnan(c.duration_s));
	assert_null(c.plan);
	assert_null(c.platform);
	assert_string_equal(c.started, "");
	assert_false(c.disturbed);
	record_cell_clear(&c);
}

static void a_failed_cell(void **state)
{
	AUTO_JSON json_t *json = sample_failed(9);
	struct histogram *h = NULL;
	struct record_cell c;
	struct err err = { 0 };

	(void) state;
	assert_int_equal(record_cell_parse(&c, json, "x", &err), 0);
	assert_int_equal(c.error_code, -ETIMEDOUT);
	assert_string_equal(c.error_text, "the agent said nothing for 10 s");
	assert_true(isnan(c.response.count) && isnan(c.throughput_bps));
	assert_int_equal(record_cell_histogram(&c, false, &h, &err), -ENOENT);
	assert_null(h);
	record_cell_clear(&c);
}

/* One thing wrong in each: a negative errno, and a sentence that has the file and the member. */
static void wrong_cells_are_refused(void **state)
{
	static const struct {
		const char *member, *json;      /* NULL = the member is removed */
		int code;
		const char *said;
	} rows[] = {
		{ "format", NULL, -ENOENT, "format" },
		{ "format", "\"1\"", -EINVAL, "format" },
		{ "id", "-1", -ERANGE, "id" },
		{ "id", "1e3", -EINVAL, "id" },
		{ "id", "4294967296", -ERANGE, "id" },
		{ "block", "\"2\"", -EINVAL, "block" },
		{ "group", "null", -EINVAL, "group" },
		{ "sut", NULL, -ENOENT, "sut" },
		{ "workload", "7", -EINVAL, "workload" },
		{ "arm", "[]", -EINVAL, "arm" },
		{ "started", "1", -EINVAL, "started" },
		{ "duration_s", "\"2\"", -EINVAL, "duration_s" },
		{ "response", "[]", -EINVAL, "response" },
		{ "response", "{\"p50_ns\":\"1\"}", -EINVAL, "response: " },
		{ "throughput", "{\"mean_bps\":true}", -EINVAL, "mean_bps" },
		{ "platform", "\"tcg\"", -EINVAL, "platform" },
		{ "platform", "{\"disturbed\":1}", -EINVAL, "disturbed" },
		{ "error", "\"failed\"", -EINVAL, "error" },
		{ "error", "{\"text\":\"x\"}", -ENOENT, "code" },
		{ "error", "{\"code\":-5}", -ENOENT, "text" },
		{ "error", "{\"code\":0,\"text\":\"x\"}", -EINVAL, "errno" },
		{ "error", "{\"code\":5,\"text\":\"x\"}", -EINVAL, "errno" },
		{ "error", "{\"code\":-99999999999,\"text\":\"x\"}", -EINVAL, "errno" },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_JSON json_t *json = sample_cell(1);
		struct record_cell c = { .id = 77 };
		struct err err = { 0 };
		int r;

		if (rows[i].json)
			json_object_set_new(json, rows[i].member, json_loads(rows[i].json, JSON_DECODE_ANY, NULL));
		else
			json_object_del(json, rows[i].member);
		r = record_cell_parse(&c, json, "cells/0001.json", &err);
		if (r != rows[i].code || err.code != r || strncmp(err.text, "cells/0001.json: ", 17) != 0 || !strstr(err.text, rows[i].said))
			fail_msg("%s = %s: %d, \"%s\"", rows[i].member, rows[i].json ? rows[i].json : "absent", r, err.text);
		assert_int_equal(c.id, 77);     /* nothing is returned of a refused cell */
	}
}

static void a_cell_that_is_no_object(void **state)
{
	AUTO_JSON json_t *json = json_array();
	struct record_cell c;
	struct err err = { 0 };

	(void) state;
	assert_int_equal(record_cell_parse(&c, json, "x", &err), -EINVAL);
	assert_string_equal(err.text, "x: not a JSON object");
}

static void a_newer_format(void **state)
{
	AUTO_JSON json_t *json = sample_cell(1);
	struct record_cell c;
	struct err err = { 0 };

	(void) state;
	json_object_set_new(json, "format", json_integer(3));
	assert_int_equal(record_cell_parse(&c, json, "r1/cells/0001.json", &err), -EPROTONOSUPPORT);
	assert_non_null(strstr(err.text, "r1/cells/0001.json: "));
	assert_non_null(strstr(err.text, "2"));
	assert_non_null(strstr(err.text, "newer"));
}

static void its_histogram(void **state)
{
	AUTO_JSON json_t *json = sample_cell(4);
	json_t *times = json_object_get(json_object_get(json, "client"), "response");
	struct histogram *h = NULL;
	struct record_cell c;
	struct err err = { 0 };

	(void) state;
	assert_int_equal(record_cell_parse(&c, json, "x", &err), 0);
	assert_int_equal(record_cell_histogram(&c, false, &h, &err), 0);
	assert_int_equal(h->count, 1000);
	assert_true(histogram_mean(h) == 500500);
	free(h);
	h = NULL;
	assert_int_equal(record_cell_histogram(&c, true, &h, &err), -ENOENT);
	assert_non_null(strstr(err.text, "cell 4"));
	json_object_set_new(json_object_get(times, "histogram"), "count", json_integer(999));
	assert_int_equal(record_cell_histogram(&c, false, &h, &err), -EINVAL);
	assert_non_null(strstr(err.text, "cell 4"));
	assert_null(h);
	record_cell_clear(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_measured_cell),        cmocka_unit_test(absent_numbers_are_nan),
		cmocka_unit_test(a_failed_cell),          cmocka_unit_test(wrong_cells_are_refused),
		cmocka_unit_test(a_cell_that_is_no_object), cmocka_unit_test(a_newer_format),
		cmocka_unit_test(its_histogram),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
