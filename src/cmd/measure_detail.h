/* SPDX-License-Identifier: Apache-2.0 */
/* measure_detail - the tables of a record that only one workload has: sizes and pages of `memory`, prices of `vmexit`. */
#ifndef CMD_MEASURE_DETAIL_H
#define CMD_MEASURE_DETAIL_H

#include <jansson.h>

#include "base/sink.h"
#include "cmd/term.h"

/* Nothing where the cell has none; ends with an empty line otherwise. */
void measure_detail(struct sink *out, const json_t *cell, const struct term *t);

#endif
