/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/session.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "agent/measurement.h"
#include "agent/netconf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/stop.h"
#include "base/text.h"
#include "workload/procfile.h"
#include "workload/protocol.h"
#include "workload/result.h"

struct session {
	const struct session_opts *opts;
	struct frame_reader reader;
	struct measurement *job;        /* NULL = idle */
	uint64_t progress_ns;           /* when the last progress was told */
	bool bye;
};

/* Takes the message; a stream that does not take it any more is the end of the session. */
static int tell(struct session *s, json_t *msg, struct err *err)
{
	int r = msg ? frame_send(s->opts->out, msg, 0, err) : err_set(err, -ENOMEM, "no memory for a message");

	json_decref(msg);
	return r;
}

/* A sentence may quote what came in, cut in the middle of a UTF-8 character; jansson refuses to write that. */
static int tell_error(struct session *s, const char *id, const struct err *what, struct err *err)
{
	char text[sizeof(what->text)];
	size_t i = 0;

	for (; what->text[i]; i++)
		text[i] = (unsigned char) what->text[i] > '~' ? '?' : what->text[i];
	text[i] = '\0';
	return tell(s, json_pack("{s:s, s:s*, s:i, s:s}", "type", "error", "id", id, "code", what->code, "text", text), err);
}

static json_t *names_json(void)
{
	size_t n;
	const char *const *names = workload_names(&n);
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_string(names[i]));
	return list;
}

/* Not the kernel's name: what it is by its own word (PREEMPT_RT kernels, and no others, have this file). */
static bool is_realtime(void)
{
	char text[8];

	return procfile_read("/sys/kernel/realtime", text, sizeof(text)) > 0 && text[0] == '1';
}

static int tell_hello(struct session *s, struct err *err)
{
	const struct ticks *t = s->opts->ticks;
	struct utsname uts = { 0 };
	json_t *hello;

	uname(&uts);
	hello = json_pack("{s:s, s:i, s:s, s:i, s:s, s:i, s:s, s:b, s:{s:s, s:f, s:s}, s:o}", "type", "hello", "protocol",
			  PROTOCOL_VERSION, "version", VLAT_VERSION, "pid", (int) getpid(), "kernel", uts.release, "ncpus",
			  (int) sysconf(_SC_NPROCESSORS_ONLN), "clocksource", s->opts->clocksource, "realtime",
			  is_realtime(), "clock", "source", ticks_source(t), "cost_ns", t->cost_ns, "why", t->why, "workloads",
			  names_json());
	return tell(s, hello, err);
}

static int on_hello(struct session *s, const json_t *msg, struct err *err)
{
	json_int_t version = json_integer_value(json_object_get(msg, "protocol"));
	struct err what;

	if (version == PROTOCOL_VERSION)
		return 0;
	err_set(&what, -EPROTO, "protocol %lld is asked for; this vlat-agent %s speaks %d: use one of the same version",
		(long long) version, VLAT_VERSION, PROTOCOL_VERSION);
	return tell_error(s, NULL, &what, err);
}

static int on_configure(struct session *s, const json_t *msg, struct err *err)
{
	struct err what = { 0 };
	char name[32];
	int r = s->opts->init ? 0
			      : err_set(&what, -EPERM, "configure is for an agent that is a machine's init; nothing was changed");

	if (r == 0)
		r = netconf_from_json(msg, name, sizeof(name), &what);
	if (r < 0)
		return tell_error(s, NULL, &what, err);
	return tell(s, json_pack("{s:s, s:s}", "type", "configured", "interface", name), err);
}

static int on_job(struct session *s, const json_t *msg, struct err *err)
{
	const char *id = json_string_value(json_object_get(msg, "id"));
	struct err what = { 0 };
	struct job job;
	int r = s->job ? err_set(&what, -EBUSY, "a job is running; stop it first") : job_from_json(msg, &job, &what);

	if (r == 0)
		r = measurement_start(&s->job, &job, s->opts->ticks, &what);
	s->progress_ns = clock_ns();
	return r < 0 ? tell_error(s, id, &what, err) : 0;
}

/* Without a job there is nothing to stop: its result was on the way already. */
static int on_stop(struct session *s, const json_t *msg, struct err *err)
{
	(void) msg;
	(void) err;
	if (s->job)
		measurement_stop(s->job);
	return 0;
}

static int on_bye(struct session *s, const json_t *msg, struct err *err)
{
	(void) msg;
	(void) err;
	s->bye = true;
	return 0;
}

