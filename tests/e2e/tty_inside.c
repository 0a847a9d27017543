/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tty_inside - the only program of a container whose terminal is tested: says
 * what it is attached to, what is typed, how large the window became, and
 * whether Ctrl-C came as a signal.  "q" ends it.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static volatile sig_atomic_t resized, interrupted;

static void on_signal(int sig)
{
	if (sig == SIGWINCH)
		resized = 1;
	else
		interrupted = 1;
}

static void say_size(const char *when)
{
	struct winsize w = { 0 };

	if (ioctl(0, TIOCGWINSZ, &w) == 0)
		printf("%s %ux%u\n", when, w.ws_row, w.ws_col);
}

int main(void)
{
	const struct sigaction action = { .sa_handler = on_signal };
	sigset_t held, none;
	char line[128];

	/* Delivered while waiting and at no other time: none is missed. */
	sigemptyset(&none);
	sigemptyset(&held);
	sigaddset(&held, SIGWINCH);
	sigaddset(&held, SIGINT);
	sigprocmask(SIG_BLOCK, &held, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	sigaction(SIGWINCH, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	printf("terminals %d%d%d %s\n", isatty(0), isatty(1), isatty(2), getenv("TERM") ? getenv("TERM") : "none");
	say_size("begins");
	for (;;) {
		struct pollfd p = { .fd = 0, .events = POLLIN };
		int ready = ppoll(&p, 1, NULL, &none);
		ssize_t n = ready > 0 ? read(0, line, sizeof(line) - 1) : -1;

		if (resized)
			say_size("now");
		if (interrupted)
			puts("interrupted");
		resized = interrupted = 0;
		if (ready < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return 1;
		line[strcspn(line, "\n")] = '\0';
		line[n] = '\0';
		if (!strcmp(line, "q"))
			return 5;
		printf("typed <%s>\n", line);
	}
}
