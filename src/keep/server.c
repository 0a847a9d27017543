/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/sink.h"
#include "base/stop.h"
#include "base/text.h"
#include "base/vec.h"
#include "keep/http.h"

#define CLIENTS   8
#define CLIENT_NS (5 * NS_PER_S) /* from being let in to being done */
#define UNIX_WORD "unix:"
#define UNIX_MODE 0660

struct client {
	int fd; /* -1 = free */
	uint64_t until_ns;
	char request[HTTP_MOST];
	size_t len;
	struct sink answer;
	size_t sent;
};

struct server {
	int fd;
	char where[160];
	char path[108]; /* of a unix socket; "" */
	struct client clients[CLIENTS];
};

static int bad_place(const char *where, struct err *err)
{
	return err_set(err, -EINVAL,
		       "\"%.80s\" is no place to listen: unix:/absolute/path, 127.0.0.1:PORT or [::1]:PORT; metrics are for this "
		       "machine only",
		       where);
}

/* A socket that nobody listens on is what a killed guard has left. */
static int clear_stale(const struct sockaddr_un *a, struct err *err)
{
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat st;

	if (lstat(a->sun_path, &st) < 0)
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, -EEXIST, "%s is there and is no socket: choose another name", a->sun_path);
	if (fd < 0)
		return err_sys(err, -errno, "no socket");
	if (connect(fd, (const struct sockaddr *) a, sizeof(*a)) == 0 || errno == EAGAIN)
		return err_set(err, -EADDRINUSE, "somebody listens on %s already: vlat guard runs once", a->sun_path);
	return unlink(a->sun_path) < 0 ? err_sys(err, -errno, "cannot remove the old %s", a->sun_path) : 0;
}

static int open_unix(struct server *s, const char *path, struct err *err)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	mode_t mask;
	int r;

	if (path[0] != '/' || text_print(a.sun_path, sizeof(a.sun_path), "%s", path))
		return bad_place(s->where, err);
	r = clear_stale(&a, err);
	if (r < 0)
		return r;
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0)
		return err_sys(err, -errno, "no socket");
	mask = umask(0777 & ~UNIX_MODE); /* never, not even for a moment, open to all */
	r = bind(s->fd, (const struct sockaddr *) &a, sizeof(a)) < 0 ? -errno : 0;
	umask(mask);
	if (r < 0)
		return err_sys(err, r, "cannot listen on %s", path);
	text_print(s->path, sizeof(s->path), "%s", path);
	return 0;
}

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static bool parse_port(const char *text, in_port_t *ret)
{
	uint64_t port;

	if (text_u64(text, &port) < 0 || port > UINT16_MAX)
		return false;
	*ret = htons((uint16_t) port);
	return true;
}

static bool parse_address(const char *where, union address *ret, socklen_t *ret_len)
{
	char host[64];
	const char *colon = strrchr(where, ':');
	in_port_t port;

	if (!colon || !parse_port(colon + 1, &port) || text_print(host, sizeof(host), "%.*s", (int) (colon - where), where))
		return false;
	*ret = (union address){ 0 };
	if (text_eq(host, "[::1]")) {
		ret->v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = port, .sin6_addr = in6addr_loopback };
		*ret_len = sizeof(ret->v6);
		return true;
	}
	ret->v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = port };
	*ret_len = sizeof(ret->v4);
	return inet_pton(AF_INET, host, &ret->v4.sin_addr) == 1 && ntohl(ret->v4.sin_addr.s_addr) >> 24 == 127;
}

static int open_loopback(struct server *s, const char *where, struct err *err)
{
	union address a;
	socklen_t len;
	int one = 1;

	if (!parse_address(where, &a, &len))
		return bad_place(where, err);
	s->fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0)
		return err_sys(err, -errno, "no socket for %s", where);
	setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(s->fd, &a.any, len) < 0 || getsockname(s->fd, &a.any, &len) < 0)
		return err_sys(err, -errno, "cannot listen on %s", where);
	text_print(s->where, sizeof(s->where), "%.*s:%u", (int) (strrchr(where, ':') - where), where,
		   ntohs(a.any.sa_family == AF_INET ? a.v4.sin_port : a.v6.sin6_port));
	return 0;
}

