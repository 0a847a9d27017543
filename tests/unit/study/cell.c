/* SPDX-License-Identifier: Apache-2.0 */
/* What agents recorded becomes a cell that the record room reads back with the same numbers. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "record/record.h"
#include "stat/histogram_json.h"
#include "study/cell.h"
#include "study/series.h"

static const struct sut_system container = { .kind = SUT_CONTAINER };

static const struct cell_label label = {
	.id = 7,
	.block = 2,
	.group = 3,
	.system = &container,
	.tuning = "vlat",
	.interference = "busy",
	.workload = "tcp-rr",
	.arm = "aa",
	.duration_s = 2,
	.started_wall_ns = 1795365662000000000ull,
};

static struct tuning_host host;

/* 1, 2, ... 1000 us. */
static json_t *histogram(uint64_t n)
{
	struct histogram *h = xalloc(1, sizeof(*h));
	json_t *json;

	histogram_clear(h);
	for (uint64_t us = 1; us <= n; us++)
		histogram_add(h, us * 1000);
	json = histogram_to_json(h);
	free(h);
	return json;
}

static struct launch_result result(json_t *client)
{
	return (struct launch_result){
		.records = { .client = client, .server = json_pack("{s:f, s:s}", "cpu_s", 0.25, "clocksource", "tsc") },
		.steal = { .steal_s = 0.02, .steal_percent = 0.9 },
		.facts = json_pack("{s:s, s:s, s:s}", "accelerator", "tcg", "accelerator_why", "no KVM", "guest_clocksource",
				   "refined-jiffies"),
		.plan = json_pack("[{s:s}]", "knob", "irq.affinity"),
	};
}

static json_t *times_record(uint64_t n)
{
	return json_pack("{s:{s:o}, s:f, s:i, s:f}", "response", "histogram", histogram(n), "transactions_per_s", 500.0, "lost",
			 3, "cpu_s", 1.5);
}

static void test_times(void **state)
{
	struct launch_result got = result(times_record(1000));
	struct record_cell c = { 0 };
	struct err err = { 0 };
	json_t *cell = NULL;

	(void) state;
	assert_int_equal(cell_make(&label, &got, &host, &cell, &err), 0);
	assert_int_equal(record_cell_parse(&c, cell, "cell", &err), 0);
	assert_int_equal(c.id, 7);
	assert_string_equal(c.arm, "aa");
	assert_string_equal(c.started, "2026-11-22T16:41:02Z");
	assert_int_equal(c.error_code, 0);
	assert_true(c.response.count == 1000 && c.response.min_ns == 1000 && c.response.max_ns == 1e6);
	/* The exact values are 500 and 990 us; a bucket is within 0.8 %. */
	assert_true(fabs(c.response.p50_ns - 500e3) < 4e3);
	assert_true(fabs(c.response.p99_ns - 990e3) < 8e3);
	assert_true(fabs(c.response.mean_ns - 500500) < 1);
	assert_true(fabs(c.response.stddev_ns - 288819.4) < 1);
	assert_true(isnan(c.throughput.p50_bps));
	assert_true(c.lost == 3 && c.transactions_per_s == 500);
	assert_false(c.disturbed);
	/* The guest's clock source is what the record says, not what the guest booted with. */
	assert_string_equal(json_string_value(json_object_get(c.platform, "guest_clocksource")), "tsc");
	record_cell_clear(&c);
	json_decref(cell);
	launch_result_free(&got);
}

