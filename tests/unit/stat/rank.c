/* SPDX-License-Identifier: Apache-2.0 */
/* The rank distributions against counting by hand, and against libRmath (R) where it is installed. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "stat/binomial.h"
#include "stat/rank.h"

#ifdef HAVE_RMATH
#define MATHLIB_STANDALONE
#include <Rmath.h>
#endif

static void near(double got, double want, double tolerance)
{
	if (!(fabs(got - want) <= tolerance))
		fail_msg("got %.12g, wanted %.12g", got, want);
}

/* All 2^n sign patterns, counted one by one. */
static double signed_rank_by_hand(unsigned t, unsigned n)
{
	unsigned hits = 0;

	for (unsigned signs = 0; signs < 1u << n; signs++) {
		unsigned sum = 0;

		for (unsigned r = 1; r <= n; r++)
			sum += signs & (1u << (r - 1)) ? r : 0;
		hits += sum <= t;
	}
	return (double) hits / (double) (1u << n);
}

/* All ways to choose m of m+n ranks. */
static double rank_sum_by_hand(unsigned u, unsigned m, unsigned n)
{
	unsigned hits = 0, all = 0;

	for (unsigned chosen = 0; chosen < 1u << (m + n); chosen++) {
		unsigned below = 0, others = 0;

		if (__builtin_popcount(chosen) != (int) m)
			continue;
		for (unsigned r = 0; r < m + n; r++) {
			if (chosen & (1u << r))
				below += others;
			else
				others++;
		}
		all++;
		hits += below <= u;
	}
	return (double) hits / all;
}

static void small_sizes_are_exact(void **state)
{
	(void) state;
	for (unsigned n = 1; n <= 10; n++)
		for (unsigned t = 0; t <= n * (n + 1) / 2; t++)
			near(signed_rank_cdf(t, n), signed_rank_by_hand(t, n), 1e-12);
	for (unsigned m = 1; m <= 6; m++)
		for (unsigned n = 1; n <= 6; n++)
			for (unsigned u = 0; u <= m * n; u++)
				near(rank_sum_cdf(u, m, n), rank_sum_by_hand(u, m, n), 1e-12);
}

static void large_sizes_join_smoothly(void **state)
{
	(void) state;
	for (double q = 0.2; q < 0.5; q += 0.05) {
		double n = SIGNED_RANK_EXACT, t = floor(q * n * (n + 1) / 2);
		double mean = n * (n + 1) / 4, sd = sqrt(n * (n + 1) * (2 * n + 1) / 24);

		near(signed_rank_cdf(t, SIGNED_RANK_EXACT), normal_cdf((t + 0.5 - mean) / sd), 2e-3);
	}
	near(signed_rank_cdf(1e9, 100), 1, 0);
	near(signed_rank_cdf(-1, 100), 0, 0);
}

static void cuts_reach_their_level(void **state)
{
	double level;

	(void) state;
	assert_int_equal(signed_rank_cut(5, 0.95, &level), 0);  /* the most extreme of 32 patterns has 1/32 on a side */
	assert_int_equal(signed_rank_cut(6, 0.95, &level), 1);
	near(level, 1 - 2.0 / 64, 1e-12);
	assert_int_equal(signed_rank_cut(10, 0.95, &level), 9); /* tables: T <= 8 at 2.5 % */
	assert_true(level >= 0.95 && level < 0.96);
	assert_int_equal(rank_sum_cut(3, 3, 0.95, &level), 0);
	assert_int_equal(rank_sum_cut(4, 4, 0.95, &level), 1);
	assert_int_equal(rank_sum_cut(10, 10, 0.95, &level), 24); /* tables: U <= 23 at 2.5 % */
}

static void r_agrees(void **state)
{
	(void) state;
#ifdef HAVE_RMATH
	for (int n = 1; n <= 40; n += 3)
		for (int t = 0; t <= n * (n + 1) / 2; t += 1 + n / 4)
			near(signed_rank_cdf(t, (size_t) n), psignrank(t, n, 1, 0), 1e-10);
	for (int m = 2; m <= 20; m += 6)
		for (int n = 1; n <= 20; n += 5)
			for (int u = 0; u <= m * n; u += 1 + m / 4)
				near(rank_sum_cdf(u, (size_t) m, (size_t) n), pwilcox(u, m, n, 1, 0), 1e-10);
	for (int n = 1; n <= 3000; n = n * 3 + 1)
		for (double p = 0.01; p < 1; p += 0.07)
			for (int k = 0; k < n; k += 1 + n / 9)
				near(binomial_cdf((uint64_t) k, (uint64_t) n, p), pbinom(k, n, p, 1, 0), 1e-9);
	for (double z = -6; z <= 6; z += 0.25)
		near(normal_cdf(z), pnorm5(z, 0, 1, 1, 0), 1e-12);
#else
	print_message("skipped: libRmath (Debian r-mathlib, Fedora libRmath-devel) was not there when this was built\n");
	skip();
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_sizes_are_exact),
		cmocka_unit_test(large_sizes_join_smoothly),
		cmocka_unit_test(cuts_reach_their_level),
		cmocka_unit_test(r_agrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
