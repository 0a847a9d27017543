/* SPDX-License-Identifier: Apache-2.0 */
#include "study/machine_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/text.h"

#define LOCK_FILE     "/run/vlat.lock"
#define LOOK_AGAIN_NS (100 * NS_PER_MS)
#define FOREVER_NS    (UINT64_MAX / 2)
#define LEAVING_NS    (120 * NS_PER_S)

/* Who has it wrote his process number there. */
static const char *holder(int fd, char buf[24])
{
	ssize_t n = pread(fd, buf, 23, 0);

	buf[n > 0 ? n : 0] = '\0';
	return buf[0] ? text_trim(buf) : "unknown";
}

/* They are marked (run/machine.c); the holder of their tuning is not, and puts the host back when the last of them has gone. */
static bool runs_live(int fd)
{
	struct flock look = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };

	return fcntl(fd, F_OFD_GETLK, &look) < 0 || look.l_type != F_UNLCK;
}

static void tell_wait(const char *pid, bool runs)
{
	if (runs)
		log_note("waiting for the tuning of runs that have ended to be put back");
	else
		log_note("waiting for another vlat (process %s) to finish with this machine", pid);
}

static int wait_for(int fd, uint64_t until_ns, struct err *err)
{
	uint64_t left_ns = clock_ns() + LEAVING_NS;
	char pid[24];
	bool told = false;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		bool runs;

		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(err, -errno, "cannot lock " LOCK_FILE);
		runs = text_starts(holder(fd, pid), "runs");
		if (runs && (runs_live(fd) || clock_ns() > left_ns)) /* they may stay for ever */
			return err_set(err, -EBUSY,
				       "something that `vlat run` has started is on this machine (see `vlat ps`): both would "
				       "disturb each other; stop it first with `vlat stop NAME`");
		if (!told)
			tell_wait(pid, runs);
		told = true;
		if (clock_ns() > until_ns)
			return err_set(err, -EBUSY,
				       "another vlat (process %s) is at work on this machine, and what it does may not be "
				       "mixed with this: try again when it has ended",
				       holder(fd, pid));
		if (stop_sleep(LOOK_AGAIN_NS) < 0)
			return err_set(err, -EINTR, "interrupted");
	}
	return 0;
}

int machine_lock(int *ret_fd, struct err *err)
{
	return machine_lock_within(ret_fd, FOREVER_NS, err);
}

int machine_lock_within(int *ret_fd, uint64_t patience_ns, struct err *err)
{
	uint64_t until_ns = clock_ns() + patience_ns;
	AUTO_CLOSE int fd = open(LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	char pid[24];
	int n, r;

	*ret_fd = -1;
	if (fd < 0) {
		if (errno == EACCES || errno == EPERM || errno == EROFS)
			return 0;
		return err_sys(err, -errno, "cannot open " LOCK_FILE);
	}
	r = wait_for(fd, until_ns, err);
	if (r < 0)
		return r;
	n = snprintf(pid, sizeof(pid), "%d\n", (int) getpid());
	if (ftruncate(fd, 0) < 0 || pwrite(fd, pid, (size_t) n, 0) < 0)
		log_debug("no note of who holds " LOCK_FILE); /* the lock holds without it */
	*ret_fd = TAKE_FD(fd);
	return 0;
}
