/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp-crr - connect, request, response, close: the life of a short connection.
 *
 * The token travels in front of every request, in the same segment.  The
 * server closes first, so the connection waits out its TIME_WAIT on the
 * server, and the client's ports are free again at once: a client that closed
 * first would run out of its 28 000 ports within seconds.  A transaction ends
 * when the client has read the end of file.
 *
 * The server is told of a connection when its data is there (TCP_DEFER_ACCEPT),
 * so it never waits for somebody who connects and says nothing.  The token
 * arrives in one piece or not at all: it fits into any first segment.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "workload/pace.h"
#include "workload/sock.h"
#include "workload/table.h"

struct crr {
	struct address to;
	char *request;                  /* token first */
	char *response;
};

static void crr_free(struct crr *crr)
{
	free(crr->request);
	free(crr->response);
}

static void crr_init(struct crr *crr, const struct job *job)
{
	crr->request = xalloc(1, TOKEN_BYTES + job->request_bytes);
	crr->response = xalloc(1, job->response_bytes);
	memcpy(crr->request, job->token, TOKEN_BYTES);
}

/* The server has closed: nothing may come but the end of file. */
static int recv_end(struct run *run, int fd)
{
	char extra;
	int r = sock_recv_all(run, fd, &extra, 1);

	return r == -EPIPE ? 0 : r < 0 ? r : -EPROTO;
}

static int crr_once(struct run *run, void *ctx, struct err *err)
{
	struct crr *crr = ctx;
	AUTO_CLOSE int fd = -1;
	int r = sock_connect(run, &crr->to, &fd, err);

	if (r < 0)
		return r;
	r = sock_send_all(run, fd, crr->request, TOKEN_BYTES + run->job->request_bytes);
	if (r == 0)
		r = sock_recv_all(run, fd, crr->response, run->job->response_bytes);
	if (r == 0)
		r = recv_end(run, fd);
	return r == 0 ? 0 : sock_explain(run, r, err);
}

static int tcp_crr_client(struct run *run, struct err *err)
{
	AUTO(crr_free) struct crr crr = { 0 };
	int r = address_of(run->job, &crr.to, err);

	if (r < 0)
		return r;
	crr_init(&crr, run->job);
	return run_outcome(run, pace_client(run, crr_once, &crr, err));
}

/* What is there of the request, when it begins with the token; -EACCES for a stranger. */
static ssize_t first_part(struct run *run, int fd, char *request)
{
	ssize_t n = recv(fd, request, TOKEN_BYTES + run->job->request_bytes, MSG_DONTWAIT);

	if (n < TOKEN_BYTES || !token_equal(request, run->job->token))
		return -EACCES;
	return n;
}

static int crr_serve(struct run *run, struct crr *crr, int fd)
{
	size_t all = TOKEN_BYTES + run->job->request_bytes;
	ssize_t n = first_part(run, fd, crr->request);
	int r;

	if (n < 0) {
		run->strangers++;
		return 0;
	}
	r = sock_recv_all(run, fd, crr->request + n, all - (size_t) n);
	if (r == 0)
		r = sock_send_all(run, fd, crr->response, run->job->response_bytes);
	run->transactions += r == 0;
	return r;
}

static int crr_next(struct run *run, struct crr *crr, int listen_fd, struct err *err)
{
	AUTO_CLOSE int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);

	if (run_ending(run))
		return run_interrupted(run, err);
	if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
		return 0;
	if (fd < 0)
		return err_sys(err, -errno, "accept");
	if (!run->begin_ns)
		run->begin_ns = run_now(run);
	return sock_peer_left(run, crr_serve(run, crr, fd), err);
}

static int tcp_crr_server(struct run *run, struct err *err)
{
	AUTO(crr_free) struct crr crr = { 0 };
	AUTO_CLOSE int listen_fd = -1;
	int r = sock_listen(run, 1024, 1, &listen_fd, err);

	crr_init(&crr, run->job);
	while (r == 0)
		r = crr_next(run, &crr, listen_fd, err);
	run->end_ns = run_now(run);
	return run_outcome(run, r);
}

const struct workload workload_tcp_crr = {
	.name = "tcp-crr",
	.brief = "connect, request, response, close: the latency of short TCP connections",
	.measure = MEASURE_TIME,
	.peer = true,
	.rate = true,
	.sizes = true,
	.min_bytes = 1,
	.max_bytes = 1 << 20,
	.client = tcp_crr_client,
	.server = tcp_crr_server,
};
