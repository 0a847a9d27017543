/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a started program: waiting, signalling, stopping. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/cursor.h"
#include "base/fs.h"
#include "base/spawn.h"
#include "base/text.h"

static int reap_ended(struct child *c, struct child_end *ret)
{
	siginfo_t info = { 0 };

	while (waitid(P_PIDFD, (id_t) c->pidfd, &info, WEXITED) < 0)
		if (errno != EINTR)
			return -errno;
	if (ret)
		*ret = (struct child_end){ .signalled = info.si_code != CLD_EXITED, .code = info.si_status };
	close(c->pidfd);
	*c = (struct child) CHILD_INIT;
	return 0;
}

int child_wait(struct child *c, uint64_t deadline_ns, struct child_end *ret)
{
	struct pollfd p = { .fd = c->pidfd, .events = POLLIN };

	if (c->pid == 0)
		return -ECHILD;
	for (;;) {
		int left = deadline_ns ? clock_left_ms(deadline_ns) : -1;
		int n = poll(&p, 1, left);

		if (n > 0)
			return reap_ended(c, ret);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (deadline_ns && clock_ns() >= deadline_ns)
			return -ETIME;
	}
}

int child_kill(struct child *c, int sig)
{
	if (c->pid == 0)
		return -ESRCH;
	return syscall(SYS_pidfd_send_signal, c->pidfd, sig, NULL, 0) < 0 ? -errno : 0;
}

void child_stop(struct child *c, uint64_t grace_ns)
{
	if (c->pid == 0)
		return;
	child_kill(c, SIGTERM);
	child_kill(c, SIGCONT); /* a frozen program gets no SIGTERM */
	if (child_wait(c, clock_ns() + grace_ns + 1, NULL) == 0)
		return;
	child_kill(c, SIGKILL);
	child_wait(c, 0, NULL);
}

bool child_alive(const struct child *c)
{
	struct pollfd p = { .fd = c->pidfd, .events = POLLIN };

	return c->pid != 0 && poll(&p, 1, 0) == 0;
}

char *child_end_text(struct child_end end, char *buf, size_t cap)
{
	const char *name = end.signalled ? sigabbrev_np(end.code) : NULL;

	if (!end.signalled)
		snprintf(buf, cap, "exit status %d", end.code);
	else if (name)
		snprintf(buf, cap, "killed by SIG%s", name);
	else
		snprintf(buf, cap, "killed by signal %d", end.code);
	return buf;
}

static bool try_folder(const char *folder, size_t len, const char *name, char *buf, size_t cap)
{
	return len > 0 && !text_print(buf, cap, "%.*s/%s", (int) len, folder, name) && access(buf, X_OK) == 0;
}

/* Ordinary users often have no sbin on PATH, yet may run what is there. */
int program_find(const char *name, char *buf, size_t cap)
{
	static const char *const more = "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin";
	const char *path = getenv("PATH");
	const char *const lists[] = { path ? path : "", more };

	if (strchr(name, '/')) {
		if (access(name, X_OK) < 0)
			return -errno;
		return text_print(buf, cap, "%s", name) ? -ENAMETOOLONG : 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		for (const char *at = lists[i]; *name && *at; at += *at == ':') {
			size_t len = strcspn(at, ":");

			if (try_folder(at, len, name, buf, cap))
				return 0;
			at += len;
		}
	}
	return -ENOENT;
}

/*
 * Field 22 of /proc/PID/stat.  Field 2 is the program's name in parentheses
 * and may hold blanks and parentheses itself: count from the last ')'.
 */
int process_start_time(pid_t pid, uint64_t *ret)
{
	AUTO_FREE char *text = NULL;
	char path[64], word[32];
	const char *at;
	uint64_t value;
	struct err ignored;
	int r;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int) pid);
	r = file_read_all(path, 4096, &text, NULL, &ignored);
	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	at = strrchr(text, ')');
	if (!at)
		return -EPROTO;
	at++;
	for (int field = 3; field < 22; field++)
		if (!take_blanks(&at) || !take_word(&at, word, sizeof(word)))
			return -EPROTO;
	if (!take_blanks(&at) || !take_u64(&at, &value))
		return -EPROTO;
	*ret = value;
	return 0;
}
