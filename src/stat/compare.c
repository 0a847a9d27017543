/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All work is done on logarithms: a change is a factor, "halved" and "doubled"
 * are equally far from "same", and a few wild runs do not carry the estimate.
 *
 * Paired: d_i = ln(b_i / a_i); the estimate is the median of all averages
 * (d_i + d_j)/2, i <= j; the interval cuts as many of these from both ends as
 * the signed-rank distribution allows.  Unpaired: the same with all differences
 * ln b_j - ln a_i and the Mann-Whitney distribution.
 */
#include "stat/compare.h"

#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "stat/binomial.h"
#include "stat/rank.h"

#define LEVEL 0.95

static bool usable(double x)
{
	return isfinite(x) && x > 0;
}

/* sorted[n]: candidate shifts in rising order; cut of them lie outside on either side, 0 = no interval. */
static struct interval interval_of(const double *sorted, size_t n, size_t cut)
{
	struct interval i = INTERVAL_NONE;

	i.est = exp(median_sorted(sorted, n));
	if (cut > 0) {
		i.lo = exp(sorted[cut - 1]);
		i.hi = exp(sorted[n - cut]);
	}
	return i;
}

/*
 * Wholly beyond the floor: better or worse.  Wholly within the margin: no
 * difference that matters.  The floor does not widen the margin: where two
 * identical arms differ threefold, a halving goes unseen, and "no difference"
 * would be taken for "it did nothing".  All else cannot be told.
 */
static enum verdict judge(struct interval ratio, double floor, bool lower_is_better)
{
	if (!interval_bounded(ratio))
		return VERDICT_CANNOT_TELL;
	if (ratio.hi < 1 / floor)
		return lower_is_better ? VERDICT_BETTER : VERDICT_WORSE;
	if (ratio.lo > floor)
		return lower_is_better ? VERDICT_WORSE : VERDICT_BETTER;
	if (ratio.lo >= 1 / COMPARE_MARGIN && ratio.hi <= COMPARE_MARGIN)
		return VERDICT_NO_DIFFERENCE;
	return VERDICT_CANNOT_TELL;
}

/* Two-sided p of "the centre is 0"; zeros are dropped and ties share their rank (Hollander & Wolfe 3.1, comments 4, 5). */
static double signed_rank_p(const double *d, size_t n)
{
	double t = 0;
	size_t used = 0;

	for (size_t i = 0; i < n; i++)
		used += d[i] != 0;
	for (size_t i = 0; i < n; i++)
		for (size_t j = i; j < n; j++)
			if (d[i] != 0 && d[j] != 0)
				t += d[i] + d[j] > 0 ? 1 : d[i] + d[j] == 0 ? 0.5 : 0;
	if (used == 0)
		return 1;
	t = fmin(t, (double) (used * (used + 1)) / 2 - t);
	return fmin(1, 2 * signed_rank_cdf(floor(t), used));
}

static double *pair_averages(const double *d, size_t n, size_t *ret_n)
{
	double *w = xalloc(n * (n + 1) / 2 + 1, sizeof(*w));
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t j = i; j < n; j++)
			w[k++] = (d[i] + d[j]) / 2;
	sort_doubles(w, k);
	*ret_n = k;
	return w;
}

static void settle(struct comparison *c, const double *shifts, size_t n, size_t cut, double floor, bool lower_is_better)
{
	c->floor = floor > 1 && isfinite(floor) ? floor : 1;
	c->ratio = interval_of(shifts, n, cut);
	c->verdict = judge(c->ratio, c->floor, lower_is_better);
}

void compare_paired(struct comparison *ret, const double *a, const double *b, size_t n, double floor, bool lower_is_better)
{
	AUTO_FREE double *d = xalloc(n + 1, sizeof(*d)), *shifts = NULL;
	size_t n_shifts, cut;

	*ret = (struct comparison){ .ratio = INTERVAL_NONE, .floor = 1, .p = NAN };
	for (size_t i = 0; i < n; i++)
		if (usable(a[i]) && usable(b[i]))
			d[ret->n++] = log(b[i] / a[i]);
	if (ret->n == 0)
		return;
	shifts = pair_averages(d, ret->n, &n_shifts);
	cut = signed_rank_cut(ret->n, LEVEL, &ret->level);
	ret->p = signed_rank_p(d, ret->n);
	settle(ret, shifts, n_shifts, cut, floor, lower_is_better);
}

static size_t take_logs(double *to, const double *x, size_t n)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		if (usable(x[i]))
			to[k++] = log(x[i]);
	return k;
}

void compare_unpaired(struct comparison *ret, const double *a, size_t na, const double *b, size_t nb, double floor,
		      bool lower_is_better)
{
	AUTO_FREE double *la = xalloc(na + 1, sizeof(*la)), *lb = xalloc(nb + 1, sizeof(*lb)), *shifts = NULL;
	size_t m = take_logs(la, a, na), n = take_logs(lb, b, nb), cut;
	double u = 0;

	*ret = (struct comparison){ .ratio = INTERVAL_NONE, .floor = 1, .p = NAN };
	if (m == 0 || n == 0)
		return;
	ret->n = m < n ? m : n;
	shifts = xalloc(m * n, sizeof(*shifts));
	for (size_t i = 0; i < m; i++)
		for (size_t j = 0; j < n; j++) {
			shifts[i * n + j] = lb[j] - la[i];
			u += lb[j] > la[i] ? 1 : lb[j] == la[i] ? 0.5 : 0;
		}
	sort_doubles(shifts, m * n);
	cut = rank_sum_cut(m, n, LEVEL, &ret->level);
	u = fmin(u, (double) (m * n) - u);
	ret->p = fmin(1, 2 * rank_sum_cdf(u, m, n));
	settle(ret, shifts, m * n, cut, floor, lower_is_better);
}

double compare_floor(const double *a1, const double *a2, size_t n)
{
	struct comparison c;

	compare_paired(&c, a1, a2, n, 1, true);
	if (!interval_bounded(c.ratio))
		return NAN;
	return fmax(1, fmax(c.ratio.hi, 1 / c.ratio.lo));
}

struct interval median_interval(const double *x, size_t n)
{
	AUTO_FREE double *sorted = xalloc(n + 1, sizeof(*sorted));
	struct interval i = INTERVAL_NONE;
	size_t k = 0;

	for (size_t j = 0; j < n; j++)
		if (isfinite(x[j]))
			sorted[k++] = x[j];
	sort_doubles(sorted, k);
	i.est = median_sorted(sorted, k);
	if (k > 0) {
		struct ranks r = quantile_ranks(k, 0.5, LEVEL);

		if (r.lo >= 1)
			i.lo = sorted[r.lo - 1];
		if (r.hi <= k)
			i.hi = sorted[r.hi - 1];
	}
	return i;
}

const char *verdict_name(enum verdict v)
{
	static const char *const names[] = {
		[VERDICT_CANNOT_TELL] = "cannot tell",
		[VERDICT_NO_DIFFERENCE] = "no difference",
		[VERDICT_BETTER] = "better",
		[VERDICT_WORSE] = "worse",
	};

	return names[v];
}
