/* SPDX-License-Identifier: Apache-2.0 */
/* container - the agent alone in an OCI container, no engine above the runtime. */
#include <errno.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "sut/driver.h"

#define HELLO_NS (60 * NS_PER_S)

static const char *const runtimes[] = { "crun", "runc" };

static int container_available(const struct sut_wish *wish, struct err *err)
{
	char path[256];

	(void) wish;
	for (size_t i = 0; i < ARRAY_SIZE(runtimes); i++)
		if (program_find(runtimes[i], path, sizeof(path)) == 0)
			return 0;
	return err_set(err, -ENOENT,
		       "no container runtime is installed: install crun or runc (apt-get install crun, dnf install crun)");
}

static int container_prepare(struct sut_kit *kit, const struct sut_system *system, enum sut_part *ret_part, struct err *err)
{
	int r;

	(void) system;
	(void) ret_part;
	r = kit->have_runtime ? 0 : runtime_find(&kit->runtime, kit->journal, kit->agent, err);
	kit->have_runtime = r == 0;
	return r;
}

static void container_explain(void *arg, char *buf, size_t cap)
{
	const struct sut *s = arg;

	if (s->container)
		container_stderr_tail(s->container, buf, cap);
}

/* Datapath `host`: the one that the runtime itself is in, which a container without the word would not get. */
static const char *netns_of(const struct sut *s)
{
	if (!s->spec.peer)
		return NULL;
	return s->wire.datapath == DATAPATH_HOST ? "/proc/self/ns/net" : s->wire.sut_ns_path;
}

static int container_start_sut(struct sut *s, struct err *err)
{
	struct container_spec spec = {
		.agent = s->kit->agent,
		.netns = netns_of(s),
		.place = s->spec.place,
		.runtime = &s->kit->runtime,
	};
	int r = container_start(&s->container, &spec, s->kit->journal, err);

	if (r < 0)
		return err_in(err, "container");
	s->agent = agent_open(&(struct agent_opts){
		.who = "the agent in the container",
		.to = s->container->to_agent,
		.from = s->container->from_agent,
		.explain = container_explain,
		.arg = s,
	});
	return agent_hello(s->agent, clock_ns() + HELLO_NS, err);
}

static void container_stop_sut(struct sut *s, uint64_t grace_ns)
{
	container_stop(s->container, grace_ns);
	s->container = NULL;
}

static int container_tids(const struct sut *s, pid_t **ret, size_t *ret_n, struct err *err)
{
	return process_tids(s->container->pid, ret, ret_n, err);
}

static int container_facts(const struct sut *s, json_t *into)
{
	const struct runtime *r = &s->container->runtime;

	return json_object_update_new(into, json_pack("{s:s, s:s, s:s, s:b, s:s}", "runtime", r->name, "runtime_version",
						      r->version, "runtime_why", r->why, "rt_allowed", s->container->rt_allowed,
						      "rt_why", s->container->rt_why));
}

/* A group without a real-time budget cannot hold a FIFO thread: measure without, and the facts say why. */
static void container_adapt(const struct sut *s, struct job *job)
{
	if (!s->container->rt_allowed)
		job->fifo = 0;
	if (job->group[0])
		text_print(job->group, sizeof(job->group), "%s", CONTAINER_THREADS_FILE);
}

const struct sut_driver sut_container = {
	.name = "container",
	.brief = "an OCI container run by crun or runc",
	.cure = "install crun (apt-get install crun, dnf install crun) and run vlat as root",
	.wire = WIRE_CONTAINER,
	.available = container_available,
	.prepare = container_prepare,
	.start = container_start_sut,
	.stop = container_stop_sut,
	.tids = container_tids,
	.facts = container_facts,
	.adapt = container_adapt,
	.needs_root = true,
};
