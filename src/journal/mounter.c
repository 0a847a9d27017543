/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/mounter.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { ORDER_MOUNT = 'm', ORDER_UNMOUNT = 'u' };

static int take_off(void)
{
	int n = 0;

	while (umount2(MOUNTER_PATH, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		n++;
	return n ? 0 : errno;
}

static int obey(char order)
{
	if (order == ORDER_UNMOUNT)
		return take_off();
	if (order != ORDER_MOUNT)
		return EBADRQC;
	return mount("none", MOUNTER_PATH, MOUNTER_TYPE, MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0 ? errno : 0;
}

/* After fork() in a process that may have had threads: nothing but system calls. */
static void __attribute__((noreturn)) serve(int fd)
{
	sigset_t all;
	char order;

	/* Whoever stops the service signals us too; what is mounted is taken off after that. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_NAME, "vlat-mount");
	if (dup2(fd, 0) == 0)
		syscall(SYS_close_range, 1U, ~0U, 0U);
	for (;;) {
		ssize_t n = recv(0, &order, 1, 0);
		int32_t answer;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(0);
		answer = obey(order);
		if (send(0, &answer, sizeof(answer), MSG_NOSIGNAL) < 0)
			_exit(0);
	}
}

/* The child is nobody's to wait for: it is given to init at once. */
static pid_t fork_away(int fd, int other)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	close(other);
	pid = fork();
	if (pid == 0)
		serve(fd);
	_exit(pid < 0 ? 1 : 0);
}

int mounter_start(int *ret_fd, struct err *err)
{
	int ends[2], status = 0;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return err_sys(err, -errno, "no process that mounts can be started");
	pid = fork_away(ends[1], ends[0]);
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return err_sys(err, -EAGAIN, "no process that mounts can be started");
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status != 0) {
		close(ends[0]);
		return err_set(err, -EAGAIN, "no process that mounts can be started");
	}
	*ret_fd = ends[0];
	return 0;
}

static int ask(int fd, char order)
{
	int32_t answer;
	ssize_t n;

	if (send(fd, &order, 1, MSG_NOSIGNAL) < 0)
		return errno == EPIPE ? -ECONNRESET : -errno;
	do
		n = recv(fd, &answer, sizeof(answer), 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n == sizeof(answer) ? -answer : -ECONNRESET;
}

int mounter_mount(int fd)
{
	return ask(fd, ORDER_MOUNT);
}

int mounter_unmount(int fd)
{
	return ask(fd, ORDER_UNMOUNT);
}
