/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run - spawn, collect what it says, wait.
 *
 * The end of the program decides, not the end of its pipes: a daemon that it
 * left behind may hold them open for ever.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/sink.h"
#include "base/spawn.h"
#include "base/stop.h"
#include "base/text.h"
#include "base/vec.h"

#define KEEP_BYTES (1u << 20)
#define GRACE_NS   (2 * NS_PER_S)

struct tap {
	int fd; /* read end, -1 = at its end or not asked for */
	struct sink said;
};

/* False at the end of the pipe. */
static bool drain(struct tap *t)
{
	char buf[8192];
	ssize_t n;

	while ((n = read(t->fd, buf, sizeof(buf))) > 0) {
		size_t room = t->said.len < KEEP_BYTES ? KEEP_BYTES - t->said.len : 0;

		/* Read on when full: a program that blocks on its output never ends. */
		sink_putn(&t->said, buf, (size_t) n < room ? (size_t) n : room);
	}
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static void serve(struct tap *t)
{
	if (t->fd >= 0 && !drain(t)) {
		close(t->fd);
		t->fd = -1;
	}
}

/* 0 ended, -ETIME, -EINTR. */
static int listen_to(struct child *c, struct tap taps[2], uint64_t deadline, bool heed_stop, struct child_end *ret)
{
	for (;;) {
		struct pollfd p[] = {
			{ .fd = c->pidfd, .events = POLLIN },
			{ .fd = taps[0].fd, .events = POLLIN },
			{ .fd = taps[1].fd, .events = POLLIN },
			{ .fd = heed_stop ? stop_fd() : -1, .events = POLLIN },
		};
		int n = poll(p, ARRAY_SIZE(p), deadline ? clock_left_ms(deadline) : -1);

		if (n < 0 && errno != EINTR)
			return -errno;
		serve(&taps[0]);
		serve(&taps[1]);
		if (n > 0 && p[0].revents) {
			serve(&taps[0]); /* what came between the read and the end */
			serve(&taps[1]);
			return child_wait(c, 0, ret);
		}
		if (heed_stop && stop_wanted())
			return -EINTR;
		if (deadline && clock_ns() >= deadline)
			return -ETIME;
	}
}

/* Make a pipe for one output when the caller gave no fd for it; *ret_write is to be closed after spawn(). */
static int tap_open(struct tap *t, int *fd, int *ret_write)
{
	int fds[2];

	*t = (struct tap){ .fd = -1 };
	sink_put(&t->said, "");
	*ret_write = -1;
	if (*fd >= 0)
		return 0;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	t->fd = fds[0];
	*fd = *ret_write = fds[1];
	return 0;
}

static void tap_close(struct tap *t)
{
	if (t->fd >= 0)
		close(t->fd);
	sink_free(&t->said);
}

static int complain(int r, const struct argv *argv, uint64_t timeout_ns, struct err *err)
{
	AUTO_FREE char *words = argv_text(argv);
	char limit[32];

	if (r == -ETIME)
		return err_set(err, r, "%.300s did not end within %s and was stopped", words,
			       text_seconds(limit, sizeof(limit), (double) timeout_ns / 1e9));
	if (r == -EINTR)
		return err_set(err, r, "%.300s was stopped, as asked", words);
	return err_sys(err, r, "cannot wait for %.300s", words);
}

static int run_tapped(struct run_result *ret, struct tap taps[2], const struct argv *argv, struct spawn_opts *o,
		      uint64_t timeout_ns, struct err *err)
{
	struct child c = CHILD_INIT;
	struct child_end end;
	int writes[2] = { -1, -1 };
	int r = tap_open(&taps[0], &o->out, &writes[0]);

	if (r == 0)
		r = tap_open(&taps[1], &o->err, &writes[1]);
	r = r < 0 ? err_sys(err, r, "cannot make a pipe for %s", argv->n ? argv->at[0] : "") : spawn(&c, argv, o, err);
	for (int i = 0; i < 2; i++)
		if (writes[i] >= 0)
			close(writes[i]);
	if (r < 0)
		return r;
	r = listen_to(&c, taps, timeout_ns ? clock_ns() + timeout_ns : 0, o->heed_stop, &end);
	if (r < 0) {
		child_stop(&c, GRACE_NS);
		return complain(r, argv, timeout_ns, err);
	}
	*ret = (struct run_result){ .end = end, .out = TAKE(taps[0].said.text), .err = TAKE(taps[1].said.text) };
	return 0;
}

int run(struct run_result *ret, const struct argv *argv, const struct spawn_opts *opts, uint64_t timeout_ns, struct err *err)
{
	struct spawn_opts o = SPAWN_OPTS_INIT;
	struct tap taps[2] = { { .fd = -1 }, { .fd = -1 } };
	int r;

	if (opts)
		o = *opts;
	r = run_tapped(ret, taps, argv, &o, timeout_ns, err);
	tap_close(&taps[0]);
	tap_close(&taps[1]);
	return r;
}

void run_result_free(struct run_result *r)
{
	free(r->out);
	free(r->err);
	*r = (struct run_result){ 0 };
}

int run_well(const struct argv *argv, const struct spawn_opts *opts, uint64_t timeout_ns, struct err *err)
{
	AUTO(run_result_free) struct run_result said = { 0 };
	AUTO_FREE char *words = NULL;
	const char *complaint;
	char end[64];
	int r = run(&said, argv, opts, timeout_ns, err);

	if (r < 0 || (!said.end.signalled && said.end.code == 0))
		return r;
	words = argv_text(argv);
	complaint = said.err ? text_trim(said.err) : "";
	return err_set(err, -EIO, "%.300s: %s%s%.400s", words, child_end_text(said.end, end, sizeof(end)), *complaint ? ": " : "",
		       complaint);
}
