/* SPDX-License-Identifier: Apache-2.0 */
#include "e2e.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/proc_stat.h"
#include "base/text.h"
#include "base/vec.h"
#include "journal/undo.h"

#define LOCK_FILE "/run/vlat.lock"      /* src/study/machine_lock.c */

static void say(enum log_level level, const char *text)
{
	if (level != LOG_DEBUG_)
		printf("# %s\n", text);
}

static bool may(unsigned cap)
{
	char text[SNAPSHOT_STATE_MAX], *at;

	if (!snapshot_read("/proc/self/status", text))
		return false;
	at = strstr(text, "CapEff:");
	return at && (strtoull(at + 7, NULL, 16) >> cap & 1);
}

static bool lives(pid_t pid)
{
	struct proc_stat s;

	return proc_stat_read(pid, &s) == 0 && s.state != 'Z' && s.state != 'X';
}

/* What a test that failed has left running in the background: killed, so that it can be undone. */
static void end_runs(void)
{
	struct revert_options look = { .dry_run = true };
	struct revert_report report = { 0 };
	struct err e = { 0 };

	if (journal_revert(&look, &report, &e) < 0)
		return;
	for (size_t i = 0; i < report.n; i++) {
		pid_t pid = (pid_t) report.at[i].pid;

		if (report.at[i].state != REVERT_LIVE || report.at[i].lasting || pid <= 0)
			continue;
		printf("# still running at the end: %s\n", report.at[i].why);
		kill(pid, SIGKILL);
		for (int t = 0; t < 600 && lives(pid); t++)
			clock_sleep_ns(100 * NS_PER_MS);
	}
	revert_report_free(&report);
}

