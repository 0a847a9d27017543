/* SPDX-License-Identifier: Apache-2.0 */
/* run_profile - a profile's plan for the host, for the run that is the first to want one. */
#ifndef CMD_RUN_PROFILE_H
#define CMD_RUN_PROFILE_H

#include "cmd/tuner.h"
#include "run/run.h"

struct run_profile {
	struct tune_wish wish;
	struct tuner held; /* in the holder: what its plan is made of */
	struct run_tuner tuner;
};

/* Borrows the wish's texts.  p must stay where it is for as long as p->tuner is used. */
void run_profile_init(struct run_profile *p, const struct tune_wish *wish);

#endif
