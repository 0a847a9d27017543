/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stat/histogram.h"

static struct histogram h;

static void near(double is, double wanted, double relative)
{
	if (!(fabs(is - wanted) <= relative * fabs(wanted)))
		fail_msg("%.17g is not %.17g", is, wanted);
}

/* Buckets tile the range without gap or overlap, and their middle is within 1/128 of everything in them. */
static void test_buckets_tile(void **state)
{
	uint64_t next = 0;

	(void) state;
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		uint64_t lo = histogram_low(i), hi = histogram_high(i), mid = histogram_mid(i);

		assert_int_equal(lo, next);
		assert_int_equal(histogram_index(lo), i);
		assert_int_equal(histogram_index(hi), i);
		assert_int_equal(histogram_index(mid), i);
		assert_true((double) (mid - lo) <= (double) lo / 128 && (double) (hi - mid) <= (double) hi / 128);
		next = hi + 1;
	}
	assert_int_equal(next, 1ull << HISTOGRAM_MAX_BITS);
	assert_int_equal(histogram_index(next), HISTOGRAM_BUCKETS - 1);
	assert_int_equal(histogram_index(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
}

static void test_empty(void **state)
{
	(void) state;
	histogram_clear(&h);
	assert_true(isnan(histogram_quantile(&h, 0.5)));
	assert_true(isnan(histogram_mean(&h)));
	assert_true(histogram_stddev(&h) == 0);
	assert_true(isnan(histogram_quantile_interval(&h, 0.5, 0.95).est));
}

static void test_small_values_are_exact(void **state)
{
	(void) state;
	histogram_clear(&h);
	for (unsigned i = 1; i <= 100; i++)
		histogram_add(&h, i);
	for (unsigned percent = 1; percent <= 100; percent++)
		assert_true(histogram_quantile(&h, percent / 100.0) == percent);
	assert_true(histogram_quantile(&h, 0) == 1);
	assert_true(histogram_quantile(&h, 0.005) == 1);
	assert_true(histogram_quantile(&h, 0.991) == 100);
	assert_true(isnan(histogram_quantile(&h, 1.5)) && isnan(histogram_quantile(&h, NAN)));
	near(histogram_mean(&h), 50.5, 1e-15);
	near(histogram_stddev(&h), 29.011491975882016, 1e-15);
}

/* Around a mean of 10 s a deviation of 1 ns needs 21 digits in the textbook formula. */
static void test_stddev_keeps_its_digits(void **state)
{
	(void) state;
	histogram_clear(&h);
	for (unsigned i = 0; i < 1000; i++)
		histogram_add(&h, 10000000000ull + (i & 1));
	near(histogram_stddev(&h), 0.5 * sqrt(1000.0 / 999), 1e-12);
	near(histogram_mean(&h), 1e10 + 0.5, 1e-15);
}

static void test_quantiles_within_tolerance(void **state)
{
	static const double qs[] = { 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 0.9999 };
	enum { N = 20000 };

	(void) state;
	histogram_clear(&h);
	for (uint64_t i = 1; i <= N; i++)       /* already sorted: rank i holds i^2 * 50 + 1000, up to 20 s */
		histogram_add(&h, i * i * 50 + 1000);
	for (size_t i = 0; i < sizeof(qs) / sizeof(*qs); i++) {
		double rank = ceil(qs[i] * N - 1e-6);

		near(histogram_quantile(&h, qs[i]), rank * rank * 50 + 1000, 0.008);
	}
	assert_true(histogram_quantile(&h, 1) == (double) N * N * 50 + 1000);
}

static void test_above_range(void **state)
{
	(void) state;
	histogram_clear(&h);
	histogram_add(&h, 1000);
	for (int i = 0; i < 3; i++)
		histogram_add(&h, 300ull * 1000000000);
	assert_int_equal(h.above, 3);
	assert_true(histogram_quantile(&h, 0.5) == 300e9);
	assert_true(histogram_quantile(&h, 0.25) == 1000);
}

static void test_merge(void **state)
{
	static struct histogram a, b, all;

	(void) state;
	histogram_clear(&a);
	histogram_clear(&b);
	histogram_clear(&all);
	for (uint64_t i = 1; i < 5000; i++) {
		histogram_add(i % 3 ? &a : &b, i * 977);
		histogram_add(&all, i * 977);
	}
	histogram_merge(&a, &b);
	assert_memory_equal(&a, &all, sizeof(a));
	histogram_clear(&b);
	histogram_merge(&a, &b);        /* an empty one changes nothing, its minimum of "none" included */
	assert_memory_equal(&a, &all, sizeof(a));
}

/* The smallest counts with a finite upper bound: n > ln 0.025 / ln q. */
static void test_interval_needs_enough_samples(void **state)
{
	static const struct {
		double q;
		unsigned n;
	} rows[] = { { 0.5, 6 }, { 0.99, 368 }, { 0.999, 3688 }, { 0.9999, 36887 } };

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct interval few, enough;

		histogram_clear(&h);
		for (unsigned k = 1; k < rows[i].n; k++)
			histogram_add(&h, k);
		few = histogram_quantile_interval(&h, rows[i].q, 0.95);
		histogram_add(&h, rows[i].n);
		enough = histogram_quantile_interval(&h, rows[i].q, 0.95);
		assert_true(isinf(few.hi) && enough.hi == rows[i].n);
		assert_true(enough.lo <= enough.est && enough.est <= enough.hi);
	}
}

/* Coverage by simulation: exponential samples, whose median is known. */
static void test_interval_covers(void **state)
{
	enum { RUNS = 2000, SAMPLES = 500 };
	struct drand48_data seed;
	int covered = 0;

	(void) state;
	srand48_r(1, &seed);
	for (int run = 0; run < RUNS; run++) {
		struct interval in;

		histogram_clear(&h);
		for (int i = 0; i < SAMPLES; i++) {
			double u;

			drand48_r(&seed, &u);
			histogram_add(&h, (uint64_t) (-log1p(-u) * 1e6));
		}
		in = histogram_quantile_interval(&h, 0.9, 0.95);
		covered += in.lo <= M_LN10 * 1e6 && M_LN10 * 1e6 <= in.hi;
	}
	/* Expected 95.0..97 %; four standard errors of 2000 runs are 2 points. */
	assert_in_range(covered, 1870, 1980);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buckets_tile),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_small_values_are_exact),
		cmocka_unit_test(test_stddev_keeps_its_digits),
		cmocka_unit_test(test_quantiles_within_tolerance),
		cmocka_unit_test(test_above_range),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_interval_needs_enough_samples),
		cmocka_unit_test(test_interval_covers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
