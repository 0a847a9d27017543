/* SPDX-License-Identifier: Apache-2.0 */
/* metrics - what `vlat guard` has seen, in Prometheus' text format; docs/keep.md explains each name. */
#ifndef KEEP_METRICS_H
#define KEEP_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/sink.h"
#include "keep/watch.h"

struct metrics {
	char version[24];
	bool in_force;
	char run[16], why[128];     /* of the tuning in force */
	uint64_t settings, drifted; /* of it */
	bool persisted;             /* a tuning is stored for the next boots */
	bool verified;              /* there was a `vlat verify` since it is in force */
	bool verified_fine;
	double verified_at_s; /* seconds since 1970 */
	double guard_cpu_s;   /* what the guard itself has used */
	uint64_t looks;       /* since the guard began */
	const struct watch *watch;
};

/* Pure: the same metrics, the same text. */
void metrics_text(const struct metrics *m, struct sink *out);

#endif
