/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/qmp.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/sink.h"
#include "base/stop.h"
#include "base/text.h"
#include "base/vec.h"

struct qmp_event {
	char name[48];
	unsigned times;
	json_t *json; /* the last one */
};

struct qmp {
	int fd;
	struct sink in; /* what arrived and is not a whole line yet */
	json_int_t last_id;
	VEC(struct qmp_event) events;
};

/* ---- messages ---- */

#define DIGITS_SAFE 18 /* so many fit into jansson's integers, whatever they are */

/*
 * QEMU counts in unsigned 64 bits ("default-value": 18446744073709551615), which
 * jansson refuses to read.  Such a number is written as one with a fraction.
 */
static void tame_integers(const char *line, size_t len, struct sink *out)
{
	bool quoted = false, escaped = false;
	size_t run = 0; /* digits of an integer up to here */

	for (size_t i = 0; i < len; i++) {
		char c = line[i], before = i ? line[i - 1] : ' ';
		bool digit = !quoted && c >= '0' && c <= '9';

		if (digit && (run || (before != '.' && !(before >= '0' && before <= '9') && !strchr("eE+", before)))) {
			run++;
		} else if (!digit) {
			if (run > DIGITS_SAFE && !strchr(".eE", c))
				sink_put(out, ".0");
			run = 0;
		}
		if (c == '"' && !escaped)
			quoted = !quoted;
		escaped = quoted && c == '\\' && !escaped;
		sink_char(out, c);
	}
}

static int parse_json(const char *line, size_t len, json_t **ret, struct err *err)
{
	AUTO(sink_free) struct sink tame = { 0 };
	struct err ignored;

	if (jx_parse(line, len, "QEMU's answer", ret, &ignored) >= 0)
		return 0;
	tame_integers(line, len, &tame);
	return jx_parse(tame.text ? tame.text : "", tame.len, "QEMU's answer", ret, err);
}

int qmp_parse(const char *line, size_t len, struct qmp_message *ret, struct err *err)
{
	static const struct {
		const char *member;
		enum qmp_kind kind;
	} kinds[] = {
		{ .member = "QMP", .kind = QMP_GREETING },
		{ .member = "return", .kind = QMP_RETURN },
		{ .member = "error", .kind = QMP_ERROR },
		{ .member = "event", .kind = QMP_EVENT },
	};
	struct qmp_message m = { .id = -1 };
	AUTO_JSON json_t *json = NULL;
	int r = parse_json(line, len, &json, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(kinds) && !m.value; i++) {
		m.value = json_object_get(json, kinds[i].member);
		m.kind = kinds[i].kind;
	}
	if (m.value && m.kind == QMP_EVENT) {
		m.event = json_string_value(m.value);
		m.value = json_object_get(json, "data");
	}
	if ((m.kind == QMP_EVENT && !m.event) || (m.kind != QMP_EVENT && !m.value))
		return err_set(err, -EBADMSG, "QEMU's answer is neither greeting, reply, error nor event");
	if (json_is_integer(json_object_get(json, "id")))
		m.id = json_integer_value(json_object_get(json, "id"));
	m.json = TAKE(json);
	*ret = m;
	return 0;
}

/* Keeps the message's reference. */
static void note_event(struct qmp *q, struct qmp_message *m)
{
	struct qmp_event *e = NULL;

	for (size_t i = 0; i < q->events.n && !e; i++) {
		if (text_eq(q->events.at[i].name, m->event))
			e = &q->events.at[i];
	}
	if (!e) {
		e = vec_add(&q->events);
		text_print(e->name, sizeof(e->name), "%s", m->event);
	}
	json_decref(e->json);
	e->json = TAKE(m->json);
	e->times++;
}

unsigned qmp_seen(const struct qmp *q, const char *event, json_t **ret_data)
{
	for (size_t i = 0; i < q->events.n; i++) {
		if (!text_eq(q->events.at[i].name, event))
			continue;
		if (ret_data)
			*ret_data = json_object_get(q->events.at[i].json, "data");
		return q->events.at[i].times;
	}
	return 0;
}

/* ---- bytes ---- */

