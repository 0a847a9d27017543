/* SPDX-License-Identifier: Apache-2.0 */
#include "workload/sock.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

int address_of(const struct job *job, struct address *ret, struct err *err)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *) &ret->sa;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *) &ret->sa;

	*ret = (struct address){ 0 };
	if (inet_pton(AF_INET, job->peer[0] ? job->peer : "0.0.0.0", &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(job->port);
		ret->len = sizeof(*v4);
		return 0;
	}
	if (inet_pton(AF_INET6, job->peer, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(job->port);
		ret->len = sizeof(*v6);
		return 0;
	}
	return err_set(err, -EINVAL, "peer '%s' is not an IPv4 or IPv6 address", job->peer);
}

static unsigned bound_port(int fd)
{
	struct sockaddr_storage sa = { 0 };
	socklen_t len = sizeof(sa);

	if (getsockname(fd, (struct sockaddr *) &sa, &len) < 0)
		return 0;
	/* The port is at the same place in both families. */
	return ntohs(((struct sockaddr_in *) &sa)->sin_port);
}

static int sock_bind(struct run *run, int type, int *ret_fd, struct err *err)
{
	const struct job *job = run->job;
	struct address at;
	AUTO_CLOSE int fd = -1;
	int one = 1, r = address_of(job, &at, err);

	if (r < 0)
		return r;
	fd = socket(at.sa.ss_family, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(err, -errno, "socket");
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *) &at.sa, at.len) < 0)
		return err_sys(err, -errno, "bind to %s port %u", job->peer[0] ? job->peer : "any address", job->port);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int sock_listen(struct run *run, int backlog, int defer_s, int *ret_fd, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	int r = sock_bind(run, SOCK_STREAM, &fd, err);

	if (r < 0)
		return r;
	if (defer_s > 0 && setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &defer_s, sizeof(defer_s)) < 0)
		return err_sys(err, -errno, "TCP_DEFER_ACCEPT");
	if (listen(fd, backlog) < 0)
		return err_sys(err, -errno, "listen on port %u", run->job->port);
	run_listening(run, bound_port(fd));
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int sock_bind_udp(struct run *run, int *ret_fd, struct err *err)
{
	int r = sock_bind(run, SOCK_DGRAM, ret_fd, err);

	if (r == 0)
		run_listening(run, bound_port(*ret_fd));
	return r;
}

/* A connect(2) that a signal interrupted goes on by itself; wait for what becomes of it. */
static int connect_finish(struct run *run, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof(int);
	int failed = 0;

	while (poll(&p, 1, -1) < 0)
		if (errno != EINTR || run_ending(run))
			return -errno;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &len) < 0)
		return -errno;
	return -failed;
}

int sock_connect(struct run *run, const struct address *to, int *ret_fd, struct err *err)
{
	AUTO_CLOSE int fd = socket(to->sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int one = 1, r = 0;

	if (fd < 0)
		return err_sys(err, -errno, "socket");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, (const struct sockaddr *) &to->sa, to->len) < 0)
		r = errno == EINTR && !run_ending(run) ? connect_finish(run, fd) : -errno;
	if (r == -EINTR)
		return run_interrupted(run, err);
	if (r < 0)
		return err_sys(err, r, "connect to %s port %u", run->job->peer, run->job->port);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int sock_hail(struct run *run, const struct address *to, char use, int *ret_fd, struct err *err)
{
	unsigned char hail[HAIL_BYTES], answer;
	AUTO_CLOSE int fd = -1;
	int r = sock_connect(run, to, &fd, err);

	if (r < 0)
		return r;
	memcpy(hail, run->job->token, TOKEN_BYTES);
	hail[TOKEN_BYTES] = (unsigned char) use;
	r = sock_send_all(run, fd, hail, sizeof(hail));
	if (r == 0)
		r = sock_recv_all(run, fd, &answer, 1);
	if (r == -EPIPE || r == -ECONNRESET)
		return err_set(err, -EACCES, "the server at %s port %u turned us away: has it the same job and token?",
			       run->job->peer, run->job->port);
	if (r < 0)
		return sock_explain(run, r, err);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int sock_send_rest(struct run *run, int fd, const void *data, size_t n, ssize_t done)
{
	const char *at = data;

	for (;;) {
		if (done >= 0) {
			at += done;
			n -= (size_t) done;
		} else if (errno != EINTR || run_ending(run)) {
			return -errno;
		}
		if (!n)
			return 0;
		done = sock_send(fd, at, n);
	}
}

int sock_recv_rest(struct run *run, int fd, void *data, size_t n, ssize_t done)
{
	char *at = data;

	for (;;) {
		if (done > 0) {
			at += done;
			n -= (size_t) done;
		} else if (done == 0) {
			return -EPIPE;
		} else if (done < 0 && (errno != EINTR || run_ending(run))) {
			return -errno;
		}
		if (!n)
			return 0;
		done = sock_recv(fd, at, n);
	}
}

int sock_explain(struct run *run, int r, struct err *err)
{
	const struct job *job = run->job;

	if (r == -EINTR)
		return run_interrupted(run, err);
	if (r == -EPIPE || r == -ECONNRESET)
		return err_set(err, -ECONNRESET,
			       "the peer %s port %u closed the connection after %llu transactions; it stopped or died", job->peer,
			       job->port, (unsigned long long) run->transactions);
	return err_sys(err, r, "data connection to %s port %u", job->peer, job->port);
}

int sock_peer_left(struct run *run, int r, struct err *err)
{
	if (r == -EPIPE || r == -ECONNRESET)
		return 0;
	if (r == -EINTR)
		return run_interrupted(run, err);
	return r < 0 ? err_sys(err, r, "data connection of the server") : r;
}
