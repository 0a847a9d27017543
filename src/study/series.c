/* SPDX-License-Identifier: Apache-2.0 */
#include "study/series.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "stat/rank.h"

void series_add(struct series *s, double x)
{
	*vec_add(s) = x;
}

void series_free(struct series *s)
{
	vec_free(s);
}

double series_mean(const struct series *s)
{
	double sum = 0;

	for (size_t i = 0; i < s->n; i++)
		sum += s->at[i];
	return s->n ? sum / (double) s->n : NAN;
}

double series_stddev(const struct series *s)
{
	double mean = series_mean(s), sum = 0;

	if (s->n == 0)
		return NAN;
	for (size_t i = 0; i < s->n; i++)
		sum += (s->at[i] - mean) * (s->at[i] - mean);
	return s->n > 1 ? sqrt(sum / (double) (s->n - 1)) : 0;
}

double series_median(const struct series *s)
{
	AUTO_FREE double *sorted = NULL;

	if (s->n == 0)
		return NAN;
	sorted = xalloc(s->n, sizeof(*sorted));
	memcpy(sorted, s->at, s->n * sizeof(*sorted));
	sort_doubles(sorted, s->n);
	return median_sorted(sorted, s->n);
}

double series_min(const struct series *s)
{
	double min = NAN;

	for (size_t i = 0; i < s->n; i++)
		min = fmin(min, s->at[i]);
	return min;
}

double series_max(const struct series *s)
{
	double max = NAN;

	for (size_t i = 0; i < s->n; i++)
		max = fmax(max, s->at[i]);
	return max;
}
