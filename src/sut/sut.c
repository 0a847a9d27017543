/* SPDX-License-Identifier: Apache-2.0 */
#include "sut/sut.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/vec.h"
#include "host/near.h"
#include "sut/driver.h"

#define PEER_HELLO_NS (60 * NS_PER_S)
/* After "bye" an agent is gone within milliseconds; a guest has to power off first. */
#define BYE_NS (2 * NS_PER_S)
/*
 * In stock arms, too, the peer is an instrument and not part of what is
 * measured.  Any SCHED_FIFO priority does there: an untuned machine has nobody
 * else at one but a few kernel threads.
 */
#define PEER_FIFO_PRIORITY 50

static int start_peer(struct sut *s, struct err *err)
{
	int r = agent_process_start(&s->peer_process,
				    &(struct agent_process_opts){
					    .agent = s->kit->agent,
					    .netns_fd = s->wire.peer_ns,
					    .mark = journal_mark(s->kit->journal),
					    .place = &s->spec.place,
					    .role = PLACE_PEER,
				    },
				    err);

	if (r < 0)
		return err_in(err, "peer");
	s->peer = agent_open(&(struct agent_opts){
		.who = "the peer's agent",
		.to = s->peer_process.to,
		.from = s->peer_process.from,
		.explain = agent_process_explain,
		.arg = &s->peer_process,
	});
	return agent_hello(s->peer, clock_ns() + PEER_HELLO_NS, err);
}

static int start_wire(struct sut *s, struct err *err)
{
	struct datapath_wish wish = { 0 };
	int r = sut_datapath_wish(&s->spec.system, &s->kit->wish, &wish, err);

	return r < 0 ? r : wire_make_over(&s->wire, s->kit->journal, s->driver->wire, &wish, err);
}

/* Who measures and who is measured go where the card is, as far as CPUs were set apart there. */
static void move_near(struct sut *s)
{
	AUTO(fs_close) struct fs fs = { .root = -1 };
	AUTO(cpu_facts_free) struct cpu_facts cpu = { 0 };
	struct err ignored = { 0 };
	unsigned want = s->spec.system.kind == SUT_VM ? s->spec.vcpus : 1;

	s->device_node = -1;
	if (!*wire_device(&s->wire) || fs_open_root(&fs, "/", &ignored) < 0 || cpu_facts_read(&fs, &cpu, &ignored) < 0)
		return;
	s->device_node = near_node(&fs, wire_device(&s->wire));
	(void) placement_near(&cpu, s->device_node, want, &s->spec.place);
}

static int start_all(struct sut *s, struct err *err)
{
	int r = s->spec.peer ? start_wire(s, err) : 0;

	move_near(s);
	if (r == 0)
		r = s->driver->start(s, err);
	if (r == 0 && s->spec.peer)
		r = start_peer(s, err);
	return r;
}

int sut_start(struct sut **ret, struct sut_kit *kit, const struct sut_spec *spec, struct err *err)
{
	enum sut_part part;
	struct sut *s;
	int r = sut_prepare(kit, &spec->system, spec->peer, &part, err);

	if (r < 0)
		return r;
	s = xalloc(1, sizeof(*s));
	s->driver = sut_driver(spec->system.kind);
	s->kit = kit;
	s->spec = *spec;
	s->spec.vcpus = spec->vcpus ? spec->vcpus : SUT_VCPUS;
	s->spec.memory_mb = spec->memory_mb ? spec->memory_mb : SUT_MEMORY_MB;
	s->wire = (struct wire) WIRE_INIT;
	s->peer_process = s->native = (struct agent_process) AGENT_PROCESS_INIT;
	r = start_all(s, err);
	if (r < 0) {
		sut_stop(s, true);
		return r;
	}
	*ret = s;
	return 0;
}

void sut_stop(struct sut *s, bool quick)
{
	if (!s)
		return;
	quick = quick || !sut_usable(s);
	if (!quick) {
		agent_bye(s->agent);
		if (s->peer)
			agent_bye(s->peer);
	}
	s->driver->stop(s, quick ? 0 : BYE_NS);
	agent_process_stop(&s->peer_process, quick ? 0 : BYE_NS);
	agent_close(s->agent);
	agent_close(s->peer);
	wire_close(&s->wire);
	free(s);
}

bool sut_usable(const struct sut *s)
{
	return s->agent && agent_usable(s->agent) && (!s->peer || agent_usable(s->peer));
}

static void place_sut(const struct sut *s, struct job *job)
{
	const struct placement *place = &s->spec.place;

	job->cpus = place->sut_cpus;
	(void) placement_threads_file(place, PLACE_SUT, job->group, sizeof(job->group));
	job->fifo = place->sut_fifo;
	job->lock_memory = place->lock_memory;
	if (s->driver->adapt)
		s->driver->adapt(s, job);
}

static void place_peer(const struct sut *s, struct job *job)
{
	const struct placement *place = &s->spec.place;

	job->cpus = place->peer_cpus;
	(void) placement_threads_file(place, PLACE_PEER, job->group, sizeof(job->group));
	job->lock_memory = true;
	job->fifo = 0;
	if (s->spec.peer_policy == PEER_FIFO)
		job->fifo = place->peer_fifo ? place->peer_fifo : PEER_FIFO_PRIORITY;
}

static void make_jobs(const struct sut *s, const struct job *job, struct pair *p)
{
	if (!job->workload->peer) {
		p->client_job = *job;
		p->client_job.side = SIDE_ALONE;
		p->client = s->agent;
		place_sut(s, &p->client_job);
		return;
	}
	p->server = s->agent;
	p->client = s->peer;
	p->server_job = p->client_job = *job;
	p->server_job.side = SIDE_SERVER;
	p->server_job.port = 0;
	p->server_job.peer[0] = '\0';
	p->client_job.side = SIDE_CLIENT;
	text_print(p->client_job.peer, sizeof(p->client_job.peer), "%s", WIRE_SUT_ADDRESS);
	place_sut(s, &p->server_job);
	place_peer(s, &p->client_job);
}

int sut_measure(struct sut *s, const struct job *job, const struct pair_progress *progress, struct measurement *ret,
		struct err *err)
{
	struct pair p = { 0 };

	if (job->workload->peer && !s->peer)
		return err_set(err, -EINVAL, "%s needs a peer and this %s was started without", job->workload->name,
			       s->driver->name);
	if (!sut_usable(s))
		return err_set(err, -EPIPE, "%s ended in an earlier measurement", s->driver->name);
	make_jobs(s, job, &p);
	if (progress)
		p.progress = *progress;
	return pair_run(&p, ret, err);
}

const struct placement *sut_placement(const struct sut *s)
{
	return &s->spec.place;
}

int sut_host_tids(const struct sut *s, pid_t **ret, size_t *ret_n, struct err *err)
{
	return s->driver->tids(s, ret, ret_n, err);
}

json_t *sut_facts(const struct sut *s)
{
	json_t *facts = json_pack("{s:s, s:s, s:s}", "accelerator", "none", "accelerator_why", "", "agent",
				  agent_facts(s->agent)->version);

	if (facts && s->spec.peer && s->spec.system.datapath) /* with its options: which device, which VLAN */
		json_object_set_new(facts, "datapath", json_string(s->spec.system.datapath));
	if (facts && s->device_node >= 0)
		json_object_set_new(facts, "device_node", json_integer(s->device_node));
	if (facts && s->driver->facts && s->driver->facts(s, facts) < 0) {
		json_decref(facts);
		return NULL;
	}
	return facts;
}
