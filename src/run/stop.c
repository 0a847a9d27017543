/* SPDX-License-Identifier: Apache-2.0 */
/* stop - a run is ended by its supervisor, which is asked by signal: the kernel knows who it is, and says when it has gone. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/proc_stat.h"
#include "base/stop.h"
#include "run/run.h"

static int wait_for_end(int pidfd, const struct run_record *r, uint64_t timeout_ns, struct err *err)
{
	uint64_t deadline = clock_ns() + timeout_ns;

	for (;;) {
		struct pollfd p[] = { { .fd = pidfd, .events = POLLIN }, { .fd = stop_fd(), .events = POLLIN } };

		if (poll(p, 2, clock_left_ms(deadline)) < 0 && errno != EINTR)
			return err_sys(err, -errno, "waiting for the run to end");
		if (p[0].revents)
			return 0;
		if (stop_wanted())
			return err_set(err, -EINTR, "interrupted; '%s' is being stopped all the same", r->name);
		if (clock_ns() >= deadline)
			return err_set(err, -ETIME, "'%s' has not ended yet; `vlat stop --now %s` does not wait for it", r->name,
				       r->name);
	}
}

int run_stop(const char *name, bool at_once, uint64_t timeout_ns, struct err *err)
{
	AUTO_CLOSE int pidfd = -1;
	struct run_record rec;
	int r = registry_find(name, &rec, err);

	if (r < 0)
		return r;
	if (rec.state == RUN_DEAD)
		return err_set(err, -EUCLEAN, "the supervisor of '%s' was killed: `vlat revert` cleans up after it", name);
	if (rec.pid <= 1)
		return err_set(err, -EAGAIN, "'%s' is only just being started: try again", name);
	pidfd = (int) syscall(SYS_pidfd_open, rec.pid, 0);
	if (pidfd < 0 || !proc_is_alive(rec.pid, rec.start))
		return 0; /* it has ended meanwhile */
	if (syscall(SYS_pidfd_send_signal, pidfd, at_once ? SIGQUIT : SIGTERM, NULL, 0) < 0)
		return errno == ESRCH ? 0 : err_sys(err, -errno, "cannot tell '%s' to end", name);
	return wait_for_end(pidfd, &rec, timeout_ns, err);
}
