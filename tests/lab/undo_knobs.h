/* SPDX-License-Identifier: Apache-2.0 */
/* undo_knobs - what every knob changes is changed back, on a kernel that may be tried with anything. */
#ifndef TESTS_LAB_UNDO_KNOBS_H
#define TESTS_LAB_UNDO_KNOBS_H

#include <stdbool.h>

#include "base/err.h"

void undo_knobs(void);
void undo_knob(const char *id);

/* Ends the program with what was needed, unless it is so.  err may be NULL. */
void need(bool ok, const char *what, const struct err *err);

#endif
