/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "stat/histogram_json.h"
#include "workload/out.h"
#include "workload/result.h"

struct sample_run {
	struct job job;
	struct run run;
};

static struct sample_run *run_make(const char *workload, enum side side, double rate)
{
	struct sample_run *s = calloc(1, sizeof(*s));
	struct ticks ticks = { 0 };

	ticks_init_gettime(&ticks, "a \"test\"\n");
	s->job = (struct job) JOB_INIT;
	s->job.workload = workload_find(workload);
	s->job.side = side;
	s->job.rate = rate;
	s->job.direction = DIRECTION_BOTH;
	run_init(&s->run, &s->job, &ticks, -1);
	assert_int_equal(run_init_buffers(&s->run, NULL), 0);
	s->run.begin_ns = NS_PER_S;
	s->run.end_ns = 3 * NS_PER_S;
	return s;
}

static void run_drop(struct sample_run *s)
{
	run_free(&s->run);
	free(s);
}

/* The record as vlat reads it. */
static json_t *sent(const struct result *res)
{
	struct frame_reader r = { .max = FRAME_MAX };
	FILE *file = tmpfile();
	json_t *msg = NULL;

	assert_non_null(file);
	assert_int_equal(result_send(fileno(file), res), 0);
	rewind(file);
	assert_int_equal(frame_receive(&r, fileno(file), clock_ns() + NS_PER_S, &msg, NULL), 1);
	assert_int_equal(r.len, 0);     /* the announced length was right */
	frame_reader_free(&r);
	fclose(file);
	return msg;
}

static double number(const json_t *msg, const char *name)
{
	const json_t *v = json_object_get(msg, name);

	if (!json_is_number(v))
		fail_msg("no number %s", name);
	return json_number_value(v);
}

static void every_sample_arrives(void **state)
{
	static struct histogram whole, second;
	struct sample_run *s = run_make("tcp-rr", SIDE_CLIENT, 1000);
	struct result res = { .run = &s->run, .clocksource = "tsc" };
	json_t *msg, *response, *seconds;

	(void) state;
	recorder_begin(&s->run.response, 0);
	for (uint64_t i = 0; i < 2000; i++) {
		recorder_add(&s->run.response, i * NS_PER_MS, i * i);
		histogram_add(&s->run.service, i);
	}
	recorder_add(&s->run.response, 2 * NS_PER_S, 200 * NS_PER_S);   /* beyond the last bucket */
	recorder_end(&s->run.response);
	s->run.transactions = 2000;
	msg = sent(&res);
	response = json_object_get(msg, "response");
	seconds = json_object_get(response, "seconds");
	assert_int_equal(histogram_from_json(json_object_get(response, "histogram"), &whole, NULL), 0);
	assert_memory_equal(whole.bucket, s->run.response.whole.bucket, sizeof(whole.bucket));
	assert_int_equal(json_array_size(seconds), 2);
	assert_int_equal(histogram_from_json(json_array_get(seconds, 1), &second, NULL), 0);
	assert_true(second.count == 1001 && second.above == 1 && second.min == 1000000);
	assert_true(json_is_false(json_object_get(response, "seconds_left_out")));
	assert_int_equal(histogram_from_json(json_object_get(json_object_get(msg, "service"), "histogram"), &whole, NULL), 0);
	assert_int_equal(whole.count, 2000);
	assert_true(number(msg, "transactions") == 2000 && number(msg, "transactions_per_s") == 1000 &&
		    number(msg, "duration_s") == 2);
	assert_null(json_object_get(msg, "throughput"));
	json_decref(msg);
	run_drop(s);
}

static void an_empty_histogram_is_one_too(void **state)
{
	static struct histogram h;
	struct sample_run *s = run_make("wakeup", SIDE_ALONE, 0);
	struct result res = { .run = &s->run, .clocksource = "tsc" };
	json_t *msg;

	(void) state;
	recorder_end(&s->run.response);
	msg = sent(&res);
	assert_int_equal(histogram_from_json(json_object_get(json_object_get(msg, "response"), "histogram"), &h, NULL), 0);
	assert_int_equal(h.count, 0);
	assert_null(json_object_get(msg, "service"));
	json_decref(msg);
	run_drop(s);
}

static void texts_are_quoted(void **state)
{
	struct sample_run *s = run_make("tcp-rr", SIDE_SERVER, 0);
	struct result res = { .run = &s->run, .clocksource = "back\\slash\"\x01" };
	json_t *msg = sent(&res);

	(void) state;
	assert_string_equal(json_string_value(json_object_get(msg, "clocksource")), "back\\slash\"\x01");
	assert_string_equal(json_string_value(json_object_get(json_object_get(msg, "clock"), "why")), "a \"test\"\n");
	assert_null(json_object_get(msg, "response"));
	json_decref(msg);
	run_drop(s);
}

