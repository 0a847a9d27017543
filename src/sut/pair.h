/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pair - one measurement by two agents (or one): the server listens, the
 * client measures, both hand in a final record.
 *
 *	server: job ->  <- listening      ...       stop ->  <- result
 *	client:                 job ->  <- progress ... <- result
 *
 * Nothing but both final records counts as success.  When one side fails, the
 * other is stopped and drained, so that both can take the next job.
 */
#ifndef SUT_PAIR_H
#define SUT_PAIR_H

#include <jansson.h>

#include "base/err.h"
#include "sut/agent_client.h"

struct measurement {
	json_t *client; /* the final record of the side that measured (also of a lone one) */
	json_t *server; /* NULL for a workload without a peer */
};

void measurement_free(struct measurement *m); /* leaves an empty one */

/* Called about once a second while the client runs; may be NULL. */
struct pair_progress {
	void (*tell)(void *arg, double done_s, double total_s);
	void *arg;
};

struct pair {
	struct agent *server; /* NULL: the client runs alone */
	struct agent *client;
	struct job server_job, client_job; /* token and port are filled in here */
	struct pair_progress progress;
};

/* Time allowed = warm-up + duration + margin: a hung side ends with a sentence instead of a wait. */
int pair_run(struct pair *p, struct measurement *ret, struct err *err);

#endif
