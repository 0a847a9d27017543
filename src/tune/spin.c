/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CPU that never goes idle: a process of ours spins there under SCHED_IDLE.
 *
 * Every other task preempts it at once, so it takes nothing but idle time; but
 * the CPU does not execute HLT, which in a guest hands the CPU to the
 * hypervisor, and waking is then a matter of microseconds to milliseconds.
 *
 * It needs no entry in the journal: the kernel kills it with its parent,
 * however that ends (PR_SET_PDEATHSIG), and it changes nothing of the host.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/cpuset.h"
#include "base/text.h"
#include "tune/internal.h"

/* Into the group that has the isolated CPUs, where there is one; "0" is whoever writes it. */
static int join(const char *group)
{
	static const char *const files[] = { "cgroup.procs", "cgroup.threads" };
	char path[300];
	int r = group[0] ? -ENOENT : 0;

	for (size_t i = 0; r < 0 && i < ARRAY_SIZE(files); i++) {
		AUTO_CLOSE int fd = -1;

		if (text_print(path, sizeof(path), "%s/%s", group, files[i]))
			return -ENAMETOOLONG;
		fd = open(path, O_WRONLY | O_CLOEXEC);
		r = fd >= 0 && write(fd, "0", 1) == 1 ? 0 : -errno;
	}
	return r;
}

static int settle_on(unsigned cpu, const char *group, pid_t parent)
{
	const struct sched_param none = { 0 };
	struct cpuset one = cpuset_one(cpu);
	int r;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl(PR_SET_NAME, "vlat-spin") < 0)
		return -errno;
	if (getppid() != parent)
		return -ESRCH;
	if (sched_setscheduler(0, SCHED_IDLE, &none) < 0)
		return -errno;
	r = join(group);
	return r < 0 ? r : cpuset_set_affinity(0, &one);
}

/* No PAUSE: hypervisors watch for long series of it and take the CPU away. */
static _Noreturn void spin(void)
{
	for (;;)
		__asm__ volatile("" ::: "memory");
}

static _Noreturn void child_main(unsigned cpu, const char *group, pid_t parent, int line)
{
	sigset_t none;
	int r = settle_on(cpu, group, parent);
	bool told = write(line, &r, sizeof(r)) == sizeof(r);

	if (r < 0 || !told)
		_exit(1);
	/* Nothing of the parent's may stay open here: locks, and lines whose end somebody waits for. */
	close_range(0, ~0u, 0);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	spin();
}

int spin_start(unsigned cpu, const char *group, pid_t *ret)
{
	pid_t parent = getpid(), pid;
	int line[2], r = -EPIPE;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, line) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		child_main(cpu, group, parent, line[1]);
	close(line[1]);
	if (pid < 0)
		r = -errno;
	else if (read(line[0], &r, sizeof(r)) != sizeof(r))
		r = -EPIPE;
	close(line[0]);
	if (r == 0)
		*ret = pid;
	else if (pid > 0)
		spin_stop(pid);
	return r;
}

void spin_stop(pid_t pid)
{
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
}

bool spin_alive(pid_t pid)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t) pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
}
