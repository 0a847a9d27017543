/* SPDX-License-Identifier: Apache-2.0 */
/*
 * histogram - log-linear histogram of nanosecond values.
 *
 * Values 0..127 have a bucket each; above, every power of two is cut into 64
 * equal buckets, so a bucket's middle is within 1/128 = 0.78 % of any value in
 * it.  Range 0 ns .. 2^37-1 ns (137 s); larger values are counted in the last bucket and
 * in `above`.  Counts are 64-bit; sum and sum of squares are exact integers,
 * so mean and standard deviation do not suffer from bucketing.
 */
#ifndef STAT_HISTOGRAM_H
#define STAT_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "stat/interval.h"

#define HISTOGRAM_SUB_BITS 6
#define HISTOGRAM_MAX_BITS 37
#define HISTOGRAM_BUCKETS  ((HISTOGRAM_MAX_BITS - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS)

typedef unsigned __int128 u128;

struct histogram {
	uint64_t bucket[HISTOGRAM_BUCKETS];
	uint64_t count, min, max, above;        /* min = UINT64_MAX while empty */
	u128 sum, sumsq;
};

/* Which bucket a value falls in; inline, because workloads call it per sample. */
static inline unsigned histogram_index(uint64_t ns)
{
	unsigned top;

	if (ns < (2u << HISTOGRAM_SUB_BITS))
		return (unsigned) ns;
	if (ns >> HISTOGRAM_MAX_BITS)
		return HISTOGRAM_BUCKETS - 1;
	top = 63u - (unsigned) __builtin_clzll(ns);     /* >= SUB_BITS + 1 */
	return ((top - HISTOGRAM_SUB_BITS) << HISTOGRAM_SUB_BITS) + (unsigned) (ns >> (top - HISTOGRAM_SUB_BITS));
}

static inline void histogram_add(struct histogram *h, uint64_t ns)
{
	h->bucket[histogram_index(ns)]++;
	h->count++;
	h->sum += ns;
	h->sumsq += (u128) ns * ns;
	if (ns < h->min)
		h->min = ns;
	if (ns > h->max)
		h->max = ns;
	if (ns >> HISTOGRAM_MAX_BITS)
		h->above++;
}

void histogram_clear(struct histogram *h);                              /* also pre-faults: writes every page */
void histogram_merge(struct histogram *into, const struct histogram *from);
uint64_t histogram_low(unsigned index);                                 /* smallest value of a bucket */
uint64_t histogram_high(unsigned index);                                /* largest */
uint64_t histogram_mid(unsigned index);

/* Nearest rank, 0 <= q <= 1: middle of the bucket, clamped to min..max; ranks 1 and n are those two.  NAN when empty. */
double histogram_quantile(const struct histogram *h, double q);

/*
 * The quantile with its distribution-free interval by order statistics, widened
 * to the bucket edges.  Too few samples for a bound: that bound is infinite
 * (p99.9 at 95 % needs 3688 for the upper).  Holds for independent samples; runs
 * are not: the spread between runs is the honest one (docs/method.md).
 */
struct interval histogram_quantile_interval(const struct histogram *h, double q, double level);
double histogram_mean(const struct histogram *h);                       /* NAN when empty */
double histogram_stddev(const struct histogram *h);                     /* sample (n-1); 0 when count < 2 */

#endif
