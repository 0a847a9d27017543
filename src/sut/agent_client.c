/* SPDX-License-Identifier: Apache-2.0 */
#include "sut/agent_client.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/stop.h"
#include "base/text.h"
#include "base/vec.h"

/* A control frame is small and its reader idle: longer than this means that nobody reads. */
#define SEND_TIMEOUT_NS (30 * NS_PER_S)
/* More agents than a peer and a SUT never meet in one wait. */
#define AGENTS_MAX 4

struct agent {
	struct agent_opts opts;
	char who[96];
	struct frame_reader reader;
	struct agent_facts facts;
	bool end_of_file, lost;
};

struct agent *agent_open(const struct agent_opts *opts)
{
	struct agent *a = xalloc(1, sizeof(*a));

	a->opts = *opts;
	text_print(a->who, sizeof(a->who), "%s", opts->who);
	a->reader.max = FRAME_MAX;
	return a;
}

void agent_close(struct agent *a)
{
	if (!a)
		return;
	json_decref(a->facts.hello);
	frame_reader_free(&a->reader);
	free(a);
}

bool agent_usable(const struct agent *a)
{
	return !a->lost;
}

const char *agent_who(const struct agent *a)
{
	return a->who;
}

const struct agent_facts *agent_facts(const struct agent *a)
{
	return &a->facts;
}

/* The agent will not be heard again: say what it did, then what its surroundings know about it. */
static int lose(struct agent *a, int code, const char *what, struct err *err)
{
	char why[384] = "";

	a->lost = true;
	if (a->opts.explain)
		a->opts.explain(a->opts.arg, why, sizeof(why));
	return err_set(err, code, "%s %s%s%s", a->who, what, why[0] ? ": " : "", why);
}

static int send_frame(struct agent *a, json_t *frame, struct err *err)
{
	struct err inner = { 0 };
	int r;

	if (!frame)
		return err_set(err, -ENOMEM, "%s: no memory for a message", a->who);
	r = frame_send(a->opts.to, frame, clock_ns() + SEND_TIMEOUT_NS, &inner);
	json_decref(frame);
	if (r == -EPIPE || r == -ECONNRESET)
		return lose(a, -EPIPE, "ended", err);
	if (r < 0)
		return lose(a, r, "does not take orders", err);
	return 0;
}

/* Take a frame that has arrived already; 0 = none. */
static int take(struct agent *a, json_t **ret, struct err *err)
{
	struct err inner = { 0 };
	int r = frame_take(&a->reader, ret, &inner);

	if (r >= 0)
		return r;
	a->lost = true;
	return err_set(err, r, "%s sent something that is no message: %s", a->who, inner.text);
}

static void fill(struct agent *a)
{
	int r = frame_fill(&a->reader, a->opts.from);

	if (r == -EAGAIN || r == -EINTR)
		return;
	if (r <= 0)
		a->end_of_file = true;
}

/* Sleep until a stream moves; 0, -EINTR or -ETIMEDOUT. */
static int wait_streams(struct agent *const *at, size_t n, uint64_t deadline_ns)
{
	struct pollfd fds[AGENTS_MAX + 1];

	for (size_t i = 0; i < n; i++)
		fds[i] = (struct pollfd){ .fd = at[i]->opts.from, .events = POLLIN };
	fds[n] = (struct pollfd){ .fd = stop_fd(), .events = POLLIN };
	if (stop_wanted())
		return -EINTR;
	if (poll(fds, n + 1, clock_left_ms(deadline_ns)) < 0 && errno != EINTR)
		return -errno;
	if (stop_wanted())
		return -EINTR;
	for (size_t i = 0; i < n; i++)
		if (fds[i].revents)
			fill(at[i]);
	return clock_ns() < deadline_ns ? 0 : -ETIMEDOUT;
}

static int interrupted(struct agent *const *at, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		at[i]->lost = true; /* it may be in the middle of a job */
	return err_set(err, -EINTR, "interrupted");
}

int agents_wait(struct agent *const *at, size_t n, uint64_t deadline_ns, json_t **ret, struct err *err)
{
	bool late = false;
	int r;

	if (n == 0 || n > AGENTS_MAX)
		return err_set(err, -EINVAL, "cannot wait for %zu agents", n);
	for (;;) {
		for (size_t i = 0; i < n; i++) {
			r = take(at[i], ret, err);
			if (r != 0)
				return r < 0 ? r : (int) i;
		}
		for (size_t i = 0; i < n; i++)
			if (at[i]->end_of_file)
				return lose(at[i], -EPIPE, "ended before it was done", err);
		if (late) /* the last look came after the deadline: nothing slipped in between */
			return lose(at[0], -ETIMEDOUT, "did not answer in time", err);
		r = wait_streams(at, n, deadline_ns);
		if (r == -EINTR)
			return interrupted(at, n, err);
		if (r < 0 && r != -ETIMEDOUT)
			return err_sys(err, r, "cannot wait for %s", at[0]->who);
		late = r == -ETIMEDOUT;
	}
}

