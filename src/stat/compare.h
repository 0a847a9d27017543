/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compare - two arms, one number per run, the run is the replicate.
 *
 * Paired by block.  The change is a ratio b/a, estimated on log ratios by
 * Hodges-Lehmann with the interval that inverts the Wilcoxon signed-rank test
 * (Hollander & Wolfe 3.2; Lehmann 1963).  The A/A floor is the noise of two
 * identical arms; no verdict is given inside it.
 */
#ifndef STAT_COMPARE_H
#define STAT_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

#include "stat/interval.h"

enum verdict { VERDICT_CANNOT_TELL, VERDICT_NO_DIFFERENCE, VERDICT_BETTER, VERDICT_WORSE };

struct comparison {
	size_t n;                       /* blocks used (both arms present, finite and > 0) */
	struct interval ratio;          /* b/a: 0.5 = halved */
	double level;                   /* coverage really reached, >= 0.95 where n allows */
	double floor;                   /* the A/A floor used, as a ratio >= 1; 1 = none known */
	enum verdict verdict;
};

/* a[i], b[i] belong to block i; entries that are not finite or <= 0 are left out with their partner. */
void compare_paired(struct comparison *ret, const double *a, const double *b, size_t n, double floor, bool lower_is_better);

/* The A/A floor of a statistic from two identical arms: a ratio >= 1 that 95 % of A/A changes stay within. */
double compare_floor(const double *a1, const double *a2, size_t n);

/* Ratio of spreads b/a by bootstrap over blocks (BCa or better, fixed seed). */
void compare_bootstrap(struct comparison *ret, const double *a, const double *b, size_t n, double floor, bool lower_is_better,
		       unsigned long seed);

/* Median of x[n] and its distribution-free interval (order statistics). */
struct interval median_interval(const double *x, size_t n);

const char *verdict_name(enum verdict v);       /* "better", "worse", "no difference", "cannot tell" */

#endif
