/* SPDX-License-Identifier: Apache-2.0 */
/* measure_text - one cell (docs/results.md) for a person at a terminal. */
#ifndef CMD_MEASURE_TEXT_H
#define CMD_MEASURE_TEXT_H

#include <jansson.h>

#include "base/sink.h"
#include "cmd/term.h"

void measure_text(struct sink *out, const json_t *cell, const struct term *t);

#endif
