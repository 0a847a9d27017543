/* SPDX-License-Identifier: Apache-2.0 */
/* result - the final record of a run, as docs/agent-protocol.md describes it. */
#ifndef WORKLOAD_RESULT_H
#define WORKLOAD_RESULT_H

#include <stdbool.h>

#include "base/err.h"
#include "workload/run.h"

struct result {
	const struct run *run;
	const struct err *failed;       /* NULL = the run went well; else the record is an `error` that holds what there is */
	const char *clocksource;
	double drift_ppm;
};

/* As one frame, or as a line of text.  Negative errno when fd does not take it. */
int result_send(int fd, const struct result *res);
int result_print(int fd, const struct result *res);

#endif
