/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cell - one run of one combination as JSON, docs/results.md, section
 * cells/NNNN.json: what the agents recorded, reduced to the numbers of
 * DESIGN, with the platform it was measured on and the plan in force.
 */
#ifndef STUDY_CELL_H
#define STUDY_CELL_H

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"
#include "study/launch.h"

struct cell_label {
	unsigned id, block, group;
	const struct sut_system *system;
	const char *tuning, *interference, *workload;
	const char *arm; /* "main", "aa" */
	double duration_s;
	uint64_t started_wall_ns; /* CLOCK_REALTIME */
};

/*
 * Both make a whole cell (new reference).  A record that lacks what its
 * workload measures is an error of the agent: -EPROTO.
 */
int cell_make(const struct cell_label *label, const struct launch_result *got, const struct tuning_host *host, json_t **ret,
	      struct err *err);
json_t *cell_failed(const struct cell_label *label, const struct err *why);

#endif
