/* SPDX-License-Identifier: Apache-2.0 */
/* histogram_json - a histogram as docs/agent-protocol.md writes it. */
#ifndef STAT_HISTOGRAM_JSON_H
#define STAT_HISTOGRAM_JSON_H

#include <jansson.h>

#include "base/err.h"
#include "stat/histogram.h"

/* A new object; NULL when memory is out.  min_ns and max_ns are null while the histogram is empty. */
json_t *histogram_to_json(const struct histogram *h);

/*
 * Strict: every member present and of its type, buckets in rising order, counts
 * that add up, and minimum, maximum, sum and sum of squares that such buckets
 * can have.  -EINVAL with a sentence otherwise, *ret undefined then.
 */
int histogram_from_json(const json_t *json, struct histogram *ret, struct err *err);

#endif
