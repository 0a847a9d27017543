/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an interval and a verdict promise, tried on studies whose truth is known.
 * Seeds are fixed, so these tests give the same answer every time; the sizes
 * make the wanted bounds lie several standard errors away.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "stat/compare.h"
#include "stat/rank.h"

enum { BLOCKS = 10, STUDIES = 4000 };

static uint64_t lcg;

static double uniform(void)
{
	lcg = lcg * 6364136223846793005ull + 1442695040888963407ull;
	return ((double) (lcg >> 11) + 0.5) / 9007199254740992.0;
}

static double gauss(void)
{
	return sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform());
}

/* Skewed: most runs alike, some much worse; a machine's minute (its block) shifts both arms. */
static double lognormal_run(double scale, double block)
{
	return scale * exp(block + 0.5 * gauss());
}

static double spiky_run(double scale, double block)
{
	return scale * exp(block + 0.2 * gauss()) * (uniform() < 0.2 ? 1 + 5 * uniform() : 1);
}

/* The standard deviation of one run of heavy-tailed times: what the experiment's headline compares. */
static double sd_run(double scale, double block)
{
	double n = 400, sum = 0, sumsq = 0;

	for (int i = 0; i < 400; i++) {
		double x = exp(block) * scale * (20 + 5 * pow(uniform(), -1 / 2.5));

		sum += x;
		sumsq += x * x;
	}
	return sqrt((sumsq - sum * sum / n) / (n - 1));
}

typedef double run_fn(double scale, double block);

static void make_study(run_fn *run, double ratio, double *a, double *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		double block = 0.3 * gauss();

		a[i] = run(100, block);
		b[i] = run(100 * ratio, block);
	}
}

static double coverage(run_fn *run, double ratio, unsigned studies)
{
	double a[BLOCKS], b[BLOCKS];
	unsigned covered = 0;

	lcg = 2015;
	for (unsigned s = 0; s < studies; s++) {
		struct comparison c;

		make_study(run, ratio, a, b, BLOCKS);
		compare_paired(&c, a, b, BLOCKS, 1, true);
		assert_int_equal(c.n, BLOCKS);
		covered += c.ratio.lo <= ratio && ratio <= c.ratio.hi;
	}
	return (double) covered / studies;
}

static void intervals_cover_what_they_promise(void **state)
{
	static const struct {
		run_fn *run;
		double ratio;
		unsigned studies;
	} rows[] = {
		{ lognormal_run, 1, STUDIES }, { lognormal_run, 0.05, STUDIES }, { spiky_run, 1, STUDIES },
		{ spiky_run, 0.5, STUDIES },   { sd_run, 1, 1500 },              { sd_run, 0.1, 1500 },
	};

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		double got = coverage(rows[i].run, rows[i].ratio, rows[i].studies);

		print_message("row %zu: covered %.3f\n", i, got);
		assert_true(got >= 0.93 && got <= 0.98);
	}
}

/* A run of a quiet, tuned machine. */
static double quiet_run(double scale, double block)
{
	return scale * exp(block + 0.05 * gauss());
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *) a, y = *(const double *) b;

	return (x > y) - (x < y);
}

/* What the estimate is of: the median of the average of two independent log changes. */
static double pseudomedian(run_fn *before, run_fn *after)
{
	enum { DRAWS = 200001 };
	double *w = calloc(DRAWS, sizeof(*w)), middle;

	lcg = 5;
	for (size_t i = 0; i < DRAWS; i++)
		w[i] = (log(after(100, 0) / before(100, 0)) + log(after(100, 0) / before(100, 0))) / 2;
	qsort(w, DRAWS, sizeof(*w), by_value);
	middle = w[DRAWS / 2];
	free(w);
	return middle;
}

/*
 * Tuning changes the shape of a distribution, not only its place, so changes
 * scatter unevenly to both sides, which the signed-rank test presumes they do
 * not.  The intervals hold all the same.
 */