static void throughput_has_both_directions(void **state)
{
	struct sample_run *s = run_make("tcp-stream", SIDE_CLIENT, 0);
	struct result res = { .run = &s->run, .clocksource = "tsc" };
	json_t *msg, *t;

	(void) state;
	assert_int_equal(s->run.up.cap, 10);
	s->run.up.n = s->run.down.n = 10;
	for (int i = 0; i < 10; i++) {
		s->run.up.bytes[i] = 1000;
		s->run.down.bytes[i] = 3000;
	}
	msg = sent(&res);
	t = json_object_get(msg, "throughput");
	assert_true(number(t, "slice_s") == 0.1);
	assert_int_equal(json_array_size(json_object_get(t, "up_bps")), 10);
	assert_int_equal(json_integer_value(json_array_get(json_object_get(t, "up_bps"), 3)), 80000);
	assert_int_equal(json_integer_value(json_array_get(json_object_get(t, "down_bps"), 9)), 240000);
	assert_true(number(msg, "throughput_bps") == 160000);
	json_decref(msg);
	run_drop(s);
}

static void an_error_carries_what_there_is(void **state)
{
	struct sample_run *s = run_make("tcp-rr", SIDE_CLIENT, 0);
	struct err err = { .code = -104, .text = "the peer \"died\"" };
	struct result res = { .run = &s->run, .clocksource = "tsc", .failed = &err };
	json_t *msg;

	(void) state;
	recorder_add(&s->run.response, 1, 77);
	recorder_end(&s->run.response);
	msg = sent(&res);
	assert_string_equal(frame_type(msg), "error");
	assert_true(number(msg, "code") == -104);
	assert_string_equal(json_string_value(json_object_get(msg, "text")), err.text);
	assert_string_equal(frame_type(json_object_get(msg, "partial")), "result");
	json_decref(msg);
	run_drop(s);
}

/* 86 400 s of the widest spread would be more than a frame may hold: the seconds go, the whole stays. */
static void a_record_too_large_loses_its_seconds(void **state)
{
	struct sample_run *s = run_make("tcp-rr", SIDE_CLIENT, 0);
	struct result res = { .run = &s->run, .clocksource = "tsc" };
	json_t *msg, *response;

	(void) state;
	recorder_free(&s->run.response);
	assert_int_equal(recorder_init(&s->run.response, RECORDER_SLICES, NULL), 0);
	recorder_begin(&s->run.response, 0);
	for (uint64_t sec = 0; sec < RECORDER_SLICES; sec++)
		for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
			recorder_add(&s->run.response, sec * NS_PER_S, histogram_low(i));
			s->run.response.slice.bucket[i] += 10000000;
			s->run.response.slice.count += 10000000;
		}
	recorder_end(&s->run.response);
	msg = sent(&res);
	response = json_object_get(msg, "response");
	assert_true(json_is_true(json_object_get(response, "seconds_left_out")));
	assert_int_equal(json_array_size(json_object_get(response, "seconds")), 0);
	assert_true(number(json_object_get(response, "histogram"), "count") > 1e10);
	json_decref(msg);
	run_drop(s);
}

static void decimal_of(u128 v, const char *want)
{
	struct out o = { .fd = -1 };
	int fd[2];
	char got[64] = "";

	assert_int_equal(pipe(fd), 0);
	o.fd = fd[1];
	out_u128(&o, v);
	assert_int_equal(out_flush(&o), 0);
	assert_true(read(fd[0], got, sizeof(got) - 1) > 0);
	assert_string_equal(got, want);
	close(fd[0]);
	close(fd[1]);
}

static void large_sums_are_decimal(void **state)
{
	(void) state;
	decimal_of(0, "\"0\"");
	decimal_of((u128) UINT64_MAX + 1, "\"18446744073709551616\"");
	decimal_of(~(u128) 0, "\"340282366920938463463374607431768211455\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_sample_arrives),
		cmocka_unit_test(an_empty_histogram_is_one_too),
		cmocka_unit_test(texts_are_quoted),
		cmocka_unit_test(throughput_has_both_directions),
		cmocka_unit_test(an_error_carries_what_there_is),
		cmocka_unit_test(a_record_too_large_loses_its_seconds),
		cmocka_unit_test(large_sums_are_decimal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
