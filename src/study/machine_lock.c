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

/* Who has it wrote his process number there. */
static void tell_holder(int fd)
{
	char pid[24] = "";
	ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

	pid[n > 0 ? n : 0] = '\0';
	log_note("waiting for another vlat (process %s) to finish with this machine", pid[0] ? text_trim(pid) : "unknown");
}

static int wait_for(int fd, struct err *err)
{
	bool told = false;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(err, -errno, "cannot lock " LOCK_FILE);
		if (!told)
			tell_holder(fd);
		told = true;
		if (stop_sleep(LOOK_AGAIN_NS) < 0)
			return err_set(err, -EINTR, "interrupted");
	}
	return 0;
}

int machine_lock(int *ret_fd, struct err *err)
{
	AUTO_CLOSE int fd = open(LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	char pid[24];
	int n, r;

	*ret_fd = -1;
	if (fd < 0) {
		if (errno == EACCES || errno == EPERM || errno == EROFS)
			return 0;
		return err_sys(err, -errno, "cannot open " LOCK_FILE);
	}
	r = wait_for(fd, err);
	if (r < 0)
		return r;
	n = snprintf(pid, sizeof(pid), "%d\n", (int) getpid());
	if (ftruncate(fd, 0) < 0 || pwrite(fd, pid, (size_t) n, 0) < 0)
		log_debug("no note of who holds " LOCK_FILE); /* the lock holds without it */
	*ret_fd = TAKE_FD(fd);
	return 0;
}
