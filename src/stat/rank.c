/* SPDX-License-Identifier: Apache-2.0 */
#include "stat/rank.h"

#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/vec.h"

double normal_cdf(double z)
{
	return 0.5 * erfc(-z / M_SQRT2);
}

/* Of the 2^n sign patterns, those with rank sum s are as many as subsets of 1..n with that sum. */
static double signed_rank_exact(size_t t, size_t n)
{
	size_t top = n * (n + 1) / 2;
	AUTO_FREE double *ways = xalloc(top + 1, sizeof(*ways));
	double below = 0;

	ways[0] = 1;
	for (size_t r = 1; r <= n; r++)
		for (size_t s = r * (r + 1) / 2; s >= r; s--)
			ways[s] += ways[s - r];
	for (size_t s = 0; s <= t && s <= top; s++)
		below += ways[s];
	return below / ldexp(1, (int) n);
}

double signed_rank_cdf(double t, size_t n)
{
	double dn = (double) n, mean = dn * (dn + 1) / 4, sd = sqrt(dn * (dn + 1) * (2 * dn + 1) / 24);

	if (t < 0)
		return 0;
	if (n == 0 || t >= dn * (dn + 1) / 2)
		return 1;
	if (n <= SIGNED_RANK_EXACT)
		return signed_rank_exact((size_t) t, n);
	return normal_cdf((floor(t) + 0.5 - mean) / sd);
}

/*
 * Ways to have U = u with m and n: m of the m+n ranks are chosen; going up the
 * ranks, each chosen one adds how many of the others lie below it.
 */
static double rank_sum_exact(size_t u, size_t m, size_t n)
{
	size_t top = m * n, width = top + 1;
	AUTO_FREE double *ways = xalloc((m + 1) * width, sizeof(*ways));
	double below = 0, all = 0;

	ways[0] = 1;
	for (size_t rank = 1; rank <= m + n; rank++)
		for (size_t k = rank < m ? rank : m; k >= 1; k--) {
			size_t others = rank - k;       /* unchosen among the ranks below, when this is the k-th chosen */

			if (others > n)
				continue;
			for (size_t s = others; s <= top; s++)
				ways[k * width + s] += ways[(k - 1) * width + s - others];
		}
	for (size_t s = 0; s <= top; s++) {
		all += ways[m * width + s];
		below += s <= u ? ways[m * width + s] : 0;
	}
	return below / all;
}

double rank_sum_cdf(double u, size_t m, size_t n)
{
	double dm = (double) m, dn = (double) n, mean = dm * dn / 2, sd = sqrt(dm * dn * (dm + dn + 1) / 12);

	if (u < 0)
		return 0;
	if (m == 0 || n == 0 || u >= dm * dn)
		return 1;
	if (m <= RANK_SUM_EXACT && n <= RANK_SUM_EXACT)
		return rank_sum_exact((size_t) u, m, n);
	return normal_cdf((floor(u) + 0.5 - mean) / sd);
}

size_t signed_rank_cut(size_t n, double level, double *ret_level)
{
	size_t lo = 0, hi = n * (n + 1) / 4 + 1;        /* largest c in [lo, hi) with cdf(c - 1) <= tail */

	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (signed_rank_cdf((double) mid - 1, n) <= (1 - level) / 2)
			lo = mid;
		else
			hi = mid;
	}
	*ret_level = lo ? 1 - 2 * signed_rank_cdf((double) lo - 1, n) : 0;
	return lo;
}

size_t rank_sum_cut(size_t m, size_t n, double level, double *ret_level)
{
	size_t lo = 0, hi = m * n / 2 + 1;

	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (rank_sum_cdf((double) mid - 1, m, n) <= (1 - level) / 2)
			lo = mid;
		else
			hi = mid;
	}
	*ret_level = lo ? 1 - 2 * rank_sum_cdf((double) lo - 1, m, n) : 0;
	return lo;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *) a, y = *(const double *) b;

	return (x > y) - (x < y);
}

void sort_doubles(double *x, size_t n)
{
	qsort(x, n, sizeof(*x), by_value);
}

double median_sorted(const double *x, size_t n)
{
	if (n == 0)
		return NAN;
	return n % 2 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}