static void intervals_cover_where_arms_differ_in_shape(void **state)
{
	double truth = exp(pseudomedian(spiky_run, quiet_run)), a[BLOCKS], b[BLOCKS];
	unsigned covered = 0;

	(void) state;
	lcg = 11;
	for (unsigned s = 0; s < STUDIES; s++) {
		struct comparison c;

		for (size_t i = 0; i < BLOCKS; i++) {
			a[i] = spiky_run(100, 0);
			b[i] = quiet_run(100, 0);
		}
		compare_paired(&c, a, b, BLOCKS, 1, true);
		covered += c.ratio.lo <= truth && truth <= c.ratio.hi;
	}
	print_message("covered %.3f\n", (double) covered / STUDIES);
	assert_in_range(covered, 0.93 * STUDIES, 0.98 * STUDIES);
}

static unsigned verdicts(run_fn *run, double ratio, size_t blocks, bool with_floor, enum verdict which)
{
	double a[BLOCKS], b[BLOCKS], again[BLOCKS], spare[BLOCKS];
	unsigned hits = 0;

	lcg = 7;
	for (unsigned s = 0; s < 2000; s++) {
		struct comparison c;
		double floor = 1;

		make_study(run, ratio, a, b, blocks);
		if (with_floor) {
			make_study(run, 1, again, spare, blocks);
			floor = compare_floor(again, spare, blocks);
		}
		compare_paired(&c, a, b, blocks, floor, true);
		hits += c.verdict == which;
	}
	return hits;
}

static void no_difference_is_rarely_called_one(void **state)
{
	(void) state;
	assert_in_range(verdicts(lognormal_run, 1, BLOCKS, false, VERDICT_BETTER) +
				verdicts(lognormal_run, 1, BLOCKS, false, VERDICT_WORSE), 1, 120); /* 6 % of 2000 */
	assert_in_range(verdicts(spiky_run, 1, BLOCKS, false, VERDICT_BETTER) +
				verdicts(spiky_run, 1, BLOCKS, false, VERDICT_WORSE), 1, 120);
	assert_in_range(verdicts(lognormal_run, 1, BLOCKS, true, VERDICT_BETTER) +
				verdicts(lognormal_run, 1, BLOCKS, true, VERDICT_WORSE), 0, 20);
}

static void a_real_change_is_found(void **state)
{
	(void) state;
	assert_true(verdicts(lognormal_run, 0.1, BLOCKS, true, VERDICT_BETTER) > 1950);
	assert_true(verdicts(lognormal_run, 10, BLOCKS, true, VERDICT_WORSE) > 1950);
	assert_true(verdicts(spiky_run, 0.3, BLOCKS, false, VERDICT_BETTER) > 1900);
}

static void few_blocks_never_conclude(void **state)
{
	(void) state;
	for (size_t n = 1; n <= 5; n++)
		assert_int_equal(verdicts(lognormal_run, 0.001, n, false, VERDICT_CANNOT_TELL), 2000);
}

static void direction_and_margin(void **state)
{
	double a[8], b[8], c[8];
	struct comparison r;

	(void) state;
	for (int i = 0; i < 8; i++) {
		a[i] = 100 + i;
		b[i] = a[i] * (0.5 + 0.001 * i);
		c[i] = a[i] * (1 + 0.002 * (i - 4));
	}
	compare_paired(&r, a, b, 8, 1, true);
	assert_int_equal(r.verdict, VERDICT_BETTER);
	assert_true(fabs(r.ratio.est - 0.5035) < 0.001);
	compare_paired(&r, a, b, 8, 1, false);
	assert_int_equal(r.verdict, VERDICT_WORSE);
	compare_paired(&r, a, b, 8, 3, true);           /* noise of a factor of 3 hides a halving, it does not disprove it */
	assert_int_equal(r.verdict, VERDICT_CANNOT_TELL);
	compare_paired(&r, a, c, 8, 1, true);
	assert_int_equal(r.verdict, VERDICT_NO_DIFFERENCE);
	compare_paired(&r, a, a, 8, 1, true);
	assert_int_equal(r.verdict, VERDICT_NO_DIFFERENCE);
	assert_true(r.p == 1);
}

