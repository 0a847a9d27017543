/* SPDX-License-Identifier: Apache-2.0 */
/*
 * analyse - from the runs of a study to groups, arms and changes; pure.
 *
 * A group is what stays the same (SUT, datapath, guest kernel, pages,
 * interference, workload); its arms are the tuning levels, the baseline first,
 * and perhaps a second baseline arm: the A/A pair.  A change compares two arms
 * in one statistic, block by block: one with the baseline of its group, or,
 * where the study varies datapath, guest kernel or pages, with the arm of the
 * same tuning in the group that has the first level of that factor and all
 * else alike.  Whatever was measured is kept: failed, missing and disturbed
 * runs are counted, never dropped silently.
 */
#ifndef REPORT_ANALYSE_H
#define REPORT_ANALYSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "report/metric.h"
#include "stat/compare.h"
#include "stat/histogram.h"

/* With 5 pairs not even the most extreme signed-rank outcome reaches 5 % (2/32 = 0.0625); with 6 it does (2/64). */
enum { ENOUGH_BLOCKS = 6, MOST_BLOCKS = 1000 };

enum run_state { RUN_OK, RUN_FAILED, RUN_MISSING };

/* One run as the analysis sees it; texts are borrowed. */
struct run {
	unsigned id, block;
	const char *sut, *datapath, *guest_kernel, *pages, *interference, *workload, *tuning; /* "" = has none */
	bool again; /* belongs to the second arm of an A/A pair */
	enum run_state state;
	bool disturbed;
	const char *why;                /* the failure or the disturbance; "" = none */
	double value[METRIC_N];         /* NAN: this workload has none */
	const struct histogram *times;  /* NULL = none */
	const struct record_cell *cell; /* whence it came; not read here */
};

enum factor {
	FACTOR_SUT,
	FACTOR_INTERFERENCE,
	FACTOR_WORKLOAD,
	FACTOR_DATAPATH,
	FACTOR_GUEST_KERNEL,
	FACTOR_PAGES,
	FACTOR_TUNING,
	FACTORS
};

/* What the study meant to vary, in its own order; names that only runs mention come after. */
struct factors {
	const char *const *at[FACTORS]; /* by enum factor */
	size_t n[FACTORS];
};

struct arm {
	const char *tuning;
	unsigned look; /* index of the tuning level; 0 = the baseline's */
	bool again;
	const struct run *runs; /* by block; within analysis.runs */
	size_t n_runs, n_ok, n_failed, n_missing, n_disturbed;
	struct interval median[METRIC_N]; /* over runs; est NAN = none */
	double worst;                     /* largest of all runs: METRIC_MAX_NS */
};

struct group;

struct change {
	enum metric metric;
	struct comparison cmp;          /* n = 0: nothing to compare */
	const struct group *floor_from; /* the A/A pair behind cmp.floor; NULL = none was measured */
	double before, after;           /* medians over the runs compared */
	bool few;                       /* fewer than ENOUGH_BLOCKS: no verdict */
};

struct contrast {
	enum factor by; /* in what the two differ: FACTOR_TUNING, _DATAPATH, _GUEST_KERNEL or _PAGES */
	const char *from, *to; /* its levels */
	const struct arm *base, *tuned;
	struct change change[METRIC_N]; /* by metric; cmp.n = 0 where the metric does not apply or is only shown */
};

struct group {
	const char *sut, *datapath, *guest_kernel, *pages, *interference, *workload;
	bool stream;      /* throughput, not times */
	struct arm *arms; /* owned; tuning levels in order, then A/A arms */
	size_t n_arms;
	const struct arm *base;     /* NULL when no run of the baseline level was planned */
	const struct arm *again;    /* NULL when this group has no A/A pair */
	double floor[METRIC_N];     /* from its own A/A pair; NAN = none */
	struct contrast *contrasts; /* owned; every other tuning level against base, then its other factors */
	size_t n_contrasts;
};

struct analysis {
	struct run *runs; /* owned copy, sorted */
	size_t n_runs, n_ok, n_failed, n_missing, n_disturbed;
	struct group *groups; /* owned; by SUT, interference, workload */
	size_t n_groups;
	size_t blocks;        /* of the study */
	bool few;             /* the study itself was too short for verdicts */
	const char *baseline; /* first tuning level; "" when there is none */
};

/* runs need not be sorted. -E2BIG above MOST_BLOCKS runs in one arm. */
int analyse(struct analysis **ret, const struct run *runs, size_t n_runs, const struct factors *factors, size_t blocks,
	    struct err *err);
void analysis_free(struct analysis *a);   /* accepts NULL */
void analyse_changes(struct analysis *a); /* the second half of analyse(): floors, contrasts */

#endif
