/* SPDX-License-Identifier: Apache-2.0 */
#include "run/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"

#define AGAIN_MS 50 /* nothing tells when somebody opens a terminal again */

bool tty_is_there(void)
{
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

void tty_size(unsigned short *rows, unsigned short *columns)
{
	struct winsize size = { 0 };

	(void) ioctl(STDIN_FILENO, TIOCGWINSZ, &size);
	*rows = size.ws_row;
	*columns = size.ws_col;
}

/* ---- put back, whatever happens ---- */

static void restore(const struct termios *before)
{
	while (tcsetattr(STDIN_FILENO, TCSANOW, before) < 0 && errno == EINTR)
		;
}

/* A session of its own: no key and no hangup of this terminal reaches it, and changing one that is not its own is no offence. */
static void __attribute__((noreturn)) guard_main(int fd, const struct termios *before)
{
	sigset_t all;
	char word;
	ssize_t n;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setsid();
	dup2(fd, STDOUT_FILENO);
	close_range(STDERR_FILENO, ~0u, 0);
	do
		n = read(STDOUT_FILENO, &word, 1);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		restore(before);
	_exit(0);
}

static int guard_start(struct tty *t, struct err *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(err, -errno, "no pipe for who looks after the terminal");
	t->guard = fork();
	if (t->guard == 0) {
		close(fds[1]);
		guard_main(fds[0], &t->before);
	}
	close(fds[0]);
	t->guard_pipe = fds[1];
	return t->guard < 0 ? err_sys(err, -errno, "no process to look after the terminal") : 0;
}

static void guard_end(struct tty *t)
{
	if (t->guard_pipe < 0)
		return;
	if (write(t->guard_pipe, "", 1) < 0)
		log_debug("nobody looked after the terminal");
	close(TAKE_FD(t->guard_pipe));
	while (t->guard > 0 && waitpid(t->guard, NULL, 0) < 0 && errno == EINTR)
		;
}

/* ---- from one to the other ---- */

static void pass_size(const struct tty *t)
{
	struct winsize size;

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
		(void) ioctl(t->inner, TIOCSWINSZ, &size);
}

static int go_raw(struct tty *t, struct err *err)
{
	struct termios raw = t->before;

	cfmakeraw(&raw);
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) < 0)
		return err_sys(err, -errno, "the terminal cannot be made raw");
	t->raw = true;
	return 0;
}

/* A change of size is read as a signal; one that nobody handles would be dropped if it were not held back. */
static int hear_resizes(struct tty *t, struct err *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == 0)
		t->resized = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return t->resized < 0 ? err_sys(err, -errno, "changes of the terminal's size cannot be heard") : 0;
}

int tty_begin(struct tty *t, int inner, struct err *err)
{
	int r;

	if (tcgetattr(STDIN_FILENO, &t->before) < 0 || fcntl(inner, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
		return err_sys(err, -errno, "the terminal cannot be lent to the container");
	t->inner = inner;
	r = hear_resizes(t, err);
	if (r == 0)
		r = guard_start(t, err);
	if (r == 0)
		r = go_raw(t, err);
	if (r == 0)
		pass_size(t);
	return r;
}

void tty_end(struct tty *t)
{
	if (t->raw)
		restore(&t->before);
	guard_end(t);
	if (t->resized >= 0)
		close(t->resized);
	*t = (struct tty) TTY_INIT;
}

/* False: nothing more for now. */
static bool say(struct tty *t)
{
	char words[TTY_CHUNK];
	ssize_t n = read(t->inner, words, sizeof(words)), done = 0;

	t->idle = n == 0 || (n < 0 && errno == EIO);
	while (done < n) {
		ssize_t put = write(STDOUT_FILENO, words + done, (size_t) (n - done));

		if (put < 0 && errno != EINTR)
			return false; /* the terminal has gone: SIGHUP is on its way */
		done += put > 0 ? put : 0;
	}
	return n > 0;
}

static void type(struct tty *t)
{
	ssize_t n = write(t->inner, t->keys, t->n_keys);

	if (n <= 0)
		return;
	t->n_keys -= (size_t) n;
	memmove(t->keys, t->keys + n, t->n_keys);
}

static void hear_keys(struct tty *t)
{
	ssize_t n = read(STDIN_FILENO, t->keys, sizeof(t->keys));

	if (n > 0)
		t->n_keys = (size_t) n;
	else if (n == 0 || errno != EINTR)
		t->in_ended = true;
}

static void hear_size(struct tty *t)
{
	struct signalfd_siginfo info;

	while (read(t->resized, &info, sizeof(info)) > 0)
		pass_size(t);
}

static int wait_ms(const struct tty *t, uint64_t deadline_ns)
{
	int left = clock_left_ms(deadline_ns);

	return t->idle && (left < 0 || left > AGAIN_MS) ? AGAIN_MS : left;
}

int tty_poll(struct tty *t, int pidfd, int fd, uint64_t deadline_ns, struct err *err)
{
	for (;;) {
		struct pollfd p[] = {
			{ .fd = pidfd, .events = POLLIN },
			{ .fd = fd, .events = POLLIN },
			{ .fd = t->resized, .events = POLLIN },
			{ .fd = t->in_ended || t->n_keys ? -1 : STDIN_FILENO, .events = POLLIN },
			{ .fd = t->idle ? -1 : t->inner, .events = (short) (t->n_keys ? POLLIN | POLLOUT : POLLIN) },
		};
		int n = poll(p, 5, wait_ms(t, deadline_ns));

		if (n < 0 && errno != EINTR)
			return err_sys(err, -errno, "waiting for the container");
		if (n < 0)
			continue;
		if (p[2].revents)
			hear_size(t);
		if (p[3].revents)
			hear_keys(t);
		if (p[4].revents & POLLOUT)
			type(t);
		if (p[0].revents) {
			while (say(t))
				;
			return 0;
		}
		if (p[4].revents & (POLLIN | POLLHUP | POLLERR) || t->idle)
			(void) say(t);
		if (p[1].revents)
			return 1;
		if (n == 0 && clock_ns() >= deadline_ns)
			return err_set(err, -ETIME, "the container goes on");
	}
}
