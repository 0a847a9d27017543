/* SPDX-License-Identifier: Apache-2.0 */
/*
 * machine - runs share a machine, measurements have it to themselves.
 *
 * A run holds the machine's lock (study/machine_lock.h) shared: runs go side by
 * side, a measurement beside one is refused by a sentence, and so is a run
 * beside a measurement.  The holder of their tuning shares it too (is_run
 * false): beside him alone a measurement waits, since he is putting the host back.
 */
#ifndef RUN_MACHINE_H
#define RUN_MACHINE_H

#include <stdbool.h>

#include "base/err.h"

/* -EBUSY while something is measured here.  -1 without an error when this process may not lock anything. */
int machine_share(int *ret_fd, bool is_run, struct err *err);

#endif
