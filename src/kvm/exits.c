/* SPDX-License-Identifier: Apache-2.0 */
#include "kvm/exits.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/vec.h"
#include "kvm/runner.h"

#define LOOK_MS     100
#define REAP_NS     (10 * NS_PER_S)     /* a killed process that lives longer hangs in the kernel */
#define REAP_LOOK_NS (2 * NS_PER_MS)
/* An exit takes the CPU a thousand times as long as a turn of a loop; emulated, both take about the same. */
#define EMULATED    20

struct exits {
	struct exits_opts opts;
	struct exits_shared *shared;
	pid_t child;                    /* 0 = none */
	int line;
};

/* 0: the child said something; -ETIME, -EINTR, -EPIPE (it died). */
static int child_word(struct exits *x, uint64_t deadline_ns)
{
	struct pollfd p = { .fd = x->line, .events = POLLIN };
	char word;

	for (;;) {
		int left = clock_left_ms(deadline_ns), r;

		if (x->opts.ending && x->opts.ending(x->opts.ctx))
			return -EINTR;
		r = poll(&p, 1, left < LOOK_MS ? left : LOOK_MS);
		if (r > 0)
			return read(x->line, &word, 1) == 1 ? 0 : -EPIPE;
		if (r < 0 && errno != EINTR)
			return -errno;
		if (left == 0)
			return -ETIME;
	}
}

static int explain(int r, const char *when, struct err *err)
{
	if (r == -ETIME)
		return err_set(err, r, "the guest does not come back %s: its vCPU hangs in KVM", when);
	if (r == -EPIPE)
		return err_set(err, r, "the process that ran the guest died %s", when);
	return r == -EINTR ? err_set(err, r, "stopped") : err_sys(err, r, "run the guest");
}

static int child_fork(struct exits *x, struct err *err)
{
	int line[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, line) < 0)
		return err_sys(err, -errno, "a line to the guest's process");
	x->child = fork();
	if (x->child == 0) {
		close(line[0]);
		runner_main(x->shared, line[1], x->opts.prices);
	}
	close(line[1]);
	x->line = line[0];
	if (x->child < 0) {
		x->child = 0;
		return err_sys(err, -errno, "a process for the guest");
	}
	return 0;
}

int exits_open(struct exits **ret, const struct exits_opts *opts, uint64_t deadline_ns, struct err *err)
{
	AUTO(exits_closep) struct exits *x = xalloc(1, sizeof(*x));
	void *shared = mmap(NULL, sizeof(*x->shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int r;

	x->line = -1;
	x->opts = *opts;
	if (shared == MAP_FAILED)
		return err_sys(err, -errno, "no memory for the guest's samples");
	x->shared = shared;
	r = child_fork(x, err);
	if (r < 0)
		return r;
	r = child_word(x, deadline_ns);
	if (r < 0)
		return explain(r, "while it is made", err);
	if (x->shared->failed.code)
		return err_set(err, x->shared->failed.code, "%s", x->shared->failed.text);
	*ret = TAKE(x);
	return 0;
}

int exits_round(struct exits *x, uint64_t deadline_ns, struct err *err)
{
	int r = write(x->line, "r", 1) == 1 ? child_word(x, deadline_ns) : -EPIPE;

	return r < 0 ? explain(r, "from its code", err) : 0;
}

const struct exits_shared *exits_seen(const struct exits *x)
{
	return x->shared;
}

static void reap(pid_t child)
{
	uint64_t deadline = clock_ns() + REAP_NS;

	kill(child, SIGKILL);
	while (waitpid(child, NULL, WNOHANG) == 0 && clock_ns() < deadline)
		clock_sleep_ns(REAP_LOOK_NS);
}

void exits_close(struct exits *x)
{
	if (!x)
		return;
	if (x->child)
		reap(x->child);
	if (x->line >= 0)
		close(x->line);
	if (x->shared)
		munmap(x->shared, sizeof(*x->shared));
	free(x);
}

/* ---- what the samples say ---- */

double exits_ns(const struct exits_shared *s, enum price p, uint64_t ticks)
{
	/* A timer that comes early by the clocks' disagreement is on time. */
	if (ticks >> 63)
		return 0;
	return (double) ticks * 1e6 / s->tsc_khz / (price_rows[p].divide ? price_rows[p].divide : 1);
}

static int by_size(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double median_ns(const struct exits_shared *s, enum price p)
{
	const struct exits_row *row = &s->rows[p];
	uint64_t sorted[PRICE_SAMPLES];

	memcpy(sorted, row->ticks, row->n * sizeof(sorted[0]));
	qsort(sorted, row->n, sizeof(sorted[0]), by_size);
	return exits_ns(s, p, sorted[row->n / 2]);
}

int exits_verdict(const struct exits_shared *s, struct err *err)
{
	static const enum price needed[] = { PRICE_LOOP, PRICE_CPUID };
	double turn, exit;

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		const struct exits_row *row = &s->rows[needed[i]];

		if (!row->n)
			return err_set(err, row->why.code ? row->why.code : -ENODATA, "%s",
				       row->why.code ? row->why.text : "the guest gave no samples");
	}
	turn = median_ns(s, PRICE_LOOP);
	exit = median_ns(s, PRICE_CPUID);
	if (turn * EMULATED > exit)
		return err_set(err, -ENOTSUP,
			       "it emulates guest code instead of letting the CPU run it: a turn of a loop of two instructions"
			       " takes %.0f ns, an exit %.0f ns",
			       turn, exit);
	return 0;
}
