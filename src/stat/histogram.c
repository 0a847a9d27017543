/* SPDX-License-Identifier: Apache-2.0 */
#include "stat/histogram.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "stat/binomial.h"

void histogram_clear(struct histogram *h)
{
	/* Writing zeroes is what makes the kernel hand out the pages now and not during a measurement. */
	memset(h, 0, sizeof(*h));
	h->min = UINT64_MAX;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		into->bucket[i] += from->bucket[i];
	into->count += from->count;
	into->above += from->above;
	into->sum += from->sum;
	into->sumsq += from->sumsq;
	if (from->min < into->min)
		into->min = from->min;
	if (from->max > into->max)
		into->max = from->max;
}

/* How many low bits of a value its bucket does not keep. */
static unsigned bucket_shift(unsigned index)
{
	return index < (2u << HISTOGRAM_SUB_BITS) ? 0 : (index >> HISTOGRAM_SUB_BITS) - 1;
}

uint64_t histogram_low(unsigned index)
{
	unsigned shift = bucket_shift(index);

	return (uint64_t) (index - (shift << HISTOGRAM_SUB_BITS)) << shift;
}

uint64_t histogram_high(unsigned index)
{
	return histogram_low(index) + (1ull << bucket_shift(index)) - 1;
}

uint64_t histogram_mid(unsigned index)
{
	return histogram_low(index) + ((1ull << bucket_shift(index)) >> 1);
}

/* The bucket that holds the sample of this 1-based rank. */
static unsigned bucket_of_rank(const struct histogram *h, uint64_t rank)
{
	uint64_t seen = 0;

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += h->bucket[i];
		if (seen >= rank)
			return i;
	}
	return HISTOGRAM_BUCKETS - 1;
}

static double clamp(const struct histogram *h, uint64_t value)
{
	return (double) (value < h->min ? h->min : value > h->max ? h->max : value);
}

/* Samples beyond the range are only known to lie between its end and the maximum: of such, say the maximum. */
static bool rank_is_above(const struct histogram *h, uint64_t rank)
{
	return rank > h->count - h->above;
}

double histogram_quantile(const struct histogram *h, double q)
{
	uint64_t rank;

	if (!h->count || !(q >= 0 && q <= 1))
		return NAN;
	/* Nearest rank; the factor keeps 0.07 * 100 = 7.000000000000001 from becoming rank 8. */
	rank = (uint64_t) ceil(q * (double) h->count * (1 - 4 * DBL_EPSILON));
	if (rank <= 1)
		return (double) h->min;
	if (rank >= h->count || rank_is_above(h, rank))
		return (double) h->max;
	return clamp(h, histogram_mid(bucket_of_rank(h, rank)));
}

struct interval histogram_quantile_interval(const struct histogram *h, double q, double level)
{
	struct interval ret = INTERVAL_NONE;
	struct ranks r;

	if (!h->count || !(q > 0 && q < 1))
		return ret;
	ret.est = histogram_quantile(h, q);
	r = quantile_ranks(h->count, q, level);
	if (r.lo >= 1)
		ret.lo = clamp(h, histogram_low(bucket_of_rank(h, r.lo)));
	if (r.hi <= h->count)
		ret.hi = rank_is_above(h, r.hi) ? (double) h->max : clamp(h, histogram_high(bucket_of_rank(h, r.hi)));
	return ret;
}

double histogram_mean(const struct histogram *h)
{
	return h->count ? (double) h->sum / (double) h->count : NAN;
}

/*
 * Around the whole-number part m of the mean, sum (x-m)^2 = sumsq - 2 m sum + n m^2
 * is exact in integers (any wrap-around on the way cancels), and differs from
 * the sum around the mean itself by less than n.  No digit is lost, however
 * long the run: the textbook formula in doubles yields NANs there.
 */
double histogram_stddev(const struct histogram *h)
{
	u128 n = h->count, m, squares;
	double rest;

	if (h->count < 2)
		return 0;
	m = h->sum / n;
	squares = h->sumsq - 2 * m * h->sum + n * m * m;
	rest = (double) (h->sum - n * m);
	return sqrt(fmax(0, (double) squares - rest * rest / (double) n) / (double) (n - 1));
}
