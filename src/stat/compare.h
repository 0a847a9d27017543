/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compare - two arms, one number per run, the run is the replicate.
 *
 * Paired by block.  The change is a ratio b/a, estimated on log ratios by
 * Hodges-Lehmann with the interval that inverts the Wilcoxon signed-rank test
 * (Hollander & Wolfe 3.2; Lehmann 1963).  What it estimates is the median
 * average of two blocks' changes (the pseudomedian): the median change itself
 * where changes scatter evenly to both sides.  Spread is compared the same way,
 * by one standard deviation per run; a bootstrap was tried and covers far too
 * little with ten heavy-tailed blocks (docs/method.md has the figures).
 *
 * The A/A floor is the noise of two identical arms; a verdict "better" or
 * "worse" needs the whole interval outside it.
 */
#ifndef STAT_COMPARE_H
#define STAT_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

#include "stat/interval.h"

/* Changes within 5 % are of no account: an interval wholly inside this ratio is "no difference". */
#define COMPARE_MARGIN 1.05

enum verdict { VERDICT_CANNOT_TELL, VERDICT_NO_DIFFERENCE, VERDICT_BETTER, VERDICT_WORSE };

struct comparison {
	size_t n;                       /* blocks used (both arms present, finite and > 0) */
	struct interval ratio;          /* b/a: 0.5 = halved */
	double level;                   /* coverage really reached, >= 0.95 where n allows */
	double floor;                   /* the A/A floor used, as a ratio >= 1; 1 = none known */
	double p;                       /* two-sided Wilcoxon p-value of "no change"; NAN when n = 0 */
	enum verdict verdict;
};

/* a[i], b[i] belong to block i; entries that are not finite or <= 0 are left out with their partner. */
void compare_paired(struct comparison *ret, const double *a, const double *b, size_t n, double floor, bool lower_is_better);

/*
 * The A/A floor of a statistic: the bound that the interval of the change between
 * two identical arms stays within, as a ratio >= 1.  NAN when there are too few
 * blocks for an interval (fewer than 6 at 95 %).
 */
double compare_floor(const double *a1, const double *a2, size_t n);

/* Two studies, not paired: Hodges-Lehmann shift of log values with the interval that inverts Mann-Whitney. */
void compare_unpaired(struct comparison *ret, const double *a, size_t na, const double *b, size_t nb, double floor,
		      bool lower_is_better);

/* Median of x[n] and its distribution-free interval (order statistics). */
struct interval median_interval(const double *x, size_t n);

const char *verdict_name(enum verdict v);       /* "better", "worse", "no difference", "cannot tell" */

#endif
