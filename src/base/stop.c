/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fd is an eventfd that is never read, so it stays readable for every
 * poll() of every thread once a signal came.  Signal handlers have no
 * argument, hence the two file-scope variables: both only ever go from "no" to
 * "yes".
 */
#include "base/stop.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

static atomic_int wake_fd = -1;
static atomic_int got_signal;

static void on_signal(int sig)
{
	const uint64_t one = 1;
	int none = 0, saved = errno;

	atomic_compare_exchange_strong(&got_signal, &none, sig);
	if (write(atomic_load(&wake_fd), &one, sizeof(one)) < 0)
		errno = saved; /* full: it is readable already */
	errno = saved;
}

int stop_install(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	/* No SA_RESTART: a blocking call that is not polled returns early too. */
	struct sigaction act = { .sa_handler = on_signal };
	int fd;

	if (atomic_load(&wake_fd) < 0) {
		fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (fd < 0)
			return -errno;
		atomic_store(&wake_fd, fd);
	}
	sigemptyset(&act.sa_mask);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		struct sigaction old;

		if (sigaction(signals[i], NULL, &old) < 0)
			return -errno;
		/* Whoever started us under nohup, or in the background of a script, wants it ignored. */
		if (old.sa_handler != SIG_IGN && sigaction(signals[i], &act, NULL) < 0)
			return -errno;
	}
	/* A reader that went away (a pipe to head, a dead guest) is an error of write(2), not our death. */
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return -errno;
	return 0;
}

/* The eventfd is shared with the parent: its Ctrl-C would wake us for ever. */
int stop_renew(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), old;

	if (fd < 0)
		return -errno;
	old = atomic_exchange(&wake_fd, fd);
	atomic_store(&got_signal, 0);
	if (old >= 0 && old != fd) /* the caller may have closed all it inherited */
		close(old);
	return 0;
}

bool stop_wanted(void)
{
	return atomic_load(&got_signal) != 0;
}

int stop_signal(void)
{
	return atomic_load(&got_signal);
}

int stop_fd(void)
{
	return atomic_load(&wake_fd);
}

int stop_sleep(uint64_t ns)
{
	struct pollfd wake = { .fd = stop_fd(), .events = POLLIN };
	uint64_t end = clock_ns() + ns;

	while (!stop_wanted() && clock_ns() < end)
		poll(&wake, 1, clock_left_ms(end));
	return stop_wanted() ? -EINTR : 0;
}
