/* SPDX-License-Identifier: Apache-2.0 */
/* native - the agent as an ordinary process of the host: the anchor the others are compared with. */
#include <errno.h>

#include "base/clock.h"
#include "sut/driver.h"

#define HELLO_NS (60 * NS_PER_S)

static int native_start(struct sut *s, struct err *err)
{
	int r = agent_process_start(&s->native,
				    &(struct agent_process_opts){
					    .agent = s->kit->agent,
					    .netns_fd = s->wire.sut_ns,
					    .mark = s->kit->journal ? journal_mark(s->kit->journal) : NULL,
					    .place = &s->spec.place,
					    .role = PLACE_SUT,
				    },
				    err);

	if (r < 0)
		return err_in(err, "native");
	s->agent = agent_open(&(struct agent_opts){
		.who = "the agent on the host",
		.to = s->native.to,
		.from = s->native.from,
		.explain = agent_process_explain,
		.arg = &s->native,
	});
	return agent_hello(s->agent, clock_ns() + HELLO_NS, err);
}

static void native_stop(struct sut *s, uint64_t grace_ns)
{
	agent_process_stop(&s->native, grace_ns);
}

static int native_tids(const struct sut *s, pid_t **ret, size_t *ret_n, struct err *err)
{
	return process_tids(s->native.child.pid, ret, ret_n, err);
}

const struct sut_driver sut_native = {
	.name = "native",
	.brief = "an ordinary process of this host",
	.cure = "run vlat as root, for example with sudo; `vlat measure wakeup --sut native` works without",
	.wire = WIRE_NATIVE,
	.start = native_start,
	.stop = native_stop,
	.tids = native_tids,
};
