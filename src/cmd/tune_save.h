/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tune_save - a plan as a file: made and read by one person today, applied by
 * another tomorrow, and only if it still is that plan.
 *
 * The file holds the wish, the machine, and each change with the value before
 * it.  From it the plan is made anew, and compared; what the file says is
 * never written anywhere.
 */
#ifndef CMD_TUNE_SAVE_H
#define CMD_TUNE_SAVE_H

#include <jansson.h>

#include "base/err.h"
#include "base/ids.h"
#include "cmd/tuner.h"

struct saved_plan {
	struct tune_wish wish;  /* owned */
	char machine[MACHINE_ID_CAP];       /* machine-id(5); "" = not known */
	char saved[32];
	json_t *changes;        /* owned: array of { knob, target, before, after } */
};

/* Written whole or not at all, for root alone when root writes it. */
int tune_save(const struct tuner *t, const char *path, struct err *err);
int saved_load(const char *path, struct saved_plan *ret, struct err *err);
/* Outside text. */
int saved_parse(const json_t *o, struct saved_plan *ret, struct err *err);
void saved_free(struct saved_plan *s);  /* accepts a zeroed one */

/* -ESTALE names what differs from the plan that was made of the wish now; -EXDEV: another machine. */
int saved_check(const struct saved_plan *s, const struct tuner *now, struct err *err);

#endif
