/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp-rr - one connection; request out, response back, one at a time.
 *
 * Two system calls a transaction on either side, blocking: the thread sleeps
 * in recv(2) and the wake-up of the other side is part of what is measured.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "workload/pace.h"
#include "workload/sock.h"
#include "workload/table.h"

struct rr {
	int fd;
	uint32_t request_bytes, response_bytes;
	char *request, *response;
};

static void rr_free(struct rr *rr)
{
	free(rr->request);
	free(rr->response);
	cleanup_close_(&rr->fd);
}

static void rr_init(struct rr *rr, const struct job *job)
{
	*rr = (struct rr){ .fd = -1, .request_bytes = job->request_bytes, .response_bytes = job->response_bytes };
	rr->request = xalloc(1, job->request_bytes);
	rr->response = xalloc(1, job->response_bytes);
}

static int rr_once(struct run *run, void *ctx, struct err *err)
{
	struct rr *rr = ctx;
	int r = sock_send_all(run, rr->fd, rr->request, rr->request_bytes);

	if (r == 0)
		r = sock_recv_all(run, rr->fd, rr->response, rr->response_bytes);
	return r == 0 ? 0 : sock_explain(run, r, err);
}

static int tcp_rr_client(struct run *run, struct err *err)
{
	AUTO(rr_free) struct rr rr = { .fd = -1 };
	struct address to;
	int r = address_of(run->job, &to, err);

	if (r < 0)
		return r;
	rr_init(&rr, run->job);
	r = sock_hail(run, &to, USE_RR, &rr.fd, err);
	if (r == 0)
		r = pace_client(run, rr_once, &rr, err);
	return run_outcome(run, r);
}

/* Until the peer leaves or somebody wants a stop. */
static int rr_serve(struct run *run, struct rr *rr)
{
	int r;

	while ((r = sock_recv_all(run, rr->fd, rr->request, rr->request_bytes)) == 0 &&
	       (r = sock_send_all(run, rr->fd, rr->response, rr->response_bytes)) == 0)
		run->transactions++;
	run->end_ns = run_now(run);
	return r;
}

static int rr_next_peer(struct run *run, int listen_fd, struct rr *rr, struct err *err)
{
	int r = sock_await(run, listen_fd, (const char[]){ USE_RR, '\0' }, &rr->fd, err);

	if (r < 0)
		return r;
	if (!run->begin_ns)
		run->begin_ns = run_now(run);
	r = sock_peer_left(run, rr_serve(run, rr), err);
	close(TAKE_FD(rr->fd));
	return r;
}

static int tcp_rr_server(struct run *run, struct err *err)
{
	AUTO(rr_free) struct rr rr = { .fd = -1 };
	AUTO_CLOSE int listen_fd = -1;
	int r = sock_listen(run, 64, 0, &listen_fd, err);

	rr_init(&rr, run->job);
	while (r == 0)
		r = rr_next_peer(run, listen_fd, &rr, err);
	return run_outcome(run, r);
}

const struct workload workload_tcp_rr = {
	.name = "tcp-rr",
	.brief = "request and response over one TCP connection: the latency of a round trip",
	.measure = MEASURE_TIME,
	.peer = true,
	.rate = true,
	.sizes = true,
	.min_bytes = 1,
	.max_bytes = 1 << 20,
	.client = tcp_rr_client,
	.server = tcp_rr_server,
};
