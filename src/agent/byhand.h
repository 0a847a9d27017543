/* SPDX-License-Identifier: Apache-2.0 */
/* byhand - one job from the command line, for finding out what goes wrong. */
#ifndef AGENT_BYHAND_H
#define AGENT_BYHAND_H

#include "base/err.h"

/* Prints the record on standard output; Ctrl-C ends the job early. */
int byhand_run(const char *job_json, struct err *err);

#endif
