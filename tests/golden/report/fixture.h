/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fixture - results folders of studies that never ran, for tests of the report.
 *
 * Written after docs/results.md with nothing of vlat but its histogram, so that
 * they also check the reader.  Every number follows from the seed by additions,
 * multiplications and square roots, which are exact to the bit on any machine.
 */
#ifndef GOLDEN_REPORT_FIXTURE_H
#define GOLDEN_REPORT_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>

/* The quantile function of a run's samples, straight between the points: q rising from 0 to 1. */
struct shape {
	double q[6], ns[6];
};

/* One tuning level of a fixture's study. */
struct fixture_level {
	const char *name;
	bool has_plan;
	const char *apply; /* a rival's command; NULL */
};

struct fixture {
	const char *name, *title;
	unsigned blocks;
	bool quick;
	const char *suts[4], *interferences[3], *workloads[4];
	struct fixture_level levels[4];
	const char *aa_sut;                     /* SUT of the tcp-rr A/A pair; NULL = none */
	const char *unavailable;                /* a SUT that is only named so; NULL */
	unsigned made;                          /* cells written, the rest of the order is missing; 0 = all */
	unsigned failed_every, disturbed_every; /* every n-th cell; 0 = none */
	bool hostile;                           /* texts that try to break out of HTML, SVG and terminals */
};

extern const struct fixture fixtures[];
extern const size_t n_fixtures;

const struct fixture *fixture_find(const char *name);
/* Make the folder; 0 or a negative errno. */
int fixture_write(const struct fixture *f, const char *dir);

/* How a run at this place comes out: the truth that a report must find. Index of the level in f->levels. */
struct shape fixture_times(const char *sut, const char *workload, const char *interference, const char *level);
/* Throughput: mean in bit/s and relative half-width of its uniform spread. */
void fixture_stream(const char *sut, const char *level, double *ret_mean, double *ret_width);

#endif