static void holes_are_left_out_with_their_partner(void **state)
{
	double a[] = { 1, 2, NAN, 4, 5, 6, 7, 8, 0, 10 }, b[] = { 2, 4, 6, INFINITY, 10, 12, 14, 16, 18, 20 };
	struct comparison r;

	(void) state;
	compare_paired(&r, a, b, 10, 1, true);
	assert_int_equal(r.n, 7);
	assert_true(fabs(r.ratio.est - 2) < 1e-12);
	compare_paired(&r, a, b, 0, 1, true);
	assert_int_equal(r.n, 0);
	assert_int_equal(r.verdict, VERDICT_CANNOT_TELL);
	assert_true(isnan(r.ratio.est));
}

/* The estimate is the median of the six pair averages; three pairs give no interval. */
static void hodges_lehmann_by_hand(void **state)
{
	double a[] = { 1, 1, 1 }, b[] = { 1, 1.25, 3 }, walsh[6], d[3];
	struct comparison r;
	size_t k = 0;

	(void) state;
	for (int i = 0; i < 3; i++)
		d[i] = log(b[i] / a[i]);
	for (int i = 0; i < 3; i++)
		for (int j = i; j < 3; j++)
			walsh[k++] = (d[i] + d[j]) / 2;
	sort_doubles(walsh, 6);
	compare_paired(&r, a, b, 3, 1, true);
	assert_true(fabs(r.ratio.est - exp((walsh[2] + walsh[3]) / 2)) < 1e-12);
	assert_true(isinf(r.ratio.lo) && isinf(r.ratio.hi));
}

static void two_studies_compare_unpaired(void **state)
{
	unsigned covered = 0, wrong = 0;

	(void) state;
	lcg = 99;
	for (unsigned s = 0; s < 2000; s++) {
		double a[BLOCKS], b[BLOCKS];
		struct comparison r;

		for (int i = 0; i < BLOCKS; i++) {
			a[i] = lognormal_run(100, 0);
			b[i] = lognormal_run(80, 0);
		}
		compare_unpaired(&r, a, BLOCKS, b, BLOCKS, 1, true);
		covered += r.ratio.lo <= 0.8 && 0.8 <= r.ratio.hi;
		for (int i = 0; i < BLOCKS; i++)
			b[i] = lognormal_run(100, 0);
		compare_unpaired(&r, a, BLOCKS, b, BLOCKS, 1, true);
		wrong += r.verdict == VERDICT_BETTER || r.verdict == VERDICT_WORSE;
	}
	assert_in_range(covered, 1860, 1960);
	assert_in_range(wrong, 1, 120);
}

static void median_intervals(void **state)
{
	double x[] = { 5, 1, 4, 2, 3, 6, NAN, 9, 8, 7 };
	struct interval i = median_interval(x, 10);

	(void) state;
	assert_true(i.est == 5);
	assert_true(i.lo == 2 && i.hi == 8);    /* 9 values: ranks 2 and 8 hold the median with 96.1 % */
	i = median_interval(x, 3);
	assert_true(i.est == 4 && isinf(i.lo) && isinf(i.hi));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(intervals_cover_what_they_promise),
		cmocka_unit_test(intervals_cover_where_arms_differ_in_shape),
		cmocka_unit_test(no_difference_is_rarely_called_one),
		cmocka_unit_test(a_real_change_is_found),
		cmocka_unit_test(few_blocks_never_conclude),
		cmocka_unit_test(direction_and_margin),
		cmocka_unit_test(holes_are_left_out_with_their_partner),
		cmocka_unit_test(hodges_lehmann_by_hand),
		cmocka_unit_test(two_studies_compare_unpaired),
		cmocka_unit_test(median_intervals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
