/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rank - the null distributions of two rank statistics, and order statistics.
 *
 * Exact by counting (dynamic programming) up to the sizes below, normal with
 * continuity correction above: there the error is beneath 2e-3.
 * Hollander, Wolfe & Chicken, Nonparametric Statistical Methods, 3rd ed., 3.1, 4.1.
 */
#ifndef STAT_RANK_H
#define STAT_RANK_H

#include <stddef.h>

enum { SIGNED_RANK_EXACT = 60, RANK_SUM_EXACT = 30 };

double signed_rank_cdf(double t, size_t n);             /* P(T+ <= t), n pairs, no ties */
double rank_sum_cdf(double u, size_t m, size_t n);      /* P(U <= u), Mann-Whitney */
double normal_cdf(double z);

/*
 * How many of the smallest pair averages (or differences) lie below an interval
 * of at least this level: the largest c with P(statistic < c) <= (1-level)/2.
 * 0 = there are too few data for such an interval.  *ret_level is what is reached.
 */
size_t signed_rank_cut(size_t n, double level, double *ret_level);
size_t rank_sum_cut(size_t m, size_t n, double level, double *ret_level);

void sort_doubles(double *x, size_t n);
double median_sorted(const double *x, size_t n);        /* NAN when n = 0 */

#endif
