/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tune_look - all that a plan is, and what it says to a person or a program:
 * the settings, the kernel parameters, what is in the way.  What vlat plan
 * shows, and vlat tune before it does anything.
 */
#ifndef CMD_TUNE_LOOK_H
#define CMD_TUNE_LOOK_H

#include "base/err.h"
#include "base/sink.h"
#include "cmd/tune_boot.h"
#include "cmd/tune_way.h"
#include "cmd/tuner.h"

struct tune_look {
	struct tuner t;
	struct boot_plan boot;
	struct in_the_way way;
};
#define TUNE_LOOK_INIT                                                                                                           \
	{                                                                                                                        \
		.t = TUNER_INIT                                                                                                  \
	}

/*
 * root: "/", or another machine's capture or folder; boot_add, must: of
 * tune_boot_plan().  tune_look_free() also when it failed.
 */
int tune_look_make(struct tune_look *l, const struct tune_wish *wish, const char *root, const char *boot_add, bool must,
		   struct err *err);
void tune_look_free(struct tune_look *l);

/* "profile vm-host (...), level standard". */
void tune_look_head(const struct tune_look *l, struct sink *out);
/* then: the last sentence, unless there is nothing to be done. */
void tune_look_text(const struct tune_look *l, const char *then, struct sink *out);
int tune_look_json(const struct tune_look *l, struct sink *out, struct err *err);

#endif
