/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sock - data connections: who may open one, and bytes over it that a stop can interrupt.
 *
 * Every TCP connection begins with a hail: the token and one byte that names
 * its use.  A server turns away whoever does not hail within a second; any
 * number may try at once without keeping the peer waiting.
 */
#ifndef WORKLOAD_SOCK_H
#define WORKLOAD_SOCK_H

#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/err.h"
#include "workload/run.h"

#define USE_RR   'r'
#define USE_UP   'u'
#define USE_DOWN 'd'
#define HAIL_BYTES (TOKEN_BYTES + 1)

struct address {
	struct sockaddr_storage sa;
	socklen_t len;
};

/* The job's peer and port; an empty peer is every IPv4 address of this machine. */
int address_of(const struct job *job, struct address *ret, struct err *err);

/* A TCP server's door.  defer_s > 0: who connects is not accepted before data is there, at most about so long. */
int sock_listen(struct run *run, int backlog, int defer_s, int *ret_fd, struct err *err);
int sock_bind_udp(struct run *run, int *ret_fd, struct err *err);
/* Both tell run_listening() the port, when nothing is left to be done. */
int sock_connect(struct run *run, const struct address *to, int *ret_fd, struct err *err);      /* plain TCP, TCP_NODELAY */
int sock_hail(struct run *run, const struct address *to, char use, int *ret_fd, struct err *err); /* connect, hail, be accepted */
/* Wait until the peer holds one connection for every letter of `uses`; fds[i] is that of uses[i]. */
int sock_await(struct run *run, int listen_fd, const char *uses, int *fds, struct err *err);

/*
 * send(2) and recv(2) without the C library's cancellation points, which cost a
 * program of two threads some 20 ns a call.
 */
static inline ssize_t sock_send(int fd, const void *data, size_t n)
{
	return syscall(SYS_sendto, fd, data, n, MSG_NOSIGNAL, NULL, 0);
}

static inline ssize_t sock_recv(int fd, void *data, size_t n)
{
	return syscall(SYS_recvfrom, fd, data, n, 0, NULL, NULL);
}

/* What the first call left over; `done` is what that returned. */
int sock_send_rest(struct run *run, int fd, const void *data, size_t n, ssize_t done);
int sock_recv_rest(struct run *run, int fd, void *data, size_t n, ssize_t done);

/* All n bytes.  0, -EPIPE at end of file, -EINTR when the run is ending, other negative errno. */
static inline int sock_send_all(struct run *run, int fd, const void *data, size_t n)
{
	ssize_t done = sock_send(fd, data, n);

	return done == (ssize_t) n ? 0 : sock_send_rest(run, fd, data, n, done);
}

static inline int sock_recv_all(struct run *run, int fd, void *data, size_t n)
{
	/* A receive of nothing would wait for something. */
	ssize_t done = n ? sock_recv(fd, data, n) : 0;

	return done == (ssize_t) n ? 0 : sock_recv_rest(run, fd, data, n, done);
}

/* The sentence for what those returned, on a client: what happened to the peer. */
int sock_explain(struct run *run, int r, struct err *err);
/* On a server a peer that leaves is no failure: 0 for -EPIPE and -ECONNRESET. */
int sock_peer_left(struct run *run, int r, struct err *err);

#endif
