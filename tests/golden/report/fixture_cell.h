/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GOLDEN_REPORT_FIXTURE_CELL_H
#define GOLDEN_REPORT_FIXTURE_CELL_H

#include <jansson.h>
#include <stdint.h>

#include "fixture.h"

/* splitmix64 (Steele, Lea, Flood 2014): a stream for every cell. */
struct random {
	uint64_t at;
};

double fixture_uniform(struct random *r); /* [0, 1) */

struct place {
	const char *sut, *interference, *workload, *level, *arm;
	unsigned id, block;
};

json_t *fixture_place_json(const struct place *p);
json_t *fixture_cell(const struct fixture *f, const struct place *p);
json_t *fixture_plan(const struct fixture *f);

#endif
