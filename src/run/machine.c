/* SPDX-License-Identifier: Apache-2.0 */
#include "run/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

#define LOCK_FILE "/run/vlat.lock" /* as study/machine_lock.c has it */

/* Whoever measures wrote its process number there; runs write this word, by which a measurement knows them. */
static const char shared_word[] = "runs\n";

static int busy(int fd, struct err *err)
{
	char pid[24] = "";
	ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

	pid[n > 0 ? n : 0] = '\0';
	return err_set(err, -EBUSY,
		       "a measurement is going on here (process %s): a run beside it would spoil its numbers; wait until it has "
		       "ended",
		       pid[0] ? text_trim(pid) : "unknown");
}

/* Beside the lock, which the holder of the tuning has as well: a measurement waits for him when no run is marked any more. */
static int mark_run(int fd, struct err *err)
{
	struct flock mark = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_len = 1 };

	return fcntl(fd, F_OFD_SETLK, &mark) < 0 ? err_sys(err, -errno, "cannot mark " LOCK_FILE) : 0;
}

int machine_share(int *ret_fd, bool is_run, struct err *err)
{
	AUTO_CLOSE int fd = open(LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	int r;

	*ret_fd = -1;
	if (fd < 0 && (errno == EACCES || errno == EPERM || errno == EROFS))
		return 0;
	if (fd < 0)
		return err_sys(err, -errno, "cannot open " LOCK_FILE);
	if (flock(fd, LOCK_SH | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? busy(fd, err) : err_sys(err, -errno, "cannot lock " LOCK_FILE);
	if (pwrite(fd, shared_word, sizeof(shared_word) - 1, 0) < 0 || ftruncate(fd, sizeof(shared_word) - 1) < 0)
		return err_sys(err, -errno, "cannot write " LOCK_FILE);
	r = is_run ? mark_run(fd, err) : 0;
	if (r < 0)
		return r;
	*ret_fd = TAKE_FD(fd);
	return 0;
}