int server_open(struct server **ret, const char *where, struct err *err)
{
	struct server *s = xalloc(1, sizeof(*s));
	int r;

	s->fd = -1;
	for (size_t i = 0; i < CLIENTS; i++)
		s->clients[i].fd = -1;
	text_print(s->where, sizeof(s->where), "%s", where);
	if (text_starts(where, UNIX_WORD))
		r = open_unix(s, where + strlen(UNIX_WORD), err);
	else
		r = open_loopback(s, where, err);
	if (r == 0 && listen(s->fd, CLIENTS) < 0)
		r = err_sys(err, -errno, "cannot listen on %s", where);
	if (r < 0)
		server_close(s);
	else
		*ret = s;
	return r;
}

const char *server_where(const struct server *s)
{
	return s->where;
}

static void dismiss(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	sink_free(&c->answer);
	c->fd = -1;
	c->len = c->sent = 0;
}

void server_close(struct server *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < CLIENTS; i++)
		dismiss(&s->clients[i]);
	if (s->fd >= 0)
		close(s->fd);
	if (s->path[0])
		unlink(s->path);
	free(s);
}

static struct client *free_place(struct server *s)
{
	for (size_t i = 0; i < CLIENTS; i++)
		if (s->clients[i].fd < 0)
			return &s->clients[i];
	return NULL;
}

static void let_in(struct server *s)
{
	struct client *c = free_place(s);
	int fd = c ? accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK) : -1;

	if (fd < 0)
		return;
	c->fd = fd;
	c->until_ns = clock_ns() + CLIENT_NS;
}

/* What is left of the request would make the kernel reset the connection under the answer: it is read away. */
static void finish(struct client *c)
{
	char rest[512];

	shutdown(c->fd, SHUT_WR);
	for (int i = 0; i < 16 && recv(c->fd, rest, sizeof(rest), MSG_DONTWAIT) > 0; i++)
		;
	dismiss(c);
}

static void send_on(struct client *c)
{
	ssize_t n = send(c->fd, c->answer.text + c->sent, c->answer.len - c->sent, MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	c->sent += n > 0 ? (size_t) n : 0;
	if (n <= 0)
		dismiss(c);
	else if (c->sent == c->answer.len)
		finish(c);
}

static void hear(struct client *c, const char *page)
{
	ssize_t n = recv(c->fd, c->request + c->len, sizeof(c->request) - c->len, 0);
	enum http_verdict verdict;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		dismiss(c);
		return;
	}
	c->len += (size_t) n;
	verdict = http_request(c->request, c->len);
	if (verdict == HTTP_MORE)
		return;
	http_answer(verdict, page, &c->answer);
	send_on(c);
}

static void attend(struct server *s, const char *page, const struct pollfd *fds)
{
	uint64_t now = clock_ns();

	for (size_t i = 0; i < CLIENTS; i++) {
		struct client *c = &s->clients[i];

		if (c->fd < 0)
			continue;
		if (fds[i].revents && c->answer.len)
			send_on(c);
		else if (fds[i].revents)
			hear(c, page);
		if (c->fd >= 0 && now > c->until_ns)
			dismiss(c);
	}
}

static uint64_t next_wake(const struct server *s, uint64_t until_ns)
{
	for (size_t i = 0; i < CLIENTS; i++)
		if (s->clients[i].fd >= 0 && s->clients[i].until_ns < until_ns)
			until_ns = s->clients[i].until_ns + NS_PER_MS;
	return until_ns;
}

int server_serve(struct server *s, const char *page, uint64_t until_ns)
{
	struct pollfd fds[CLIENTS + 2];

	while (!stop_wanted() && clock_ns() < until_ns) {
		for (size_t i = 0; i < CLIENTS; i++)
			fds[i] = (struct pollfd){ .fd = s->clients[i].fd, .events = s->clients[i].answer.len ? POLLOUT : POLLIN };
		fds[CLIENTS] = (struct pollfd){ .fd = free_place(s) ? s->fd : -1, .events = POLLIN };
		fds[CLIENTS + 1] = (struct pollfd){ .fd = stop_fd(), .events = POLLIN };
		if (poll(fds, CLIENTS + 2, clock_left_ms(next_wake(s, until_ns))) < 0)
			continue; /* a signal: the loop looks whether it was one to stop */
		attend(s, page, fds);
		if (fds[CLIENTS].revents)
			let_in(s);
	}
	return stop_wanted() ? -EINTR : 0;
}
