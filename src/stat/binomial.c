/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory.  P(B <= k) for B ~ Binomial(n, p) equals the regularised incomplete
 * beta function I_{1-p}(n - k, k + 1) (DLMF 8.17.5).  It is evaluated by its
 * continued fraction (DLMF 8.17.22) with Lentz' method, on whichever side of
 * the mean the fraction converges fast.
 *
 * The factor before the fraction, x^a (1-x)^b / (a B(a,b)), is a product of
 * astronomically large and small numbers.  A sum of lgamma() values loses
 * digits with n (1e9 samples: six of them), so it is computed as a binomial
 * probability in saddle-point form: the logarithm of Stirling's error and of
 * the deviance are small numbers each (C. Loader, "Fast and accurate
 * computation of binomial probabilities", 2000).
 */
#include "stat/binomial.h"

#include <float.h>
#include <math.h>

/* ln n! - ln(sqrt(2 pi n) (n/e)^n): Stirling's series, DLMF 5.11.1. */
static double stirling_error(double n)
{
	double r = 1 / (n * n);

	if (n < 16)
		return lgamma(n + 1) - (n + 0.5) * log(n) + n - 0.5 * log(2 * M_PI);
	return (1.0 / 12 - r * (1.0 / 360 - r * (1.0 / 1260 - r / 1680))) / n;
}

/* x ln(x/m) + m - x without cancellation near x = m. */
static double deviance(double x, double m)
{
	double d = x - m, v = d / (x + m), term, sum;

	if (fabs(v) >= 0.1)
		return x * log(x / m) + m - x;
	sum = d * v;
	term = 2 * x * v;
	for (int j = 3; j < 200; j += 2) {
		double next;

		term *= v * v;
		next = sum + term / j;
		if (next == sum)
			break;
		sum = next;
	}
	return sum;
}

/* P(B = x) for real 0 <= x <= n. */
static double binomial_density(double x, double n, double p)
{
	double e;

	if (x <= 0)
		return exp(n * log1p(-p));
	if (x >= n)
		return exp(n * log(p));
	e = stirling_error(n) - stirling_error(x) - stirling_error(n - x) - deviance(x, n * p) - deviance(n - x, n * (1 - p));
	return exp(e) * sqrt(n / (2 * M_PI * x * (n - x)));
}

static double nonzero(double v)
{
	return fabs(v) < DBL_MIN ? DBL_MIN : v;
}

/* The continued fraction of I_x(a, b), good for x < (a+1)/(a+b+2); about sqrt(max(a,b)) turns. */
static double beta_fraction(double x, double a, double b)
{
	double c = 1, d = 1 / nonzero(1 - (a + b) * x / (a + 1)), f = d;

	for (double m = 1; m < 1e7; m++) {
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		double before = f;

		d = 1 / nonzero(1 + even * d);
		c = nonzero(1 + even / c);
		f *= c * d;
		d = 1 / nonzero(1 + odd * d);
		c = nonzero(1 + odd / c);
		f *= c * d;
		if (fabs(f - before) <= DBL_EPSILON * fabs(f))
			break;
	}
	return f;
}

double binomial_cdf(uint64_t k, uint64_t n, double p)
{
	double a, b, x = 1 - p;

	if (k >= n || p <= 0)
		return 1;
	if (p >= 1)
		return 0;
	a = (double) (n - k);
	b = (double) k + 1;
	/* With a = n - k and b = k + 1 the factor x^a (1-x)^b / (a B(a,b)) is P(B = k) p; from the other end, P(B = k+1) x. */
	if (x < (a + 1) / (a + b + 2))
		return fmin(1, p * binomial_density((double) k, (double) n, p) * beta_fraction(x, a, b));
	return fmax(0, 1 - x * binomial_density((double) k + 1, (double) n, p) * beta_fraction(p, b, a));
}

/* The smallest k with P(B <= k) >= prob. */
static uint64_t binomial_quantile(double prob, uint64_t n, double q)
{
	uint64_t lo = 0, hi = n;

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (binomial_cdf(mid, n, q) >= prob)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

struct ranks quantile_ranks(uint64_t n, double q, double level)
{
	double tail = (1 - level) / 2;
	struct ranks r;

	/* P(x_(lo) <= Q < x_(hi)) = P(lo <= B <= hi - 1): cut at most `tail` on either side. */
	r.lo = binomial_quantile(tail, n, q);           /* P(B <= lo - 1) < tail */
	r.hi = binomial_quantile(1 - tail, n, q) + 1;   /* P(B <= hi - 1) >= 1 - tail */
	r.level = binomial_cdf(r.hi - 1, n, q) - (r.lo ? binomial_cdf(r.lo - 1, n, q) : 0);
	return r;
}
