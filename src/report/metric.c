/* SPDX-License-Identifier: Apache-2.0 */
#include "report/metric.h"

#include <stddef.h>

#include "base/cleanup.h"
#include "base/text.h"

static const struct metric_row rows[METRIC_N] = {
	[METRIC_P50_NS] = { .id = "p50_ns",
			    .name = "median",
			    .brief = "median",
			    .unit = UNIT_NS,
			    .lower_is_better = true,
			    .compared = true },
	[METRIC_STDDEV_NS] = { .id = "stddev_ns",
			       .name = "standard deviation",
			       .brief = "std dev",
			       .unit = UNIT_NS,
			       .lower_is_better = true,
			       .spread = true,
			       .compared = true },
	[METRIC_P99_NS] = { .id = "p99_ns",
			    .name = "99th percentile",
			    .brief = "p99",
			    .unit = UNIT_NS,
			    .lower_is_better = true,
			    .compared = true },
	[METRIC_P999_NS] = { .id = "p999_ns",
			     .name = "99.9th percentile",
			     .brief = "p99.9",
			     .unit = UNIT_NS,
			     .lower_is_better = true,
			     .compared = true },
	[METRIC_MAX_NS] = { .id = "max_ns", .name = "maximum", .brief = "max", .unit = UNIT_NS, .lower_is_better = true },
	[METRIC_MEDIAN_BPS] = { .id = "throughput_p50_bps",
				.name = "median",
				.brief = "median",
				.unit = UNIT_BPS,
				.compared = true,
				.stream = true },
	[METRIC_STDDEV_BPS] = { .id = "throughput_stddev_bps",
				.name = "standard deviation",
				.brief = "std dev",
				.unit = UNIT_BPS,
				.lower_is_better = true,
				.spread = true,
				.compared = true,
				.stream = true },
};

const struct metric_row *metric_row(enum metric m)
{
	return &rows[m];
}

struct title {
	const char *name, *title, *times;
};

static const struct title suts[] = {
	{ .name = "native", .title = "Native processes" },
	{ .name = "container", .title = "Containers" },
	{ .name = "vm", .title = "Virtual machines" },
};

static const struct title workloads[] = {
	{ .name = "tcp-rr", .title = "TCP request/response", .times = "TCP request/response times" },
	{ .name = "tcp-crr", .title = "TCP connect/request/response", .times = "TCP connect/request/response times" },
	{ .name = "udp-rr", .title = "UDP request/response", .times = "UDP request/response times" },
	{ .name = "tcp-stream", .title = "TCP throughput", .times = "TCP throughput" },
	{ .name = "wakeup", .title = "Timer wake-up", .times = "timer wake-up delays" },
	{ .name = "memory", .title = "Memory load", .times = "load latencies" },
	{ .name = "vmexit", .title = "VM exit", .times = "VM exit times" },
};

static const struct title interferences[] = {
	{ .name = "busy", .title = "busy host" },
	{ .name = "idle", .title = "idle host" },
};

static const struct title *find(const struct title *at, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (text_eq(at[i].name, name))
			return &at[i];
	return NULL;
}

const char *sut_title(const char *sut)
{
	const struct title *t = find(suts, ARRAY_SIZE(suts), sut);

	return t ? t->title : sut;
}

const char *workload_title(const char *workload)
{
	const struct title *t = find(workloads, ARRAY_SIZE(workloads), workload);

	return t ? t->title : workload;
}

const char *workload_times(const char *workload)
{
	const struct title *t = find(workloads, ARRAY_SIZE(workloads), workload);

	return t ? t->times : workload;
}

const char *interference_title(const char *level)
{
	const struct title *t = find(interferences, ARRAY_SIZE(interferences), level);

	return t ? t->title : level;
}

bool workload_is_stream(const char *workload)
{
	return text_eq(workload, "tcp-stream");
}
