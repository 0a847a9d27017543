/* SPDX-License-Identifier: Apache-2.0 */
/*
 * workload - what is measured: one row a workload, one file an implementation.
 *
 * Other rooms use the rows for names and questions ("has it a rate?"); only
 * the agent calls client and server.  New workload: one file, one line in
 * table.c.
 */
#ifndef WORKLOAD_WORKLOAD_H
#define WORKLOAD_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct run;
struct out;

enum measure {
	MEASURE_TIME,                   /* a histogram of nanoseconds per transaction */
	MEASURE_THROUGHPUT,             /* bits per second in slices */
};

struct workload {
	const char *name, *brief;
	enum measure measure;
	bool peer;                      /* needs a server somewhere; otherwise it runs alone */
	bool rate;                      /* takes `rate`: an open loop on an absolute schedule */
	bool sizes;                     /* takes request_bytes and response_bytes */
	bool direction;                 /* takes `direction`: up, down, both */
	bool interval;                  /* takes interval_us */
	bool timeout;                   /* takes timeout_ms */
	bool memory;                    /* takes pages, set_kb, ladder */
	bool native_only;               /* means something on a host only, not in a container or a guest */
	unsigned extra_s;               /* may take so much longer than warm-up and duration */
	unsigned min_bytes, max_bytes;  /* of a request or a response, where `sizes` */

	/* Run one side to its end.  What was measured before an error stays in the run. */
	int (*client)(struct run *run, struct err *err);        /* also the only side of a workload without peer */
	int (*server)(struct run *run, struct err *err);        /* until stopped; NULL without peer */
	/* The workload's own part of the record, ,"name":{...}; NULL = none.  detail: what the client left in run->detail. */
	void (*put)(struct out *o, const void *detail);
};

const struct workload *workload_find(const char *name);         /* NULL when there is none */
int workload_find_or_explain(const char *name, const struct workload **ret, struct err *err); /* -EINVAL: lists them, guesses */
const char *const *workload_names(size_t *ret_n);               /* sorted as in help: the order of the table */
const struct workload *workload_at(size_t i);                   /* i < n of workload_names() */
const char *measure_unit(enum measure m);                       /* "ns", "bit/s" */

#endif
