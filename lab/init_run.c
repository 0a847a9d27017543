/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command: two pipes (or one terminal) whose other ends process 1 reads
 * and passes on, so that nothing in the lab can hold the line to the host.
 * When the command has ended, whatever else runs is killed; what is in the
 * pipes then is all there will be.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "init.h"
#include "wire.h"

#define DRAIN_NS  (30 * NS_PER_S) /* so long may one that is killed take to be gone; usually nothing */
#define JOB_GROUP "/sys/fs/cgroup/lab.slice/job.scope/cgroup.procs"

extern char **environ;

struct running {
	int port, children; /* signalfd of SIGCHLD */
	int out, err;       /* read ends; a terminal is out alone, and written to as well */
	pid_t pid;
	int status;
	bool ended;
};

static void join_group(void)
{
	int fd = open(JOB_GROUP, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "0", 1) < 0)
		init_say(JOB_GROUP, -errno);
	if (fd >= 0)
		close(fd);
}

_Noreturn static void be_command(const struct job *job, int in, int out, int err)
{
	sigset_t none;

	join_group();
	setsid();
	if (job->tty)
		ioctl(in, TIOCSCTTY, 0);
	dup2(in, 0);
	dup2(out, 1);
	dup2(err, 2);
	closefrom(3);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (chdir(job->folder) < 0)
		fprintf(stderr, "lab: cannot change to %s: %s\n", job->folder, strerror(errno));
	environ = job->env;
	execvp(job->argv[0], job->argv);
	fprintf(stderr, "lab: cannot run %s: %s\n", job->argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static int start_piped(struct running *r, const struct job *job)
{
	int out[2], err[2], null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (null < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0)
		return -errno;
	r->pid = fork();
	if (r->pid == 0)
		be_command(job, null, out[1], err[1]);
	close(null);
	close(out[1]);
	close(err[1]);
	r->out = out[0];
	r->err = err[0];
	return r->pid < 0 ? -errno : 0;
}

static int start_terminal(struct running *r, const struct job *job)
{
	int terminal, theirs;

	if (openpty(&terminal, &theirs, NULL, NULL, NULL) < 0)
		return -errno;
	fcntl(terminal, F_SETFD, FD_CLOEXEC);
	r->pid = fork();
	if (r->pid == 0)
		be_command(job, theirs, theirs, theirs);
	close(theirs);
	r->out = terminal;
	return r->pid < 0 ? -errno : 0;
}

/* One bite; closes the fd at its end (a terminal whose users are gone says EIO). */
static void pass_on(struct running *r, int *fd, uint32_t type)
{
	char buf[32768];
	ssize_t n = read(*fd, buf, sizeof(buf));

	if (n > 0) {
		frame_send(r->port, type, buf, (uint32_t) n);
	} else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
		close(*fd);
		*fd = -1;
	}
}

static void reap(struct running *r)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	while (read(r->children, &info, sizeof(info)) > 0)
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == r->pid) {
			r->status = status;
			r->ended = true;
		}
	}
}

/* Only a person at a terminal says anything. */
static void heed_host(struct running *r)
{
	struct lab_frame head;
	char data[4096];

	if (read(r->port, &head, sizeof(head)) != (ssize_t) sizeof(head) || head.len > sizeof(data))
		return;
	if (head.len && read(r->port, data, head.len) != (ssize_t) head.len)
		return;
	if (head.type == LAB_IN && r->out >= 0) {
		(void) !write(r->out, data, head.len);
	} else if (head.type == LAB_SIZE && r->out >= 0 && head.len == sizeof(struct lab_size)) {
		struct lab_size size;
		struct winsize w;

		memcpy(&size, data, sizeof(size));
		w = (struct winsize){ .ws_row = size.rows, .ws_col = size.columns };
		ioctl(r->out, TIOCSWINSZ, &w);
	}
}

static void serve(struct running *r, int timeout_ms, bool heed)
{
	struct pollfd p[] = {
		{ .fd = r->out, .events = POLLIN },
		{ .fd = r->err, .events = POLLIN },
		{ .fd = r->children, .events = POLLIN },
		{ .fd = heed ? r->port : -1, .events = POLLIN },
	};

	if (poll(p, ARRAY_SIZE(p), timeout_ms) <= 0)
		return;
	if (p[0].revents)
		pass_on(r, &r->out, LAB_OUT);
	if (p[1].revents)
		pass_on(r, &r->err, LAB_ERR);
	if (p[2].revents)
		reap(r);
	if (p[3].revents & POLLIN)
		heed_host(r);
}

static int watch_children(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

void job_run(int port, const struct job *job, struct farewell *ret)
{
	struct running r = { .port = port, .out = -1, .err = -1, .children = watch_children() };
	uint64_t deadline;
	int32_t status;

	if ((job->tty ? start_terminal(&r, job) : start_piped(&r, job)) < 0) {
		farewell_fail(ret, "cannot start a process", -errno);
		return;
	}
	while (!r.ended)
		serve(&r, -1, job->tty);
	kill(-1, SIGKILL);
	deadline = clock_ns() + DRAIN_NS;
	while ((r.out >= 0 || r.err >= 0) && clock_ns() < deadline)
		serve(&r, clock_left_ms(deadline), false);
	root_leave(job);
	status = r.status;
	*ret = (struct farewell){ .type = LAB_EXIT, .len = sizeof(status) };
	memcpy(ret->data, &status, sizeof(status));
}
