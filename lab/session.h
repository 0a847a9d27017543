/* SPDX-License-Identifier: Apache-2.0 */
/* session - the host's end of the line: the job out, output in, until the command has ended. */
#ifndef LAB_SESSION_H
#define LAB_SESSION_H

#include <errno.h>

#include "lab.h"
#include "vm/launch.h"

#define LAB_CRASHED (-ECONNABORTED)

/*
 * Exit code of the command (or 128 + signal); negative with a sentence: -ETIME,
 * -EINTR, LAB_CRASHED (before the command was handed over, and without a panic), the lab died.
 */
int session_run(struct launch *l, const struct lab_spec *spec, const struct lab_parts *parts, uint64_t deadline_ns,
		struct err *err);

/* A person's terminal, raw while the session lasts. */
struct terminal;
struct terminal *terminal_open(void);
void terminal_close(struct terminal *t); /* as it was; accepts NULL */
/* What was typed or changed since, as frames for the line; false when the person typed the escape, Ctrl-]. */
bool terminal_serve(struct terminal *t, int line);

#endif