int agent_error(const struct agent *a, const json_t *frame, struct err *err)
{
	json_int_t code = json_integer_value(json_object_get(frame, "code"));
	const char *text = json_string_value(json_object_get(frame, "text"));

	if (code < 0)
		code = -code;
	if (code == 0 || code > 4095) /* no errno: the sentence still counts */
		code = EIO;
	return err_set(err, -(int) code, "%s: %s", a->who, text ? text : "an error without a text");
}

int agent_expect(struct agent *a, const char *type, uint64_t deadline_ns, json_t **ret, struct err *err)
{
	json_t *frame = NULL;
	int r;

	for (;;) {
		r = agents_wait(&a, 1, deadline_ns, &frame, err);
		if (r < 0)
			return r;
		if (text_eq(frame_type(frame), type)) {
			*ret = frame;
			return 0;
		}
		r = text_eq(frame_type(frame), "error") ? agent_error(a, frame, err) : 0;
		json_decref(frame);
		if (r < 0)
			return r;
	}
}

static void copy_member(const json_t *frame, const char *name, char *buf, size_t cap)
{
	const char *text = json_string_value(json_object_get(frame, name));

	text_print(buf, cap, "%s", text ? text : "");
}

int agent_hello(struct agent *a, uint64_t deadline_ns, struct err *err)
{
	json_t *frame = NULL;
	json_int_t protocol;
	int r = agent_expect(a, "hello", deadline_ns, &frame, err);

	if (r < 0)
		return r;
	json_decref(a->facts.hello);
	a->facts.hello = frame;
	copy_member(frame, "version", a->facts.version, sizeof(a->facts.version));
	copy_member(frame, "kernel", a->facts.kernel, sizeof(a->facts.kernel));
	copy_member(frame, "clocksource", a->facts.clocksource, sizeof(a->facts.clocksource));
	a->facts.pid = (int) json_integer_value(json_object_get(frame, "pid"));
	a->facts.ncpus = (int) json_integer_value(json_object_get(frame, "ncpus"));
	protocol = json_integer_value(json_object_get(frame, "protocol"));
	if (protocol != PROTOCOL_VERSION) {
		a->lost = true;
		return err_set(err, -EPROTO, "%s speaks protocol %lld, this vlat %d: use the vlat-agent that was built with it",
			       a->who, (long long) protocol, PROTOCOL_VERSION);
	}
	return send_frame(a, json_pack("{s:s, s:i}", "type", "hello", "protocol", PROTOCOL_VERSION), err);
}

int agent_configure(struct agent *a, const char *mac, const char *address, uint64_t deadline_ns, struct err *err)
{
	json_t *frame = NULL;
	int r = send_frame(a, json_pack("{s:s, s:s, s:s}", "type", "configure", "mac", mac, "address", address), err);

	if (r < 0)
		return r;
	r = agent_expect(a, "configured", deadline_ns, &frame, err);
	json_decref(frame);
	return r;
}

int agent_job(struct agent *a, const struct job *job, struct err *err)
{
	return send_frame(a, job_to_json(job), err);
}

int agent_listening(struct agent *a, uint64_t deadline_ns, uint16_t *ret_port, struct err *err)
{
	json_t *frame = NULL;
	json_int_t port;
	int r = agent_expect(a, "listening", deadline_ns, &frame, err);

	if (r < 0)
		return r;
	port = json_integer_value(json_object_get(frame, "port"));
	json_decref(frame);
	if (port < 1 || port > UINT16_MAX)
		return lose(a, -EPROTO, "told no usable port", err);
	*ret_port = (uint16_t) port;
	return 0;
}

int agent_stop(struct agent *a, struct err *err)
{
	return send_frame(a, json_pack("{s:s}", "type", "stop"), err);
}

void agent_bye(struct agent *a)
{
	struct err ignored = { 0 };

	if (!a->lost && !a->end_of_file)
		send_frame(a, json_pack("{s:s}", "type", "bye"), &ignored);
}
