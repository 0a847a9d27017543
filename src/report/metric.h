/* SPDX-License-Identifier: Apache-2.0 */
/* metric - the statistics of one run that a report shows or compares, and the words for what was measured. */
#ifndef REPORT_METRIC_H
#define REPORT_METRIC_H

#include <stdbool.h>

#include "report/format.h"

enum metric {
	METRIC_P50_NS,
	METRIC_STDDEV_NS,
	METRIC_P99_NS,
	METRIC_P999_NS,
	METRIC_MAX_NS,
	METRIC_MEDIAN_BPS,
	METRIC_STDDEV_BPS,
	METRIC_N
};

struct metric_row {
	const char *id;    /* as in docs/results.md and report.json */
	const char *name;  /* "99th percentile" */
	const char *brief; /* "p99", "std dev": where width is dear */
	enum unit unit;
	bool lower_is_better;
	bool spread;   /* a spread, not a location */
	bool compared; /* has a change and a verdict; else only shown */
	bool stream;   /* of a throughput workload */
};

const struct metric_row *metric_row(enum metric m);

/* Names for people; a name that is not known stands for itself. */
const char *sut_title(const char *sut);            /* "Containers" */
const char *workload_title(const char *workload);  /* "TCP request/response" */
const char *workload_times(const char *workload);  /* "TCP request/response times" */
const char *interference_title(const char *level); /* "busy host" */
bool workload_is_stream(const char *workload);

#endif
