/* SPDX-License-Identifier: Apache-2.0 */
/*
 * published - the figures of the experiment that vlat repeats.
 *
 * Welch, "Performance optimization of linux networking for latency-sensitive
 * virtual systems", Arizona State University, 2015: stock against tuned, over
 * a bridge.  Only what its abstract states is here; native was not published.
 */
#ifndef REPORT_PUBLISHED_H
#define REPORT_PUBLISHED_H

#include "report/metric.h"

#define PUBLISHED_URL  "https://keep.lib.asu.edu/items/154096"
#define PUBLISHED_NAME "Welch, Arizona State University, 2015"

/* The change as a ratio tuned/stock; NAN when that figure was not published. */
double published_ratio(const char *sut, const char *workload, enum metric m);

#endif
