/* SPDX-License-Identifier: Apache-2.0 */
/* await - the door of a server: many may knock, only the peer with the token comes in, and nobody holds up the others. */
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "workload/sock.h"

#define GUESTS     16
#define PATIENCE_NS NS_PER_S

/* Somebody who has connected and not hailed in full yet. */
struct guest {
	int fd;
	uint64_t deadline;
	size_t got;
	unsigned char hail[HAIL_BYTES];
};

struct door {
	struct run *run;
	int listen_fd;
	const char *uses;
	int *fds;
	struct guest guests[GUESTS];
	size_t n;
};

static void guest_forget(struct door *d, size_t i)
{
	d->guests[i] = d->guests[--d->n];
}

static void guest_drop(struct door *d, size_t i)
{
	close(d->guests[i].fd);
	d->run->strangers++;
	guest_forget(d, i);
}

/* A full hall loses the one who has waited longest without a word. */
static void guest_make_room(struct door *d)
{
	size_t oldest = 0;

	if (d->n < GUESTS)
		return;
	for (size_t i = 1; i < d->n; i++)
		if (d->guests[i].deadline < d->guests[oldest].deadline)
			oldest = i;
	guest_drop(d, oldest);
}

static void guest_accept(struct door *d)
{
	int fd = accept4(d->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;         /* it left again, or a signal came */
	guest_make_room(d);
	d->guests[d->n++] = (struct guest){ .fd = fd, .deadline = clock_ns() + PATIENCE_NS };
}

/* Which of the uses this hail asks for, and that is still free; -1 for a stranger. */
static int hail_use(const struct door *d, const struct guest *g)
{
	const char *use = strchr(d->uses, g->hail[TOKEN_BYTES]);

	if (!token_equal(g->hail, d->run->job->token) || !g->hail[TOKEN_BYTES] || !use)
		return -1;
	return d->fds[use - d->uses] < 0 ? (int) (use - d->uses) : -1;
}

static void guest_admit(struct door *d, size_t i, int use)
{
	int fd = d->guests[i].fd, one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	d->fds[use] = fd;
	sock_send_all(d->run, fd, "k", 1);
	guest_forget(d, i);
}

/* Returns whether guest i is still there. */
static bool guest_listen(struct door *d, size_t i)
{
	struct guest *g = &d->guests[i];
	ssize_t n = recv(g->fd, g->hail + g->got, HAIL_BYTES - g->got, 0);
	int use;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	g->got += n > 0 ? (size_t) n : 0;
	if (n > 0 && g->got < HAIL_BYTES)
		return true;
	use = g->got == HAIL_BYTES ? hail_use(d, g) : -1;
	if (use < 0)
		guest_drop(d, i);
	else
		guest_admit(d, i, use);
	return false;
}

static int door_timeout_ms(const struct door *d)
{
	uint64_t first = UINT64_MAX;

	for (size_t i = 0; i < d->n; i++)
		if (d->guests[i].deadline < first)
			first = d->guests[i].deadline;
	return d->n ? clock_left_ms(first) : -1;
}

/* One wait, and whatever it brings.  Backwards, because leaving guests are replaced by the last one. */
static void door_turn(struct door *d)
{
	struct pollfd p[GUESTS + 1] = { { .fd = d->listen_fd, .events = POLLIN } };

	for (size_t i = 0; i < d->n; i++)
		p[i + 1] = (struct pollfd){ .fd = d->guests[i].fd, .events = POLLIN };
	if (poll(p, d->n + 1, door_timeout_ms(d)) < 0)
		return;
	for (size_t i = d->n; i-- > 0;) {
		bool there = !p[i + 1].revents || guest_listen(d, i);

		if (there && clock_ns() >= d->guests[i].deadline)
			guest_drop(d, i);
	}
	if (p[0].revents)
		guest_accept(d);
}

static bool all_there(const struct door *d)
{
	for (size_t i = 0; d->uses[i]; i++)
		if (d->fds[i] < 0)
			return false;
	return true;
}

int sock_await(struct run *run, int listen_fd, const char *uses, int *fds, struct err *err)
{
	struct door d = { .run = run, .listen_fd = listen_fd, .uses = uses, .fds = fds };
	bool complete;

	while (!(complete = all_there(&d)) && !run_ending(run))
		door_turn(&d);
	while (d.n)
		guest_drop(&d, d.n - 1);
	return complete ? 0 : run_interrupted(run, err);
}
