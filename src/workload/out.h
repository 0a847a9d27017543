/* SPDX-License-Identifier: Apache-2.0 */
/*
 * out - JSON text written through a small buffer, so that a record of
 * megabytes costs the agent a few kilobytes.  A first pass that only counts
 * tells the length that a frame must announce.
 */
#ifndef WORKLOAD_OUT_H
#define WORKLOAD_OUT_H

#include <stddef.h>

#include "stat/histogram.h"

struct out {
	int fd;                         /* -1 = count only */
	size_t total;                   /* bytes so far */
	size_t held;
	int error;                      /* the first negative errno; the rest is dropped */
	char buf[4096];
};

void out_putn(struct out *o, const void *data, size_t n);
void out_printf(struct out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void out_quoted(struct out *o, const char *text);              /* as a JSON string; what is not ASCII becomes '?' */
void out_u128(struct out *o, u128 value);                      /* decimal digits in quotes */
void out_histogram(struct out *o, const struct histogram *h);  /* as histogram_to_json() */
int out_flush(struct out *o);                                  /* o->error */

#endif