static const struct {
	const char *type;
	int (*on)(struct session *s, const json_t *msg, struct err *err);
} handlers[] = {
	{ .type = "hello", .on = on_hello },
	{ .type = "configure", .on = on_configure },
	{ .type = "job", .on = on_job },
	{ .type = "stop", .on = on_stop },
	{ .type = "bye", .on = on_bye },
};

static int dispatch(struct session *s, const json_t *msg, struct err *err)
{
	const char *type = frame_type(msg);
	struct err what;

	for (size_t i = 0; i < ARRAY_SIZE(handlers); i++)
		if (text_eq(type, handlers[i].type))
			return handlers[i].on(s, msg, err);
	err_set(&what, -EOPNOTSUPP, "message type '%.40s' is unknown here", type);
	return tell_error(s, NULL, &what, err);
}

/* Every whole frame that is there. */
static int take_frames(struct session *s, struct err *err)
{
	for (;;) {
		struct err what = { 0 };
		json_t *msg = NULL;
		int r = frame_take(&s->reader, &msg, &what);

		if (r == 0)
			return 0;
		if (r == 1) {
			r = dispatch(s, msg, err);
			json_decref(msg);
		} else if (tell_error(s, NULL, &what, err) < 0 || r == -EMSGSIZE) {
			return err_set(err, r, "%s", what.text);
		} else {
			r = 0;
		}
		if (r < 0 || s->bye)
			return r;
	}
}

static int on_input(struct session *s, struct err *err)
{
	int n = frame_fill(&s->reader, s->opts->in);

	if (n == -EAGAIN)
		return 0;
	if (n == 0)
		return err_set(err, -EPIPE, "the control line ended");
	if (n < 0)
		return err_sys(err, n, "read the control line");
	return take_frames(s, err);
}

static int tell_listening(struct session *s, struct err *err)
{
	struct measurement *m = s->job;
	unsigned port = atomic_load(&m->run.port);

	if (!port || m->told_port)
		return 0;
	m->told_port = true;
	return tell(s, json_pack("{s:s, s:s, s:i}", "type", "listening", "id", m->job.id, "port", (int) port), err);
}

static int tell_result(struct session *s, struct err *err)
{
	struct measurement *m = s->job;
	struct result res = {
		.run = &m->run,
		.failed = m->outcome < 0 ? &m->err : NULL,
		.clocksource = s->opts->clocksource,
		.drift_ppm = m->drift_ppm,
	};
	int r = result_send(s->opts->out, &res);

	measurement_finish(TAKE(s->job));
	return r < 0 ? err_sys(err, r, "write the result") : 0;
}

static int on_event(struct session *s, struct err *err)
{
	uint64_t n;
	int r;

	(void) !read(s->job->event_fd, &n, sizeof(n));
	r = tell_listening(s, err);
	return r == 0 && measurement_over(s->job) ? tell_result(s, err) : r;
}

static int tell_progress(struct session *s, struct err *err)
{
	const struct job *job = &s->job->job;
	uint64_t now = clock_ns();

	if (now - s->progress_ns < NS_PER_S)
		return 0;
	s->progress_ns = now;
	return tell(s, json_pack("{s:s, s:s, s:f, s:f}", "type", "progress", "id", job->id, "done_s",
				 (double) (now - s->job->started_ns) / 1e9, "total_s", job->warmup_s + job->duration_s), err);
}

static int turn(struct session *s, struct err *err)
{
	struct pollfd p[] = {
		{ .fd = s->opts->in, .events = POLLIN },
		{ .fd = s->job ? s->job->event_fd : -1, .events = POLLIN },
		{ .fd = stop_fd(), .events = POLLIN },
	};
	int r = poll(p, ARRAY_SIZE(p), s->job ? measurement_wait_ms(s->job) : -1);

	if (r < 0 && errno != EINTR)
		return err_sys(err, -errno, "poll");
	if (stop_wanted())
		return err_set(err, -EINTR, "told to end by a signal");
	r = s->job && p[1].revents ? on_event(s, err) : 0;
	if (r == 0 && s->job) {
		measurement_look(s->job);
		r = tell_progress(s, err);
	}
	return r == 0 && p[0].revents ? on_input(s, err) : r;
}

int session_run(const struct session_opts *opts, struct err *err)
{
	struct session s = { .opts = opts, .reader = { .max = FRAME_MAX_AGENT } };
	int r = tell_hello(&s, err);

	while (r == 0 && !s.bye)
		r = turn(&s, err);
	measurement_finish(s.job);
	frame_reader_free(&s.reader);
	return r;
}
