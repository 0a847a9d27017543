/* SPDX-License-Identifier: Apache-2.0 */
/* leftovers - what runs that died have left on this machine is undone before the next one starts. */
#ifndef STUDY_LEFTOVERS_H
#define STUDY_LEFTOVERS_H

#include "base/err.h"

/*
 * Measuring on top of a dead run's tuning would call it stock.  What can be
 * undone is, with a remark; what cannot is an error that names `vlat revert`.
 * Another run that is alive is only remarked on.
 */
int leftovers_clear(struct err *err);

#endif
