/* SPDX-License-Identifier: Apache-2.0 */
/* session - the agent's side of docs/agent-protocol.md over one byte stream. */
#ifndef AGENT_SESSION_H
#define AGENT_SESSION_H

#include "base/err.h"
#include "workload/ticks.h"

struct session_opts {
	int in, out;                    /* may be the same */
	bool init;                      /* the agent is the machine's init: `configure` is allowed */
	const struct ticks *ticks;
	const char *clocksource;
};

/* Until `bye` (0), the end of the stream (-EPIPE) or a stream that is none (other negative errno). */
int session_run(const struct session_opts *opts, struct err *err);

#endif
