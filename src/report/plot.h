/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plot - the three pictures of a report, each one panel 360 units wide: side by
 * side on a desk, one below the other at full size on a phone.  Pure: plain
 * numbers in, SVG text out.  Nothing is told by colour alone: arms differ in
 * dash and shape, verdicts in shape, disturbed runs are hollow.
 */
#ifndef REPORT_PLOT_H
#define REPORT_PLOT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/sink.h"
#include "report/format.h"
#include "stat/compare.h"

#define PLOT_WIDTH 360
#define PLOT_ARMS  6 /* distinct looks; arm i looks like arm i % PLOT_ARMS */

struct plot_text {
	const char *id;           /* letters, digits, '-' */
	const char *title, *desc; /* for screen readers */
};

/*
 * Percentile curve.  x is -log10(1 - q): 50 % at 0.3, 90 % at 1, 99 % at 2, so
 * the tail has as much room as the body; y is log time.
 */
struct plot_curve {
	const char *name;
	unsigned arm;                        /* look; 0 = the baseline */
	const double *nines, *mid, *lo, *hi; /* [n], nines rising; lo..hi = the range over runs */
	size_t n;
};

struct plot_curves {
	struct plot_text text;
	const struct plot_curve *at;
	size_t n;
	double ns_lo, ns_hi, nines_hi; /* domain: shared by the panels of one row */
};

void plot_curves(struct sink *out, const struct plot_curves *p);

/* Changes as ratios with intervals, one row each, above a band of the A/A noise. */
struct plot_change {
	const char *heading;       /* begins a group of rows; NULL = goes on */
	const char *label, *value; /* value: the change in words, with its verdict, at the right */
	struct interval ratio;     /* est not finite: nothing to draw, only the words */
	double floor;              /* A/A noise as a ratio >= 1 */
	double published;          /* ratio of 2015; NAN = none */
	enum verdict verdict;
};

struct plot_changes {
	struct plot_text text;
	const struct plot_change *at;
	size_t n;
	double lo, hi; /* domain, ratios */
};

void plot_changes(struct sink *out, const struct plot_changes *p);

/* Every run a dot, one row an arm. */
struct plot_dot {
	double value;   /* not finite or <= 0: a failed run, a cross at the left edge */
	unsigned block; /* 1.. */
	bool disturbed;
	const char *note; /* tooltip */
};

struct plot_row {
	const char *name;
	unsigned arm;
	double median; /* NAN = none */
	const struct plot_dot *at;
	size_t n;
};

struct plot_strip {
	struct plot_text text;
	const struct plot_row *at;
	size_t n;
	unsigned blocks;
	double lo, hi; /* domain */
	enum unit unit;
};

void plot_strip(struct sink *out, const struct plot_strip *p);

/* Shared by the plots: the classes of an arm's look ("a0".."a5") and its mark. */
const char *plot_arm_class(unsigned arm);
/* A log axis along the bottom (x) with grid lines up to `top`. */
struct scale;
void plot_log_axis(struct sink *out, const struct scale *x, double top, double bottom, enum unit unit);

#endif
