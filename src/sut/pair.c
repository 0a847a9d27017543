/* SPDX-License-Identifier: Apache-2.0 */
#include "sut/pair.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"

/*
 * Margins on top of what a job asks for.  They only bound a hang: a guest under
 * binary translation on a busy host needs seconds for what takes milliseconds
 * elsewhere (starting a thread, packing 2000 histogram buckets into JSON).
 */
#define LISTEN_NS (60 * NS_PER_S)
#define RESULT_NS (60 * NS_PER_S)
#define DRAIN_NS  (5 * NS_PER_S)

void measurement_free(struct measurement *m)
{
	json_decref(m->client);
	json_decref(m->server);
	*m = (struct measurement){ 0 };
}

static uint64_t job_deadline(const struct job *job)
{
	double takes_s = job->warmup_s + job->duration_s + job->workload->extra_s;

	return clock_ns() + (uint64_t) (takes_s * (double) NS_PER_S) + job->silence_ms * NS_PER_MS +
	       RESULT_NS;
}

static bool is_type(const json_t *frame, const char *type)
{
	return text_eq(frame_type(frame), type);
}

static void tell_progress(const struct pair *p, const json_t *frame)
{
	if (p->progress.tell)
		p->progress.tell(p->progress.arg, json_number_value(json_object_get(frame, "done_s")),
				 json_number_value(json_object_get(frame, "total_s")));
}

/* A record of an earlier job that ended late is not this one's. */
static bool is_result_of(const json_t *frame, const struct job *job)
{
	const char *id = json_string_value(json_object_get(frame, "id"));

	return is_type(frame, "result") && (!id || text_eq(id, job->id));
}

/* End a side that may still be busy: its record or its error, whichever comes, is not wanted. */
static void drain(struct agent *a)
{
	uint64_t deadline = clock_ns() + DRAIN_NS;
	struct err ignored = { 0 };
	json_t *frame = NULL;
	bool over = !agent_usable(a) || agent_stop(a, &ignored) < 0;

	while (!over && agents_wait(&a, 1, deadline, &frame, &ignored) == 0) {
		over = is_type(frame, "result") || is_type(frame, "error");
		json_decref(frame);
	}
}

/* Wait for the client's record; a server that gives up first ends the wait with its reason. */
static int wait_client(struct pair *p, json_t **ret, struct err *err)
{
	struct agent *both[] = { p->client, p->server };
	uint64_t deadline = job_deadline(&p->client_job);
	json_t *frame = NULL;
	int who;

	for (;;) {
		who = agents_wait(both, p->server ? 2 : 1, deadline, &frame, err);
		if (who < 0)
			return who;
		if (is_type(frame, "error")) {
			agent_error(both[who], frame, err);
			json_decref(frame);
			if (both[!who])
				drain(both[!who]);
			return err->code;
		}
		if (who == 0 && is_result_of(frame, &p->client_job)) {
			*ret = frame;
			return 0;
		}
		if (who == 0 && is_type(frame, "progress"))
			tell_progress(p, frame);
		json_decref(frame);
	}
}

static int wait_server(struct pair *p, json_t **ret, struct err *err)
{
	uint64_t deadline = clock_ns() + RESULT_NS;
	json_t *frame = NULL;
	int r = agent_stop(p->server, err);

	while (r == 0) {
		r = agent_expect(p->server, "result", deadline, &frame, err);
		if (r == 0 && is_result_of(frame, &p->server_job)) {
			*ret = frame;
			return 0;
		}
		if (r == 0)
			json_decref(frame);
	}
	return r;
}

static int start_server(struct pair *p, struct err *err)
{
	uint16_t port = 0;
	int r = token_make(p->server_job.token);

	if (r < 0)
		return err_sys(err, r, "cannot make a token for the data connection");
	memcpy(p->client_job.token, p->server_job.token, TOKEN_BYTES);
	r = agent_job(p->server, &p->server_job, err);
	if (r < 0)
		return r;
	r = agent_listening(p->server, clock_ns() + LISTEN_NS, &port, err);
	p->client_job.port = port;
	return r;
}

int pair_run(struct pair *p, struct measurement *ret, struct err *err)
{
	struct measurement got = { 0 };
	int r = p->server ? start_server(p, err) : 0;

	if (r < 0)
		return r;
	r = agent_job(p->client, &p->client_job, err);
	if (r < 0) {
		if (p->server)
			drain(p->server);
		return r;
	}
	r = wait_client(p, &got.client, err);
	if (r == 0 && p->server)
		r = wait_server(p, &got.server, err);
	if (r < 0) {
		measurement_free(&got);
		return r;
	}
	*ret = got;
	return 0;
}