/* The test goes on in a child; however that ends, what it made is undone. */
static void guard_state(void)
{
	struct revert_options options = { 0 };
	struct revert_report report = { 0 };
	struct err e = { 0 };
	int status = 0;
	pid_t pid = fork();

	check(pid >= 0);
	if (pid == 0)
		return;
	check(waitpid(pid, &status, 0) == pid);
	end_runs();
	if (journal_revert(&options, &report, &e) < 0 || !revert_clean(&report))
		printf("# not all could be undone: %s\n", e.text);
	else if (dir_remove_all(getenv("VLAT_STATE")) < 0)
		printf("# %s could not be removed\n", getenv("VLAT_STATE"));
	revert_report_free(&report);
	exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

void e2e_begin(const char *name)
{
	char state[64];

	setvbuf(stdout, NULL, _IOLBF, 0);
	log_install(say);
	if (!may(21) || !may(12))       /* CAP_SYS_ADMIN, CAP_NET_ADMIN */
		e2e_skip("network namespaces and containers need root (CAP_SYS_ADMIN, CAP_NET_ADMIN)");
	(void) text_print(state, sizeof(state), "/tmp/vlat-e2e-%.20s-XXXXXX", name);
	if (!mkdtemp(state) || setenv("VLAT_STATE", state, 1) < 0)
		e2e_skip("no folder for the journal in /tmp: %s", strerror(errno));
	guard_state();
}

void e2e_alone(void)
{
	AUTO_FREE char *own = xprintf("%s/lock", getenv("VLAT_STATE"));
	int lock = open(LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	int fd = open(own, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	check(lock >= 0 && fd >= 0);
	close(fd);
	if (flock(lock, LOCK_EX | LOCK_NB) < 0) {
		printf("# waiting for another vlat to finish with this machine\n");
		check(flock(lock, LOCK_EX) == 0);       /* held to the end of the program */
	}
	check(unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	check(mount(own, LOCK_FILE, NULL, MS_BIND, NULL) == 0);
}

void e2e_end(void)
{
	struct fs_names runs = { 0 };
	struct fs fs;
	struct err e = { 0 };

	must(fs_open_root(&fs, getenv("VLAT_STATE"), &e));
	(void) fs_list(&fs, "runs", &runs);
	for (size_t i = 0; i < runs.n; i++)
		printf("# a journal is left: %s\n", runs.at[i]);
	check(runs.n == 0);
	fs_list_free(&runs);
	fs_close(&fs);
}


void e2e_skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("skipped: ");
	vprintf(fmt, ap);
	printf("\n");
	va_end(ap);
	exit(E2E_SKIP);
}

int e2e_must(int r, const struct err *err, const char *what)
{
	if (r >= 0)
		return r;
	printf("FAILED %s: %s\n", what, err->text);
	exit(1);
}

void e2e_failed(const char *file, int line, const char *what)
{
	printf("FAILED %s:%d: %s\n", file, line, what);
	exit(1);
}

/* The tmpfs on /run/netns is everybody's while anybody has a name in it. */
static bool is_ours(const char *line, const char *run)
{
	struct fs_names names = { 0 };
	struct fs fs;
	struct err e;
	bool others = false;

	if (strstr(line, run) || text_starts(line + 2, "link "))
		return true;
	if (!text_starts(line + 2, "mount /run/netns:") || fs_open_root(&fs, "/", &e) < 0)
		return false;
	if (fs_list(&fs, "run/netns", &names) == 0)
		others = names.n > 0;
	fs_list_free(&names);
	fs_close(&fs);
	return !others;
}

static size_t differences(const struct snapshot *before, const char *run, struct sink *ours)
{
	struct sink all = { 0 };
	struct snapshot now;
	size_t n = 0;

	snapshot_take(&now, NULL);
	snapshot_diff(before, &now, &all);
	snapshot_free(&now);
	for (char *line = all.text; line && *line;) {
		size_t len = strcspn(line, "\n");
		char *next = line + len + (line[len] == '\n');

		line[len] = '\0';
		if (is_ours(line, run)) {
			sink_printf(ours, "%s\n", line);
			n++;
		}
		line = next;
	}
	sink_free(&all);
	return n;
}

void e2e_clean(const struct snapshot *before, const char *run)
{
	uint64_t deadline = clock_ns() + 60 * NS_PER_S;
	struct sink left = { 0 };

	while (differences(before, run, &left)) {
		if (clock_ns() > deadline) {
			printf("FAILED run %s left behind or changed:\n%s", run, left.text);
			exit(1);
		}
		sink_free(&left);
		clock_sleep_ns(50 * NS_PER_MS);
	}
	sink_free(&left);
}

void e2e_ready(struct journal *j)
{
	printf("# run %s waits to be killed\n", journal_run(j));
	if (write(STDERR_FILENO, journal_run(j), strlen(journal_run(j))) < 0)
		_exit(1);
	for (;;)
		pause();
}

/* Its stderr is a pipe that carries the run's name: fds of a test are few, and nothing else is said there. */
static pid_t start_victim(void (*fn)(struct journal *j), char run[16])
{
	struct journal *j;
	struct err e;
	int fds[2];
	ssize_t n;
	pid_t pid;

	check(pipe(fds) == 0);
	fflush(stdout);
	pid = fork();
	check(pid >= 0);
	if (pid == 0) {
		dup2(fds[1], STDERR_FILENO);
		close(fds[0]);
		close(fds[1]);
		must(journal_open(&j, "e2e victim", &e));
		fn(j);
		_exit(1);
	}
	close(fds[1]);
	n = read(fds[0], run, 15);
	close(fds[0]);
	check(n > 0);
	run[n] = '\0';
	return pid;
}

void e2e_killed(void (*fn)(struct journal *j))
{
	struct revert_options options = { 0 };
	struct revert_report report = { 0 };
	struct snapshot before;
	struct err e;
	char run[16];
	pid_t pid;

	snapshot_take(&before, NULL);
	pid = start_victim(fn, run);
	kill(pid, SIGKILL);
	check(waitpid(pid, NULL, 0) == pid);
	must(journal_revert(&options, &report, &e));
	check(report.n == 1);
	check(revert_clean(&report));
	revert_report_free(&report);
	e2e_clean(&before, run);
	snapshot_free(&before);
}
