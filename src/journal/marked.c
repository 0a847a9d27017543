/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processes of a run: whoever was started with VLAT_RUN=ID in the
 * environment, at whatever depth, double-forked or not.  /proc/PID/environ is
 * what exec was given, so a process cannot lose the mark by forking.
 *
 * A process older than the run's owner cannot belong to the run: its
 * environment is never opened.  Between looking and killing a pid may be
 * reused: the pidfd is opened first, then the start time is compared.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/proc_stat.h"
#include "base/text.h"
#include "journal/hands.h"
#include "journal/internal.h"

#define ENVIRON_MAX      ((size_t) 1 << 20)
#define KILL_DEADLINE_NS (60 * NS_PER_S) /* a guest's memory takes the kernel a while to free on a busy host */

/* The mark as one whole "K=V" word of a NUL-separated list. */
static bool has_word(const char *list, size_t len, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = list; (size_t) (at - list) + n <= len;) {
		const char *end = memchr(at, '\0', len - (size_t) (at - list));
		size_t size = end ? (size_t) (end - at) : len - (size_t) (at - list);

		if (size == n && memcmp(at, word, n) == 0)
			return true;
		if (!end)
			return false;
		at = end + 1;
	}
	return false;
}

static bool carries_mark(pid_t pid, const char *mark)
{
	AUTO_FREE char *list = NULL;
	struct err err = { 0 };
	char path[48];
	size_t len;

	text_print(path, sizeof(path), "/proc/%d/environ", (int) pid);
	return file_read_all(path, ENVIRON_MAX, &list, &len, &err) == 0 && has_word(list, len, mark);
}

static bool in_netns(pid_t pid, uint64_t ino)
{
	struct stat st;
	char path[48];

	text_print(path, sizeof(path), "/proc/%d/ns/net", (int) pid);
	return stat(path, &st) == 0 && st.st_ino == ino;
}

static bool is_self_or_ancestor(pid_t pid)
{
	struct proc_stat s;

	for (pid_t at = getpid(); at > 0; at = s.ppid) {
		if (at == pid)
			return true;
		if (proc_stat_read(at, &s) < 0)
			return false;
	}
	return false;
}

static bool belongs(const struct undo_ctx *c, pid_t pid, uint64_t netns_ino, struct proc_stat *s)
{
	if (proc_stat_read(pid, s) < 0 || s->start_time < c->j->head.start || s->state == 'Z' || s->state == 'X')
		return false;
	if ((s->flags & PROC_PF_KTHREAD) || is_self_or_ancestor(pid))
		return false;
	return (!netns_ino || in_netns(pid, netns_ino)) && carries_mark(pid, c->j->mark);
}

static int open_pidfd(pid_t pid)
{
	return (int) syscall(SYS_pidfd_open, pid, 0);
}

/* A child of ours would stay as a zombie. */
static void reap(int pidfd)
{
	siginfo_t info;

	if (waitid(P_PIDFD, (id_t) pidfd, &info, WEXITED | WNOHANG) < 0)
		return;
}

/* 1 = ended, 0 = was not ours after all, -ETIME */
static int end_one(pid_t pid, uint64_t start, uint64_t deadline)
{
	AUTO_CLOSE int fd = open_pidfd(pid);
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (fd < 0 || !proc_is_alive(pid, start))
		return 0;
	if (syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) < 0)
		return errno == ESRCH ? 0 : -errno;
	while (poll(&p, 1, clock_left_ms(deadline)) < 0 && errno == EINTR)
		;
	if (!(p.revents & POLLIN))
		return -ETIME;
	reap(fd);
	return 1;
}

/* One pass over /proc; what forks while we look is found by the next pass. */
static int kill_pass(const struct undo_ctx *c, uint64_t netns_ino, uint64_t deadline)
{
	AUTO_DIR DIR *proc = opendir("/proc");
	const struct dirent *e;
	struct proc_stat s;
	uint64_t pid;
	int n = 0;

	if (!proc)
		return -errno;
	while ((e = readdir(proc))) {
		int r = 1;

		if (text_u64(e->d_name, &pid) < 0 || !belongs(c, (pid_t) pid, netns_ino, &s))
			continue;
		if (!c->dry)
			r = end_one((pid_t) pid, s.start_time, deadline);
		if (r < 0)
			return r;
		n += r;
	}
	return n;
}

int marked_kill(const struct undo_ctx *c, uint64_t netns_ino, struct err *err)
{
	uint64_t deadline = clock_ns() + KILL_DEADLINE_NS;
	int total = 0;

	if (c->j->rebooted)
		return 0;
	if (c->hands && !c->dry)
		return hands_kill(c->hands, c->j, err);
	for (;;) {
		int n = kill_pass(c, netns_ino, deadline);

		if (n == -ETIME)
			return err_set(err, n, "a process of run %s does not die (in the kernel's hands?)", c->j->head.run);
		if (n < 0)
			return err_sys(err, n, "cannot end the processes of run %s", c->j->head.run);
		total += n;
		if (n == 0 || c->dry || clock_ns() > deadline)
			return total;
	}
}
