/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "workload/recorder.h"

#define S NS_PER_S

static void expect_same(const struct histogram *a, const struct histogram *b)
{
	assert_memory_equal(a->bucket, b->bucket, sizeof(a->bucket));
	assert_true(a->count == b->count && a->min == b->min && a->max == b->max && a->above == b->above);
	assert_true(a->sum == b->sum && a->sumsq == b->sumsq);
}

static uint64_t next_value(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33 >> (*seed % 31);
}

/* Each slice must come back as it was, and all of them together are the whole. */
static void slices_come_back_and_add_up(void **state)
{
	static struct histogram want[3], all, back, sum;
	struct recorder r;
	uint64_t seed = 1;
	size_t at = 0;

	(void) state;
	histogram_clear(&all);
	assert_int_equal(recorder_init(&r, 3, NULL), 0);
	recorder_begin(&r, 100 * S);
	for (uint64_t s = 0; s < 3; s++) {
		histogram_clear(&want[s]);
		for (uint64_t i = 0; i < 1000; i++) {
			uint64_t v = next_value(&seed), now = (100 + s) * S + i * 1000000;

			assert_int_equal(recorder_add(&r, now, v), s > 0 && i == 0);
			histogram_add(&want[s], v);
			histogram_add(&all, v);
		}
	}
	recorder_end(&r);
	expect_same(&r.whole, &all);
	histogram_clear(&sum);
	for (int s = 0; s < 3; s++) {
		assert_true(recorder_next(&r, &at, &back));
		expect_same(&back, &want[s]);
		histogram_merge(&sum, &back);
	}
	assert_false(recorder_next(&r, &at, &back));
	expect_same(&sum, &all);
	recorder_free(&r);
}

/* Nothing ended for two seconds: those are there, and empty.  What ends after the last belongs to the last. */
static void still_seconds_are_empty_slices(void **state)
{
	static struct histogram back;
	static const uint64_t counts[] = { 1, 0, 0, 1, 2 };
	struct recorder r;
	size_t at = 0;

	(void) state;
	assert_int_equal(recorder_init(&r, 4.5, NULL), 0);
	recorder_begin(&r, 0);
	recorder_add(&r, S / 2, 7);
	recorder_add(&r, 3 * S, 2 * S);
	recorder_add(&r, 4 * S, 8);
	recorder_add(&r, 99 * S, 9);
	recorder_end(&r);
	for (size_t i = 0; i < 5; i++) {
		assert_true(recorder_next(&r, &at, &back));
		assert_int_equal(back.count, counts[i]);
		if (!counts[i])
			assert_true(back.min == UINT64_MAX && back.max == 0 && back.sum == 0);
	}
	assert_false(recorder_next(&r, &at, &back));
	assert_int_equal(r.whole.count, 4);
	recorder_free(&r);
}

static void a_warm_up_is_forgotten(void **state)
{
	static struct histogram back;
	struct recorder r;
	size_t at = 0;

	(void) state;
	assert_int_equal(recorder_init(&r, 2, NULL), 0);
	for (uint64_t i = 0; i < 10 * S; i += S / 4)
		recorder_add(&r, i, 1000000);
	recorder_begin(&r, 10 * S);
	recorder_add(&r, 10 * S + 1, 5);
	recorder_end(&r);
	assert_int_equal(r.whole.count, 1);
	assert_int_equal(r.whole.max, 5);
	assert_true(recorder_next(&r, &at, &back) && back.count == 1);
	assert_true(recorder_next(&r, &at, &back) && back.count == 0);
	assert_false(recorder_next(&r, &at, &back));
	recorder_free(&r);
}

static void a_long_run_has_longer_slices_and_bounded_memory(void **state)
{
	struct recorder r;

	(void) state;
	assert_int_equal(recorder_init(&r, RECORDER_SLICES, NULL), 0);
	assert_int_equal(r.slice_ns, S);
	assert_int_equal(r.max_slices, RECORDER_SLICES);
	assert_true(r.cap <= 11u << 20);
	recorder_free(&r);
	assert_int_equal(recorder_init(&r, 86400, NULL), 0);
	assert_int_equal(r.slice_ns, 108 * S);
	assert_int_equal(r.max_slices, RECORDER_SLICES);
	recorder_free(&r);
	assert_int_equal(recorder_init(&r, 0.01, NULL), 0);
	assert_int_equal(r.max_slices, 1);
	recorder_free(&r);
}

/* Every bucket of every slice in use: the arena was sized for exactly that. */
static void the_fullest_slices_fit(void **state)
{
	struct recorder r;

	(void) state;
	assert_int_equal(recorder_init(&r, 5, NULL), 0);
	recorder_begin(&r, 0);
	for (uint64_t s = 0; s < 5; s++)
		for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
			recorder_add(&r, s * S + i, histogram_low(i));
	recorder_end(&r);
	assert_int_equal(r.used, r.cap);
	assert_int_equal(r.whole.count, 5 * HISTOGRAM_BUCKETS);
	recorder_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slices_come_back_and_add_up),
		cmocka_unit_test(still_seconds_are_empty_slices),
		cmocka_unit_test(a_warm_up_is_forgotten),
		cmocka_unit_test(a_long_run_has_longer_slices_and_bounded_memory),
		cmocka_unit_test(the_fullest_slices_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
