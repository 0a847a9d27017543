/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wait - a run that is up waits for two things: its workload's end, and signals.
 *
 *	SIGTERM, SIGINT, SIGHUP   ask the workload to end, and end it after a grace
 *	the same again, SIGQUIT   end it now
 *
 * What a terminal sends by itself (Ctrl-C, Ctrl-\) goes to every process in
 * it.  A command that shares the terminal has had it already, and may have its
 * own meaning for it, as a shell has: then it is none of our business.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"
#include "run/parts.h"

int run_poll(int pidfd, int fd, uint64_t deadline_ns, struct err *err)
{
	struct pollfd p[] = { { .fd = pidfd, .events = POLLIN }, { .fd = fd, .events = POLLIN } };

	for (;;) {
		int n = poll(p, 2, clock_left_ms(deadline_ns));

		if (n < 0 && errno != EINTR)
			return err_sys(err, -errno, "waiting for the workload");
		if (p[0].revents)
			return 0;
		if (p[1].revents)
			return 1;
		if (n == 0 && clock_ns() >= deadline_ns)
			return err_set(err, -ETIME, "the workload goes on");
		p[0].revents = p[1].revents = 0;
	}
}

/* From here on signals are read, not delivered; one that came just before counts too. */
static int open_signals(const struct run *run, struct err *err)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGQUIT);
	if (!run->detached)
		sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return err_sys(err, -errno, "cannot hold signals back");
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_sys(err, -errno, "cannot read signals") : fd;
}

static void record_stopping(struct run *run)
{
	struct err err = { 0 };

	run->record.state = RUN_STOPPING;
	if (registry_write(&run->claim, &run->record, &err) < 0)
		log_debug("%s", err.text);
}

struct stopping {
	bool asked, killed;
	uint64_t deadline;
};

static void end_now(struct run *run, struct stopping *s)
{
	s->killed = true;
	s->deadline = UINT64_MAX;
	run->ops->kill(run);
}

static void heed(struct run *run, struct stopping *s, int sig)
{
	run->end.asked = true;
	if (s->killed)
		return;
	if (s->asked || sig == SIGQUIT) {
		end_now(run, s);
		return;
	}
	s->asked = true;
	s->deadline = clock_ns() + run->spec->grace_ns;
	record_stopping(run);
	run->ops->ask(run, sig);
}

/* One signal, or none any more. */
static void read_signal(struct run *run, struct stopping *s, int fd)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != (ssize_t) sizeof(info))
		return;
	if (run->ops->in_terminal && !run->detached && info.ssi_code == SI_KERNEL && info.ssi_signo != SIGHUP)
		return;
	heed(run, s, (int) info.ssi_signo);
}

int run_wait(struct run *run, struct err *err)
{
	struct stopping s = { .deadline = UINT64_MAX };
	AUTO_CLOSE int fd = open_signals(run, err);

	if (fd < 0)
		return fd;
	if (stop_wanted())
		heed(run, &s, stop_signal());
	for (;;) {
		struct err late = { 0 };
		int r = run->ops->wait(run, fd, s.deadline, &late);

		if (r == 1)
			read_signal(run, &s, fd);
		else if (r == -ETIME)
			end_now(run, &s);
		else if (r < 0)
			return err_set(err, r, "%s", late.text);
		else
			return 0;
	}
}
