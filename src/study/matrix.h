/* SPDX-License-Identifier: Apache-2.0 */
/*
 * matrix - factors x levels x blocks, as the list of cells in the order in
 * which they run; pure, and the same for the same seed.
 *
 * Randomised complete blocks: a block holds every combination once.  Starting
 * a system (a SUT with its datapath, guest kernel and pages) and applying a
 * tuning cost more than a measurement, so cells that share system, tuning and
 * interference form a launch group: groups are shuffled within their block,
 * workloads within their group.  The second arm of an A/A pair is a launch
 * group of its own, placed like any other, so that it differs from the first
 * in nothing but time.
 */
#ifndef STUDY_MATRIX_H
#define STUDY_MATRIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A cell names its levels by index into the lists of the study. */
struct matrix_cell {
	unsigned id;                    /* 1.. in order of running */
	unsigned block, group;          /* 1.. */
	unsigned system, tuning, interference, workload;
	bool aa;                        /* belongs to the second arm of the A/A pair */
};

struct matrix_spec {
	unsigned systems, tunings, interferences, workloads, blocks; /* numbers of levels, each >= 1 */
	const bool *aa;                 /* [workloads]: measured by the A/A arm too; NULL = none. It uses tuning 0 */
	const bool *aa_systems;         /* [systems]: have an A/A arm; NULL = all */
	uint64_t seed;
};

struct matrix {
	struct matrix_cell *at;
	size_t n, groups;
};

enum { MATRIX_MOST = 100000 };

/* Cells that a study of this shape has; 0 when it has none or more than MATRIX_MOST. */
size_t matrix_size(const struct matrix_spec *spec);
void matrix_make(struct matrix *ret, const struct matrix_spec *spec);   /* matrix_size() must not be 0 */
void matrix_free(struct matrix *m);

/* xoshiro256** (Blackman and Vigna 2018), seeded by splitmix64: the order must be the same on every machine. */
struct order_rng {
	uint64_t s[4];
};
void order_rng_seed(struct order_rng *g, uint64_t seed);
uint64_t order_rng_below(struct order_rng *g, uint64_t n);              /* 0 .. n-1, without bias */

#endif
