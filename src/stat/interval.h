/* SPDX-License-Identifier: Apache-2.0 */
/* interval - an estimate and the bounds it is known within. */
#ifndef STAT_INTERVAL_H
#define STAT_INTERVAL_H

#include <math.h>
#include <stdbool.h>

struct interval {
	double est, lo, hi; /* lo = -INFINITY, hi = INFINITY where the data is too scarce to give that bound; est NAN = no data */
};

#define INTERVAL_NONE ((struct interval){ .est = NAN, .lo = -INFINITY, .hi = INFINITY })

/* Both bounds are known. */
static inline bool interval_bounded(struct interval i)
{
	return isfinite(i.lo) && isfinite(i.hi);
}

#endif
