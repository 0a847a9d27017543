/* SPDX-License-Identifier: Apache-2.0 */
/*
 * versus - two studies side by side: the same combination measured in both,
 * say before and after a kernel update; pure.
 *
 * Runs of two studies share no block, so they are compared unpaired, and
 * whatever else changed between the two counts as change too.
 *
 * Whoever asks "did anything get worse?" asks many questions at once.  So better
 * and worse must stand up to the number of rows: of all p-values those count
 * that the procedure of Benjamini and Hochberg (1995) keeps at a false discovery
 * rate of 5 %; the other rows say "cannot tell".  Where nothing differs, the
 * chance that any row of the table claims so is then 5 %, not 5 % a row.
 */
#ifndef REPORT_VERSUS_H
#define REPORT_VERSUS_H

#include "base/vec.h"
#include "report/change.h"

struct versus_row {
	const struct group *group;      /* of a */
	const struct arm *a, *b;
	enum metric metric;
	struct comparison cmp;          /* b against a; n = the smaller number of runs, 0 = nothing to compare */
	double before, after;           /* medians over the runs */
};

/* A combination that only one of the two has results of. */
struct versus_lone {
	const struct group *group;
	const struct arm *arm;
	bool in_b;
};

struct versus {
	VEC(struct versus_row) rows;    /* by group and tuning as in a, then by statistic */
	VEC(struct versus_lone) lone;
	size_t by_chance;               /* rows that would be better or worse, were they alone */
};

#define VERSUS_FALSE_DISCOVERIES 0.05

/* Both analyses must outlive the result.  Arms of A/A pairs only lend their noise floor. */
void versus_make(struct versus *ret, const struct analysis *a, const struct analysis *b);
void versus_free(struct versus *v);

#endif
