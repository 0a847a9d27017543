/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chase - loads that depend on each other, in an order that no prefetcher knows.
 *
 * Every line of the set holds the address of another one; following them from
 * any line visits each exactly once and comes back.  The next address is known
 * only when the load is over, so a hop costs what a load costs: the cache or
 * the memory that had the line, and the page walk where the TLB had not the page.
 *
 * The order is a formula, a bijection of the line numbers 0 .. 2^bits-1
 * (odd multipliers and shifts), not a shuffle: it needs no second array, and
 * the stores that lay it out do not wait for each other.
 */
#ifndef WORKLOAD_CHASE_H
#define WORKLOAD_CHASE_H

#include <stddef.h>
#include <stdint.h>

#define CHASE_LINE 64

/* Where the k-th hop goes, of n = 2^bits lines; bits 1..40. */
uint64_t chase_order(uint64_t k, unsigned bits);

/* Lay out lines from..to-1 of the order in memory of 2^bits lines; the whole needs 0..2^bits. */
void chase_lay(void *memory, unsigned bits, uint64_t from, uint64_t to);

/* So many hops, a multiple of 16; returns where they end. */
void *chase_hops(void *at, unsigned hops);

#endif
