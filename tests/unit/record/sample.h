/* SPDX-License-Identifier: Apache-2.0 */
/* sample - cells as docs/results.md has them, for tests of the reader. Include after cmocka.h. */
#ifndef UNIT_RECORD_SAMPLE_H
#define UNIT_RECORD_SAMPLE_H

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "stat/histogram.h"
#include "stat/histogram_json.h"

/* 1, 2, ... 1000 us: every statistic is known. */
static inline json_t *sample_histogram(void)
{
	struct histogram *h = xalloc(1, sizeof(*h));
	json_t *json;

	histogram_clear(h);
	for (uint64_t us = 1; us <= 1000; us++)
		histogram_add(h, us * 1000);
	json = histogram_to_json(h);
	free(h);
	assert_non_null(json);
	return json;
}

static inline json_t *sample_label(unsigned id)
{
	return json_pack("{s:i, s:i, s:i, s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:f}", "format", 1, "id", (int) id, "block", 2, "group",
			 3, "sut", "container", "datapath", "bridge", "tuning", "vlat", "interference", "busy", "workload", "tcp-rr", "arm",
			 "main", "started", "2026-11-22T16:41:02Z", "duration_s", 2.0);
}

/* A cell that was measured; new reference. */
static inline json_t *sample_cell(unsigned id)
{
	json_t *cell = sample_label(id);
	json_t *rest = json_pack("{s:{s:i, s:i, s:f, s:f}, s:f, s:f, s:i, s:{s:{s:o}}, s:n, s:{s:s, s:b, s:s}, s:[{s:s}], s:n}", "response",
				 "count", 1000, "min_ns", 1000, "p50_ns", 500e3, "stddev_ns", 288819.4, "transactions_per_s", 500.0,
				 "throughput_bps", 0.0, "lost", 0, "client", "response", "histogram", sample_histogram(), "server", "platform",
				 "accelerator", "none", "disturbed", 1, "disturbed_why", "steal 5.5 %", "plan", "knob", "irq.affinity", "error");

	assert_non_null(rest);
	json_object_update(cell, rest);
	json_decref(rest);
	return cell;
}

static inline json_t *sample_failed(unsigned id)
{
	json_t *cell = sample_label(id);

	json_object_set_new(cell, "error", json_pack("{s:i, s:s}", "code", -110, "text", "the agent said nothing for 10 s"));
	return cell;
}

static inline json_t *sample_study(void)
{
	return json_pack("{s:i, s:s, s:i, s:s}", "format", 1, "study", "welch", "seed", 7, "title", "t\xc3\xaft \"quoted\"\n");
}

#endif
