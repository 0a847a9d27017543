/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One arm's percentile curve.  The run is the replicate, so the line is the
 * median over runs of each run's own quantile, and the band reaches from the
 * lowest to the highest run; pooling all samples would let one bad run draw
 * the tail.  A run with n samples says nothing beyond its own 1 - 1/n: there it
 * stays at its maximum (were it dropped, the median over the others could fall,
 * which percentiles never do), and the curve ends where more than half of the
 * runs have ended.
 */
#include <math.h>
#include <stdlib.h>

#include "base/vec.h"
#include "report/figures.h"

static const double step = 0.05;
enum { MOST_POINTS = 180 }; /* nine nines: 10^9 samples a run */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *) a, y = *(const double *) b;

	return x < y ? -1 : x > y;
}

/* Every run's quantile at this many nines, rising; how many there are, and how many are more than their run's maximum. */
static size_t values_at(const struct arm *arm, double nines, double *ret, size_t *ret_reach)
{
	size_t n = 0;

	*ret_reach = 0;
	for (size_t i = 0; i < arm->n_runs; i++) {
		const struct run *r = &arm->runs[i];
		double v = r->state == RUN_OK && r->times ? histogram_quantile(r->times, 1 - pow(10, -nines)) : NAN;

		if (!(isfinite(v) && v > 0))
			continue;
		ret[n++] = v;
		*ret_reach += nines <= log10((double) r->times->count) + 1e-9;
	}
	qsort(ret, n, sizeof(*ret), by_value);
	return n;
}

struct curve curve_make(const struct arm *arm)
{
	struct curve c = { .nines = xalloc(MOST_POINTS, sizeof(double)),
			   .mid = xalloc(MOST_POINTS, sizeof(double)),
			   .lo = xalloc(MOST_POINTS, sizeof(double)),
			   .hi = xalloc(MOST_POINTS, sizeof(double)) };
	double *values = xalloc(arm->n_runs + 1, sizeof(*values));

	for (int i = 1; i <= MOST_POINTS; i++) {
		size_t reach, n = values_at(arm, i * step, values, &reach);

		if (n == 0 || 2 * reach < n)
			break;
		c.nines[c.n] = i * step;
		c.mid[c.n] = n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
		c.lo[c.n] = values[0];
		c.hi[c.n++] = values[n - 1];
	}
	free(values);
	return c;
}

void curve_free(struct curve *c)
{
	free(c->nines);
	free(c->mid);
	free(c->lo);
	free(c->hi);
}