/* One recv(2) that does not wait: > 0, 0 = nothing there, -EPIPE at the end. */
static int take_in(struct qmp *q, struct err *err)
{
	char buf[16384];
	ssize_t n = recv(q->fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return err_set(err, -EPIPE, "QEMU closed its control connection");
	if (q->in.len + (size_t) n > QMP_LINE_MAX)
		return err_set(err, -EMSGSIZE, "QEMU's answer is longer than %zu MiB", QMP_LINE_MAX >> 20);
	sink_putn(&q->in, buf, (size_t) n);
	return 1;
}

/* A whole line out of what has arrived: 1 and *ret, or 0. */
static int next_message(struct qmp *q, struct qmp_message *ret, struct err *err)
{
	char *end = q->in.len ? memchr(q->in.text, '\n', q->in.len) : NULL;
	size_t len;
	int r;

	if (!end)
		return 0;
	len = (size_t) (end - q->in.text);
	r = qmp_parse(q->in.text, len, ret, err);
	q->in.len -= len + 1;
	memmove(q->in.text, end + 1, q->in.len);
	return r < 0 ? r : 1;
}

/* The next message that is no event; events on the way are kept. */
static int next_reply(struct qmp *q, uint64_t deadline_ns, struct qmp_message *ret, struct err *err)
{
	for (;;) {
		struct pollfd fds[2] = { { .fd = q->fd, .events = POLLIN }, { .fd = stop_fd(), .events = POLLIN } };
		int r = next_message(q, ret, err);

		if (r < 0)
			return r;
		if (r > 0 && ret->kind != QMP_EVENT)
			return 0;
		if (r > 0) {
			note_event(q, ret);
			continue;
		}
		if (clock_ns() >= deadline_ns)
			return err_set(err, -ETIME, "QEMU did not answer in time");
		r = poll(fds, 2, clock_left_ms(deadline_ns));
		if (r < 0 && errno != EINTR)
			return err_sys(err, -errno, "waiting for QEMU");
		if (stop_wanted())
			return err_set(err, -EINTR, "interrupted while waiting for QEMU");
		r = take_in(q, err);
		if (r < 0)
			return r;
	}
}

int qmp_pump(struct qmp *q, struct err *err)
{
	struct qmp_message m;
	int r, got;

	do {
		got = take_in(q, err);
		while ((r = next_message(q, &m, err)) > 0) {
			if (m.kind == QMP_EVENT)
				note_event(q, &m);
			else
				json_decref(m.json); /* the late reply to a call that was given up */
		}
		if (r < 0)
			return r;
	} while (got > 0);
	return got;
}

/* ---- commands ---- */

static int send_command(struct qmp *q, const char *command, json_t *args, struct err *err)
{
	AUTO_JSON json_t *json = json_pack("{s:s, s:I}", "execute", command, "id", ++q->last_id);
	AUTO_FREE char *line = NULL, *text = NULL;
	size_t len, done = 0;

	if (args)
		json_object_set_new(json, "arguments", args);
	line = jx_line(json);
	text = xprintf("%s\n", line);
	for (len = strlen(text); done < len;) {
		ssize_t n = send(q->fd, text + done, len - done, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(err, -EPIPE, "QEMU closed its control connection");
		done += (size_t) n;
	}
	return 0;
}

void qmp_send(struct qmp *q, const char *command)
{
	struct err ignored;

	send_command(q, command, NULL, &ignored);
}

static int refused(const char *command, struct qmp_message *m, struct err *err)
{
	const char *why = json_string_value(json_object_get(m->value, "desc"));
	int r = err_set(err, -EREMOTEIO, "QEMU refused %s: %s", command, why ? why : "it did not say why");

	json_decref(m->json);
	return r;
}

int qmp_call(struct qmp *q, const char *command, json_t *args, uint64_t deadline_ns, json_t **ret, struct err *err)
{
	struct qmp_message m;
	int r = send_command(q, command, args, err);

	while (r >= 0) {
		r = next_reply(q, deadline_ns, &m, err);
		if (r < 0)
			break;
		/* An error in the command's own syntax comes back without the id. */
		if (m.kind == QMP_ERROR && (m.id == q->last_id || m.id == -1))
			return refused(command, &m, err);
		if (m.kind == QMP_RETURN && m.id == q->last_id) {
			if (ret)
				*ret = json_incref(m.value);
			json_decref(m.json);
			return 0;
		}
		json_decref(m.json);
	}
	return err_in(err, "%s", command);
}

int qmp_status(struct qmp *q, uint64_t deadline_ns, char *buf, size_t cap, struct err *err)
{
	AUTO_JSON json_t *status = NULL;
	const char *word;
	int r = qmp_call(q, "query-status", NULL, deadline_ns, &status, err);

	if (r >= 0)
		r = jx_str(status, "status", &word, err);
	if (r >= 0)
		text_print(buf, cap, "%s", word);
	return r;
}

int qmp_open(struct qmp **ret, int fd, uint64_t deadline_ns, struct err *err)
{
	struct qmp *q = xalloc(1, sizeof(*q));
	struct qmp_message m;
	char status[32];
	int r;

	q->fd = fd;
	r = next_reply(q, deadline_ns, &m, err);
	if (r >= 0) {
		if (m.kind != QMP_GREETING)
			r = err_set(err, -EBADMSG, "QEMU did not greet first");
		json_decref(m.json);
	}
	if (r >= 0)
		r = qmp_call(q, "qmp_capabilities", NULL, deadline_ns, NULL, err);
	if (r >= 0)
		r = qmp_status(q, deadline_ns, status, sizeof(status), err);
	if (r < 0) {
		qmp_close(q);
		return r;
	}
	*ret = q;
	return 0;
}

void qmp_close(struct qmp *q)
{
	if (!q)
		return;
	for (size_t i = 0; i < q->events.n; i++)
		json_decref(q->events.at[i].json);
	vec_free(&q->events);
	sink_free(&q->in);
	free(q);
}
