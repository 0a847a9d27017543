/* SPDX-License-Identifier: Apache-2.0 */
/* series - a handful of numbers (the slices of one run) and what describes them; NAN when there are none. */
#ifndef STUDY_SERIES_H
#define STUDY_SERIES_H

#include <stddef.h>

#include "base/vec.h"

struct series {
	double *at;
	size_t n, cap;
};

void series_add(struct series *s, double x);
void series_free(struct series *s);
double series_mean(const struct series *s);
double series_stddev(const struct series *s); /* sample (n-1); 0 for a single one */
double series_median(const struct series *s); /* mean of the two middle ones when even */
double series_min(const struct series *s);
double series_max(const struct series *s);

#endif
