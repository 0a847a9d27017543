/* SPDX-License-Identifier: Apache-2.0 */
#include "workload/chase.h"

/* Any odd numbers without a pattern: bits of the golden ratio, of the square roots of 3 and of 5. */
#define M1 0x9e3779b97f4a7c15ull
#define M2 0xbb67ae8584caa73bull
#define M3 0x3c6ef372fe94f82bull

uint64_t chase_order(uint64_t k, unsigned bits)
{
	uint64_t mask = (1ull << bits) - 1;
	unsigned shift = (bits + 1) / 2;

	k = k * M1 & mask;
	k ^= k >> shift;
	k = k * M2 & mask;
	k ^= k >> shift;
	return k * M3 & mask;
}

void chase_lay(void *memory, unsigned bits, uint64_t from, uint64_t to)
{
	uint64_t last = (1ull << bits) - 1, line = chase_order(from, bits);
	unsigned char *base = memory;

	for (uint64_t k = from; k < to; k++) {
		uint64_t next = chase_order(k == last ? 0 : k + 1, bits);

		*(void **) (void *) (base + line * CHASE_LINE) = base + next * CHASE_LINE;
		line = next;
	}
}

#define HOP    at = *(void **) at;
#define HOPS_4 HOP HOP HOP HOP

void *chase_hops(void *at, unsigned hops)
{
	for (; hops; hops -= 16) {
		HOPS_4 HOPS_4 HOPS_4 HOPS_4
	}
	return at;
}