static void test_throughput(void **state)
{
	json_t *record = json_pack("{s:{s:f, s:[f, f, f], s:[f]}, s:f}", "throughput", "slice_s", 0.1, "up_bps", 1e9, 2e9, 6e9,
				   "down_bps", 3e9, "throughput_bps", 3e9);
	struct launch_result got = result(record);
	struct record_cell c = { 0 };
	struct err err = { 0 };
	json_t *cell = NULL;

	(void) state;
	assert_int_equal(cell_make(&label, &got, &host, &cell, &err), 0);
	assert_int_equal(record_cell_parse(&c, cell, "cell", &err), 0);
	assert_true(isnan(c.response.p50_ns));
	assert_true(c.throughput.slice_s == 0.1);
	assert_true(c.throughput.p50_bps == 2.5e9 && c.throughput.mean_bps == 3e9);
	assert_true(c.throughput.min_bps == 1e9 && c.throughput.max_bps == 6e9);
	assert_true(c.throughput.up_bps == 3e9 && c.throughput.down_bps == 3e9);
	assert_true(fabs(c.throughput.stddev_bps - 2.160247e9) < 1e3);
	record_cell_clear(&c);
	json_decref(cell);
	launch_result_free(&got);
}

static void test_records_without_numbers(void **state)
{
	struct launch_result none = result(json_pack("{s:f}", "cpu_s", 1.0)), empty = result(times_record(0));
	struct launch_result idle = result(json_pack("{s:{s:f, s:[]}}", "throughput", "slice_s", 0.1, "up_bps"));
	struct err err = { 0 };
	json_t *cell = NULL;

	(void) state;
	assert_int_equal(cell_make(&label, &none, &host, &cell, &err), -EPROTO);
	assert_int_equal(cell_make(&label, &empty, &host, &cell, &err), -ENODATA);
	assert_non_null(strstr(err.text, "not a single transaction"));
	assert_int_equal(cell_make(&label, &idle, &host, &cell, &err), -ENODATA);
	assert_non_null(strstr(err.text, "not a single slice"));
	assert_null(cell);
	launch_result_free(&idle);
	launch_result_free(&none);
	launch_result_free(&empty);
}

/* Steal is one reason; a setting that somebody changed meanwhile is another. */
static void test_disturbed(void **state)
{
	struct launch_result got = result(times_record(10));
	struct record_cell c = { 0 };
	struct err err = { 0 };
	json_t *cell = NULL;

	(void) state;
	got.changed_since = 2;
	assert_int_equal(cell_make(&label, &got, &host, &cell, &err), 0);
	assert_int_equal(record_cell_parse(&c, cell, "cell", &err), 0);
	assert_true(c.disturbed);
	assert_non_null(strstr(c.disturbed_why, "2 tuned setting(s) were changed"));
	record_cell_clear(&c);
	json_decref(cell);
	launch_result_free(&got);
}

static void test_failed(void **state)
{
	struct record_cell c = { 0 };
	struct err why = { 0 }, err = { 0 };
	json_t *cell;

	(void) state;
	err_set(&why, -ETIMEDOUT, "the agent in the guest did not answer in time");
	cell = cell_failed(&label, &why);
	assert_int_equal(record_cell_parse(&c, cell, "cell", &err), 0);
	assert_int_equal(c.error_code, -ETIMEDOUT);
	assert_string_equal(c.error_text, why.text);
	assert_true(isnan(c.response.p50_ns));
	record_cell_clear(&c);
	json_decref(cell);
}

static void test_series(void **state)
{
	struct series s = { 0 };

	(void) state;
	assert_true(isnan(series_mean(&s)) && isnan(series_median(&s)) && isnan(series_stddev(&s)) && isnan(series_min(&s)));
	series_add(&s, 4);
	assert_true(series_median(&s) == 4 && series_stddev(&s) == 0 && series_max(&s) == 4);
	series_add(&s, 1);
	series_add(&s, 10);
	assert_true(series_median(&s) == 4 && series_mean(&s) == 5 && series_min(&s) == 1 && series_max(&s) == 10);
	series_add(&s, 5);
	assert_true(series_median(&s) == 4.5);
	series_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_throughput),
		cmocka_unit_test(test_records_without_numbers),
		cmocka_unit_test(test_disturbed),
		cmocka_unit_test(test_failed),
		cmocka_unit_test(test_series),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
