/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent on the unix socket that QEMU's command line names.  QEMU serves one
 * client at a time: a second one connects and is never answered, as is a client
 * whose guest runs no agent.  So nothing is believed before the agent has
 * repeated a number of ours (guest-sync-delimited, whose answer comes behind a
 * byte 0xff, which drops whatever somebody left on the line before).
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "audit/inside.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/stop.h"
#include "base/text.h"
#include "base/vec.h"

#define MARK '\xff'

static int connect_to(const char *path, struct err *err)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return err_sys(err, -errno, "socket");
	if (text_print(un.sun_path, sizeof(un.sun_path), "%s", path))
		return err_set(err, -ENAMETOOLONG, "the socket %.80s... has too long a name", path);
	if (connect(fd, (struct sockaddr *) &un, sizeof(un)) == 0)
		return TAKE_FD(fd);
	if (errno == EAGAIN)
		return err_set(err, -EBUSY, "the socket %s is taken: other programs wait for it already", path);
	return err_sys(err, -errno, "cannot connect to %s%s", path, errno == EACCES ? " (root may)" : "");
}

/* Until the descriptor is ready, somebody wants to stop, or the time is over. */
static int wait_for(int fd, short events, uint64_t deadline_ns, struct err *err)
{
	struct pollfd p[] = { { .fd = fd, .events = events }, { .fd = stop_fd(), .events = POLLIN } };
	int r = poll(p, ARRAY_SIZE(p), clock_left_ms(deadline_ns));

	if (stop_wanted())
		return err_set(err, -EINTR, "told to end by a signal");
	if (r < 0 && errno != EINTR)
		return err_sys(err, -errno, "poll");
	if (clock_ns() >= deadline_ns)
		return err_set(err, -ETIMEDOUT, "it does not answer");
	return 0;
}

static int send_all(int fd, const char *text, size_t len, uint64_t deadline_ns, struct err *err)
{
	while (len) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		int r = 0;

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return err_sys(err, -errno, "write to the agent's line");
		if (n < 0)
			r = wait_for(fd, POLLOUT, deadline_ns, err);
		if (r < 0)
			return r;
		text += n > 0 ? n : 0;
		len -= n > 0 ? (size_t) n : 0;
	}
	return 0;
}

static void grow(struct inside_socket *s)
{
	size_t cap = s->cap ? 2 * s->cap : 65536;
	char *buf = xalloc(1, cap);

	if (s->len)
		memcpy(buf, s->buf, s->len);
	free(s->buf);
	s->buf = buf;
	s->cap = cap;
}

/* More of what comes; the buffer holds one line of the longest kind. */
static int fill(struct inside_socket *s, uint64_t deadline_ns, struct err *err)
{
	ssize_t n;
	int r;

	/* Lines that were taken go here, once for each time that more comes: a flood of short ones costs no more than a long one.
	 */
	if (s->from)
		memmove(s->buf, s->buf + s->from, s->len - s->from);
	s->len -= s->from;
	s->from = 0;
	if (s->len >= INSIDE_LINE)
		return err_set(err, -EMSGSIZE, "it says more than %zu MiB in one answer: that is no answer", INSIDE_LINE >> 20);
	if (s->len == s->cap)
		grow(s);
	r = wait_for(s->fd, POLLIN, deadline_ns, err);
	if (r < 0)
		return r;
	n = recv(s->fd, s->buf + s->len, s->cap - s->len, MSG_DONTWAIT);
	if (n == 0)
		return err_set(err, -EPIPE, "the line was closed: QEMU ended, or another program has it");
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return err_sys(err, -errno, "read the agent's line");
	s->len += n > 0 ? (size_t) n : 0;
	return 0;
}

/* The next line that is a JSON object; others, left by somebody before us, are passed over. */
static int next_reply(struct inside_socket *s, uint64_t deadline_ns, json_t **ret, struct err *err)
{
	size_t looked = s->from;

	for (;;) {
		const char *nl = s->len > looked ? memchr(s->buf + looked, '\n', s->len - looked) : NULL;
		int r;

		if (nl) {
			size_t end = (size_t) (nl - s->buf), begin = s->from;

			for (size_t i = begin; i < end; i++)
				begin = s->buf[i] == MARK ? i + 1 : begin;
			*ret = json_loadb(s->buf + begin, end - begin, JSON_REJECT_DUPLICATES, NULL);
			s->from = looked = end + 1;
			if (json_is_object(*ret))
				return 0;
			json_decref(*ret);
			*ret = NULL;
			continue;
		}
		looked = s->len - s->from;
		r = fill(s, deadline_ns, err);
		if (r < 0)
			return r;
	}
}

int inside_socket_call(void *socket, const char *command, uint64_t deadline_ns, json_t **ret, struct err *err)
{
	struct inside_socket *s = socket;
	AUTO_FREE char *line = xprintf("%s\n", command);
	int r = send_all(s->fd, line, strlen(line), deadline_ns, err);

	return r < 0 ? r : next_reply(s, deadline_ns, ret, err);
}

static int sync_line(struct inside_socket *s, uint64_t deadline_ns, struct err *err)
{
	AUTO_FREE char *command = NULL;
	uint32_t number = 0;
	int r;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		number = (uint32_t) clock_ns();
	command = xprintf("%c{\"execute\":\"guest-sync-delimited\",\"arguments\":{\"id\":%u}}\n", MARK, number);
	r = send_all(s->fd, command, strlen(command), deadline_ns, err);
	while (r == 0) {
		AUTO_JSON json_t *reply = NULL;
		const json_t *id;

		r = next_reply(s, deadline_ns, &reply, err);
		id = json_object_get(reply, "return");
		if (r == 0 && json_is_integer(id) && json_integer_value(id) == (json_int_t) number)
			return 0;
	}
	return r;
}

int inside_socket_open(struct inside_socket *s, int fd, const char *path, uint64_t deadline_ns, struct err *err)
{
	int r;

	*s = (struct inside_socket){ .fd = fd >= 0 ? fd : connect_to(path, err) };
	r = s->fd < 0 ? s->fd : sync_line(s, deadline_ns, err);
	if (r < 0)
		inside_socket_close(s);
	if (r == -ETIMEDOUT)
		return err_set(err, r,
			       "%s can be connected to, and nobody answers: the guest has not started its agent (inside: apt "
			       "or dnf install qemu-guest-agent, systemctl start qemu-guest-agent), or another program holds "
			       "the line",
			       path);
	return r;
}

void inside_socket_close(struct inside_socket *s)
{
	if (s->fd >= 0)
		close(s->fd);
	free(s->buf);
	*s = (struct inside_socket){ .fd = -1 };
}
