/* SPDX-License-Identifier: Apache-2.0 */
/*
 * binomial - how many of n samples fall below a quantile: the law behind every
 * distribution-free interval of a median or quantile (David & Nagaraja, Order
 * Statistics, 7.1).
 */
#ifndef STAT_BINOMIAL_H
#define STAT_BINOMIAL_H

#include <stdbool.h>
#include <stdint.h>

double binomial_cdf(uint64_t k, uint64_t n, double p);  /* P(B <= k), B ~ Binomial(n, p), 0 <= p <= 1 */

/* Ranks, 1-based: the q-quantile lies within [x_(lo), x_(hi)] with at least the wanted probability. */
struct ranks {
	uint64_t lo;    /* 0 = too few samples for a lower bound */
	uint64_t hi;    /* n + 1 = too few samples for an upper bound */
	double level;   /* coverage really reached; less than asked only when a bound is missing */
};

struct ranks quantile_ranks(uint64_t n, double q, double level);

#endif
