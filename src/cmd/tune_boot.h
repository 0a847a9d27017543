/* SPDX-License-Identifier: Apache-2.0 */
/* tune_boot - the kernel parameters of a tuning, as `vlat tune` shows and sets them. */
#ifndef CMD_TUNE_BOOT_H
#define CMD_TUNE_BOOT_H

#include "base/err.h"
#include "base/sink.h"
#include "boot/boot.h"
#include "cmd/tuner.h"

/*
 * extra: parameters of the user's own, NULL = none.  must: a command line that is too long is an
 * error, not a remark.  boot_plan_free() afterwards.
 */
int tune_boot_plan(const struct tuner *t, const char *extra, bool must, struct boot_plan *ret, struct err *err);
/* Sets them for every boot, or (once) for the next one alone, and says so. */
int tune_boot_apply(const struct tuner *t, const struct boot_plan *p, bool once, struct sink *out, struct err *err);

#endif
