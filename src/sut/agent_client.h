/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent_client - vlat's end of docs/agent-protocol.md over any pair of fds
 * (pipes, a virtio-serial socket).
 *
 * Every wait has a deadline, heeds Ctrl-C (-EINTR at once), and notices an
 * agent that died the moment its stream ends (-EPIPE).  -ETIMEDOUT is a peer or
 * a guest that hangs.  The sentence then ends in what `explain` knows: how the
 * process ended, what it said last, the guest's console.
 *
 * After any of these three errors the agent's state is unknown: agent_usable()
 * is false, and the way on is to stop the SUT.  An `error` frame is different:
 * the job is over, the agent lives and takes the next one.
 */
#ifndef SUT_AGENT_CLIENT_H
#define SUT_AGENT_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "workload/protocol.h"

struct agent;

struct agent_opts {
	const char *who;                                   /* for messages: "the agent in the container" */
	int to, from;                                      /* stay the caller's */
	void (*explain)(void *arg, char *buf, size_t cap); /* why it fell silent; "" = nothing to add.  May be NULL */
	void *arg;
};

/* What the agent said about itself. */
struct agent_facts {
	char version[32], kernel[80], clocksource[32];
	int pid; /* as it sees itself: 1 in a guest */
	int ncpus;
	json_t *hello; /* the whole frame, borrowed */
};

struct agent *agent_open(const struct agent_opts *opts);
void agent_close(struct agent *a); /* frees; accepts NULL */
bool agent_usable(const struct agent *a);
const char *agent_who(const struct agent *a);
const struct agent_facts *agent_facts(const struct agent *a); /* filled by agent_hello() */

/* Exchange hellos; a protocol other than PROTOCOL_VERSION is refused with both numbers. */
int agent_hello(struct agent *a, uint64_t deadline_ns, struct err *err);
/* Inside a guest: find the interface by its MAC and give it the address ("198.18.0.2/24"). */
int agent_configure(struct agent *a, const char *mac, const char *address, uint64_t deadline_ns, struct err *err);

int agent_job(struct agent *a, const struct job *job, struct err *err); /* send only */
int agent_listening(struct agent *a, uint64_t deadline_ns, uint16_t *ret_port, struct err *err);
int agent_stop(struct agent *a, struct err *err); /* send only; `result` follows */
void agent_bye(struct agent *a);                  /* send only; errors do not matter any more */

/*
 * The next frame from any of n agents: its index is returned, the frame is in
 * *ret (new reference).  `progress` frames come out as well.
 */
int agents_wait(struct agent *const *at, size_t n, uint64_t deadline_ns, json_t **ret, struct err *err);

/* Wait for one type from one agent; frames of earlier jobs and `progress` are skipped, `error` becomes err. */
int agent_expect(struct agent *a, const char *type, uint64_t deadline_ns, json_t **ret, struct err *err);

/* An `error` frame as an err: "the agent in the container: TEXT"; negative errno. */
int agent_error(const struct agent *a, const json_t *frame, struct err *err);

#endif
