/* SPDX-License-Identifier: Apache-2.0 */
#include "report/published.h"

#include <math.h>

#include "base/cleanup.h"
#include "base/text.h"

static const struct {
	const char *sut, *workload;
	enum metric metric;
	double percent;
} figures[] = {
	{ "vm", "tcp-stream", METRIC_MEDIAN_BPS, 10.8 },       { "vm", "tcp-stream", METRIC_STDDEV_BPS, -87.6 },
	{ "container", "tcp-stream", METRIC_MEDIAN_BPS, 8.8 }, { "container", "tcp-stream", METRIC_STDDEV_BPS, -4.4 },
	{ "vm", "tcp-rr", METRIC_STDDEV_NS, -86.8 },           { "container", "tcp-rr", METRIC_STDDEV_NS, -97.9 },
};

double published_ratio(const char *sut, const char *workload, enum metric m)
{
	for (size_t i = 0; i < ARRAY_SIZE(figures); i++)
		if (figures[i].metric == m && text_eq(figures[i].sut, sut) && text_eq(figures[i].workload, workload))
			return 1 + figures[i].percent / 100;
	return NAN;
}
