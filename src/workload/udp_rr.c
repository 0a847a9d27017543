/* SPDX-License-Identifier: Apache-2.0 */
/*
 * udp-rr - datagram out, datagram back, one at a time.
 *
 * Every request carries a sequence number in its first bytes, as many as both
 * sizes have room for, at most eight; the reply carries it back.  A reply that
 * does not come within timeout_ms makes its request lost: counted, never in the
 * histogram, and the time spent waiting delays whatever comes after it, which
 * an open loop shows.  What comes later, or twice, or with another number is
 * thrown away and counted as late.
 *
 * Before anything else the client shows the token in a datagram of its own.
 * The server then connects its socket to that address, and the kernel drops
 * what others send.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "workload/pace.h"
#include "workload/sock.h"
#include "workload/table.h"

#define MAGIC       "vlat-udp"
#define MAGIC_BYTES 8
#define HELLO_BYTES (MAGIC_BYTES + TOKEN_BYTES)
#define HELLO_MS    100         /* after which an unanswered hello is sent again */

struct udp {
	int fd;
	char *request, *response;       /* one byte longer than wanted, to notice larger datagrams */
	uint64_t seq;
	size_t seq_bytes;
};

static void udp_free(struct udp *u)
{
	free(u->request);
	free(u->response);
	cleanup_close_(&u->fd);
}

static void udp_init(struct udp *u, const struct job *job)
{
	uint32_t least = job->request_bytes < job->response_bytes ? job->request_bytes : job->response_bytes;
	size_t room = job->request_bytes > HELLO_BYTES ? job->request_bytes : HELLO_BYTES;

	*u = (struct udp){ .fd = -1,
			   .request = xalloc(1, room + 1),
			   .response = xalloc(1, job->response_bytes + MAGIC_BYTES + 1) };
	u->seq_bytes = least < sizeof(u->seq) ? least : sizeof(u->seq);
}

static void hello_make(const struct job *job, char ret[HELLO_BYTES])
{
	memcpy(ret, MAGIC, MAGIC_BYTES);
	memcpy(ret + MAGIC_BYTES, job->token, TOKEN_BYTES);
}

static bool hello_good(const struct job *job, const char *data, ssize_t n)
{
	return n == HELLO_BYTES && !memcmp(data, MAGIC, MAGIC_BYTES) && token_equal(data + MAGIC_BYTES, job->token);
}

static void recv_timeout_set(int fd, unsigned ms)
{
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
}

static int udp_explain(struct run *run, int code, struct err *err)
{
	if (code == -EINTR)
		return run_interrupted(run, err);
	if (code == -ECONNREFUSED)
		return err_set(err, code, "nobody listens at %s port %u any more (after %llu transactions)", run->job->peer,
			       run->job->port, (unsigned long long) run->transactions);
	return err_sys(err, code, "datagrams to %s port %u", run->job->peer, run->job->port);
}

/* One wait for a reply.  1: not yet. */
static int udp_receive(struct run *run, struct udp *u)
{
	ssize_t n = sock_recv(u->fd, u->response, run->job->response_bytes + 1);

	if (n == (ssize_t) run->job->response_bytes && !memcmp(u->response, u->request, u->seq_bytes))
		return 0;
	if (n >= 0)
		run->late++;
	else if (errno != EAGAIN && (errno != EINTR || run_ending(run)))
		return -errno;
	return 1;
}

static int udp_once(struct run *run, void *ctx, struct err *err)
{
	uint64_t patience = run->job->timeout_ms * 1000000ull;
	struct udp *u = ctx;
	int r;

	u->seq++;
	memcpy(u->request, &u->seq, u->seq_bytes);
	while (sock_send(u->fd, u->request, run->job->request_bytes) < 0)
		if (errno != EINTR || run_ending(run))
			return udp_explain(run, -errno, err);
	while ((r = udp_receive(run, u)) == 1)
		if (run_now(run) - run->sent_ns >= patience)
			return 1;
	return r == 0 ? 0 : udp_explain(run, r, err);
}

