/* SPDX-License-Identifier: Apache-2.0 */
/* figures - the pictures of a report: numbers of an analysis into the plots of plot.h. */
#ifndef REPORT_FIGURES_H
#define REPORT_FIGURES_H

#include "report/doc.h"
#include "report/model.h"

void figures_changes(struct doc *d, const struct report *r); /* one panel for each SUT, interference and tuning level */
void figures_curves(struct doc *d, const struct report *r);  /* a row for each workload with times */
void figures_strips(struct doc *d, const struct report *r);  /* a row for each workload */

/* The points of one arm's percentile curve; exposed for tests. Free with curve_free(). */
struct curve {
	double *nines, *mid, *lo, *hi;
	size_t n;
};
struct curve curve_make(const struct arm *arm);
void curve_free(struct curve *c);

#endif
