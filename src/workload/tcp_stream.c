/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp-stream - as many bytes as go through, counted where they arrive.
 *
 * `up`: the client sends, the server counts, and tells the client at the end
 * over the same connection, so that the client's record holds both directions.
 * `down`: the server sends until the client, which counts, hangs up.  `both`:
 * one half of the time up, then one half down, on two connections that are
 * opened together at the beginning.
 *
 * The sender goes on a little longer than the receiver counts, so that the
 * last slice is a full one.  Buffers are 128 KiB, one system call each.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "workload/sock.h"
#include "workload/table.h"

#define BUFFER_BYTES (128 << 10)
#define MARGIN_NS    100000000u

struct stream {
	char *buffer;
	char uses[3];                   /* "u", "d" or "ud" */
	int fds[2];                     /* as uses */
};

static void hang_up(struct stream *s)
{
	for (int i = 0; i < 2; i++)
		if (s->fds[i] >= 0)
			close(TAKE_FD(s->fds[i]));
}

static void stream_free(struct stream *s)
{
	hang_up(s);
	free(s->buffer);
}

static void stream_init(struct stream *s, const struct job *job)
{
	size_t n = 0;

	*s = (struct stream){ .fds = { -1, -1 }, .buffer = xalloc(1, BUFFER_BYTES) };
	for (size_t i = 0; i < BUFFER_BYTES; i++)
		s->buffer[i] = (char) (i * 7);
	if (job->direction != DIRECTION_DOWN)
		s->uses[n++] = USE_UP;
	if (job->direction != DIRECTION_UP)
		s->uses[n++] = USE_DOWN;
}

/* Send until then; 0 = until the other side hangs up. */
static int send_until(struct run *run, const struct stream *s, int fd, uint64_t until)
{
	int r = 0;

	while (r == 0 && (!until || run_now(run) < until)) {
		if (run_ending(run))
			return -EINTR;
		r = sock_send_all(run, fd, s->buffer, BUFFER_BYTES);
		run_beat(run);
	}
	return r;
}

/* Count until the slices are over (1) or the sender has finished (0). */
static int receive_into(struct run *run, const struct stream *s, int fd, struct flow *flow)
{
	for (;;) {
		ssize_t n = sock_recv(fd, s->buffer, BUFFER_BYTES);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (run_ending(run))
			return -EINTR;
		if (n == 0)
			return 0;
		run_beat(run);
		run->transactions++;
		if (n > 0 && !flow_add(flow, run_now(run), (uint64_t) n))
			return 1;
	}
}

/* The whole of it, counted or not. */
static int drain(struct run *run, const struct stream *s, int fd)
{
	ssize_t n;

	do {
		n = sock_recv(fd, s->buffer, BUFFER_BYTES);
		if (run_ending(run))
			return -EINTR;
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? -errno : 0;
}

static int client_up(struct run *run, const struct stream *s, int fd)
{
	struct flow *f = &run->up;
	uint64_t until = run_now(run) + f->warmup_ns + f->cap * f->slice_ns + MARGIN_NS;
	char count[8];
	int r = send_until(run, s, fd, until);

	shutdown(fd, SHUT_WR);
	if (r == 0)
		r = sock_recv_all(run, fd, count, sizeof(count));
	if (r == 0 && !flow_unpack_count(f, count))
		return -EPROTO;
	if (r == 0)
		r = sock_recv_all(run, fd, f->bytes, f->n * sizeof(*f->bytes));
	if (r == 0)
		flow_unpack(f, f->bytes);
	return r;
}

static int client_down(struct run *run, const struct stream *s, int fd)
{
	int r = receive_into(run, s, fd, &run->down);

	return r == 1 ? 0 : r == 0 ? -EPIPE : r;
}

static int client_connect(struct run *run, struct stream *s, struct err *err)
{
	struct address to;
	int r = address_of(run->job, &to, err);

	for (int i = 0; r == 0 && s->uses[i]; i++)
		r = sock_hail(run, &to, s->uses[i], &s->fds[i], err);
	return r;
}

static int tcp_stream_client(struct run *run, struct err *err)
{
	AUTO(stream_free) struct stream s;
	int r;

	stream_init(&s, run->job);
	r = client_connect(run, &s, err);
	if (r < 0)
		return run_outcome(run, r);
	run->begin_ns = run_now(run);
	for (int i = 0; r == 0 && s.uses[i]; i++)
		r = s.uses[i] == USE_UP ? client_up(run, &s, s.fds[i]) : client_down(run, &s, s.fds[i]);
	run->end_ns = run_now(run);
	return run_outcome(run, r == 0 ? 0 : sock_explain(run, r, err));
}

static int server_up(struct run *run, const struct stream *s, int fd)
{
	AUTO_FREE char *packed = NULL;
	int r;

	flow_clear(&run->up);
	r = receive_into(run, s, fd, &run->up);
	if (r == 1)
		r = drain(run, s, fd);
	if (r < 0)
		return r;
	packed = xalloc(1, flow_packed_size(&run->up));
	flow_pack(&run->up, packed);
	return sock_send_all(run, fd, packed, flow_packed_size(&run->up));
}

static int server_peer(struct run *run, struct stream *s, int listen_fd, struct err *err)
{
	int r = sock_await(run, listen_fd, s->uses, s->fds, err);

	if (r < 0)
		return r;
	if (!run->begin_ns)
		run->begin_ns = run_now(run);
	for (int i = 0; r == 0 && s->uses[i]; i++)
		r = s->uses[i] == USE_UP ? server_up(run, s, s->fds[i]) : send_until(run, s, s->fds[i], 0);
	run->end_ns = run_now(run);
	hang_up(s);
	return sock_peer_left(run, r, err);
}

static int tcp_stream_server(struct run *run, struct err *err)
{
	AUTO(stream_free) struct stream s;
	AUTO_CLOSE int listen_fd = -1;
	int r;

	stream_init(&s, run->job);
	r = sock_listen(run, 64, 0, &listen_fd, err);
	while (r == 0)
		r = server_peer(run, &s, listen_fd, err);
	return run_outcome(run, r);
}

const struct workload workload_tcp_stream = {
	.name = "tcp-stream",
	.brief = "bulk data over one TCP connection: throughput, counted at the receiver",
	.measure = MEASURE_THROUGHPUT,
	.peer = true,
	.direction = true,
	.client = tcp_stream_client,
	.server = tcp_stream_server,
};