/* Until the server has answered; a peer that never does is ended by its silence. */
static int hello_exchange(struct run *run, struct udp *u, struct err *err)
{
	char hello[HELLO_BYTES], answer[MAGIC_BYTES + 1];

	hello_make(run->job, hello);
	recv_timeout_set(u->fd, HELLO_MS);
	for (;;) {
		ssize_t n = sock_send(u->fd, hello, sizeof(hello));

		if (n == sizeof(hello))
			n = sock_recv(u->fd, answer, sizeof(answer));
		if (n == MAGIC_BYTES && !memcmp(answer, MAGIC, MAGIC_BYTES))
			break;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return udp_explain(run, -errno, err);
		if (run_ending(run))
			return run_interrupted(run, err);
	}
	recv_timeout_set(u->fd, run->job->timeout_ms);
	return 0;
}

static int udp_connect(struct run *run, struct udp *u, struct err *err)
{
	struct address to;
	int r = address_of(run->job, &to, err);

	if (r < 0)
		return r;
	u->fd = socket(to.sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (u->fd < 0)
		return err_sys(err, -errno, "socket");
	if (connect(u->fd, (struct sockaddr *) &to.sa, to.len) < 0)
		return err_sys(err, -errno, "connect to %s port %u", run->job->peer, run->job->port);
	return 0;
}

static int udp_rr_client(struct run *run, struct err *err)
{
	AUTO(udp_free) struct udp u;
	int r;

	udp_init(&u, run->job);
	r = udp_connect(run, &u, err);
	if (r == 0)
		r = hello_exchange(run, &u, err);
	if (r == 0)
		r = pace_client(run, udp_once, &u, err);
	return run_outcome(run, r);
}

/* Wait for a datagram with the token, and from then on for nobody else's. */
static int peer_await(struct run *run, struct udp *u, struct err *err)
{
	struct sockaddr_storage from;

	for (;;) {
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(u->fd, u->request, HELLO_BYTES + 1, 0, (struct sockaddr *) &from, &len);

		if (run_ending(run))
			return run_interrupted(run, err);
		if (n >= 0 && hello_good(run->job, u->request, n)) {
			if (connect(u->fd, (struct sockaddr *) &from, len) < 0)
				return err_sys(err, -errno, "connect back to the client");
			return sock_send(u->fd, MAGIC, MAGIC_BYTES) < 0 ? err_sys(err, -errno, "answer the client") : 0;
		}
		run->strangers += n >= 0;
		if (n < 0 && errno != EINTR)
			return err_sys(err, -errno, "receive");
	}
}

/* One request; a client that is gone or a full queue is no failure of the server. */
static int udp_serve_one(struct run *run, struct udp *u, struct err *err)
{
	ssize_t n = sock_recv(u->fd, u->request, run->job->request_bytes > HELLO_BYTES ? run->job->request_bytes : HELLO_BYTES);

	if (n < 0) {
		if (run_ending(run))
			return run_interrupted(run, err);
		return errno == EINTR || errno == ECONNREFUSED ? 0 : err_sys(err, -errno, "receive");
	}
	if (hello_good(run->job, u->request, n)) {
		(void) !sock_send(u->fd, MAGIC, MAGIC_BYTES);
		return 0;
	}
	memcpy(u->response, u->request, u->seq_bytes);
	if (sock_send(u->fd, u->response, run->job->response_bytes) >= 0)
		run->transactions++;
	return run_ending(run) ? run_interrupted(run, err) : 0;
}

static int udp_rr_server(struct run *run, struct err *err)
{
	AUTO(udp_free) struct udp u;
	int r;

	udp_init(&u, run->job);
	r = sock_bind_udp(run, &u.fd, err);
	if (r == 0)
		r = peer_await(run, &u, err);
	run->begin_ns = run_now(run);
	while (r == 0)
		r = udp_serve_one(run, &u, err);
	run->end_ns = run_now(run);
	return run_outcome(run, r);
}

const struct workload workload_udp_rr = {
	.name = "udp-rr",
	.brief = "request and response in UDP datagrams; losses are counted",
	.measure = MEASURE_TIME,
	.peer = true,
	.rate = true,
	.sizes = true,
	.timeout = true,
	.min_bytes = 1,
	.max_bytes = 65507,
	.client = udp_rr_client,
	.server = udp_rr_server,
};
