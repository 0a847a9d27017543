/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/tune_hold.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/proc_stat.h"
#include "base/spawn.h"
#include "base/stop.h"
#include "base/text.h"
#include "base/vec.h"
#include "journal/journal.h"
#include "journal/undo.h"
#include "study/leftovers.h"
#include "study/machine_lock.h"

#define PATIENCE_NS (10 * NS_PER_S) /* for a study to end */
#define RELEASE_NS  (60 * NS_PER_S) /* for a holder to put everything back */
#define SLEEP_NS    (3600 * NS_PER_S)

/* What the holder tells the process that started it: an error (its text follows), or the run and the plan as text. */
struct word {
	int code;
	char run[16];
	size_t len;
};

static int send_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		at += n > 0 ? n : 0;
		len -= n > 0 ? (size_t) n : 0;
	}
	return 0;
}

static bool receive_all(int fd, void *data, size_t len)
{
	char *at = data;

	while (len > 0) {
		ssize_t n = read(fd, at, len);

		if (n == 0 || (n < 0 && errno != EINTR))
			return false;
		at += n > 0 ? n : 0;
		len -= n > 0 ? (size_t) n : 0;
	}
	return true;
}

static void tell(int fd, int code, const char *run, const char *text)
{
	struct word w = { .code = code, .len = strlen(text) };

	text_print(w.run, sizeof(w.run), "%s", run);
	if (send_all(fd, &w, sizeof(w)) == 0)
		send_all(fd, text, w.len);
}

/* From now on nobody listens, and no terminal ends it. */
static void leave_terminal(void)
{
	int null = open("/dev/null", O_RDWR);

	setsid();
	signal(SIGHUP, SIG_IGN);
	log_install(NULL);
	for (int fd = 0; null >= 0 && fd < 3; fd++)
		dup2(null, fd);
	if (null > 2)
		close(null);
	if (chdir("/") < 0)
		log_debug("cannot leave the working folder");
}

static bool is_tuning(const struct revert_run *run, const char *wanted)
{
	return run->state == REVERT_LIVE && text_starts(run->why, TUNE_WHY) && (!wanted || text_eq(run->id, wanted));
}

/* One tuning at a time: a second would take the first one's values for the machine's own. */
static int in_force(struct err *err)
{
	static const struct revert_options look = { .dry_run = true };
	struct revert_report report = { 0 };
	int r = journal_revert(&look, &report, err);

	for (size_t i = 0; r == 0 && i < report.n; i++)
		if (is_tuning(&report.at[i], NULL))
			r = err_set(err, -EBUSY, "this host is tuned already (run %s, %s): vlat revert first", report.at[i].id,
				    report.at[i].why);
	revert_report_free(&report);
	return r;
}

/* No study may be measuring while settings change under it; once they are held, one may. */
static int apply(struct plan *p, const char *profile, struct journal **j, struct err *err)
{
	AUTO_FREE char *why = xprintf(TUNE_WHY "%s", profile);
	AUTO_CLOSE int lock = -1;
	int r = machine_lock_within(&lock, PATIENCE_NS, err);

	if (r == 0)
		r = in_force(err);
	if (r == 0)
		r = leftovers_clear(err);
	if (r == 0)
		r = journal_open(j, why, err);
	if (r == 0)
		r = plan_apply(p, *j, err);
	return r;
}

static int holder(struct plan *p, const char *profile, int fd)
{
	struct journal *j = NULL;
	struct sink text = { 0 };
	struct err err = { 0 };
	int r;

	prctl(PR_SET_NAME, "vlat-tune");
	stop_renew();
	r = apply(p, profile, &j, &err);
	if (r == 0)
		plan_text(p, &text);
	if (r == 0)
		leave_terminal();
	tell(fd, r, j ? journal_run(j) : "", r == 0 ? text.text : err.text);
	close(fd);
	while (r == 0 && !stop_wanted())
		stop_sleep(SLEEP_NS);
	if (r == 0)
		r = plan_revert(p, &err);
	if (j && journal_close(j, &err) < 0)
		r = -EIO;
	sink_free(&text);
	return r < 0;
}

static int died(pid_t pid, struct err *err)
{
	return err_set(err, -ECHILD,
		       "process %d, which should apply and hold the tuning, died; vlat revert puts back what it did", (int) pid);
}

static int listen_to(int fd, pid_t pid, char run[16], struct sink *out, struct err *err)
{
	AUTO_FREE char *text = NULL;
	struct word w;

	if (!receive_all(fd, &w, sizeof(w)) || w.len > 64u << 20)
		return died(pid, err);
	text = xalloc(w.len + 1, 1);
	if (!receive_all(fd, text, w.len))
		return died(pid, err);
	memcpy(run, w.run, sizeof(w.run));
	if (w.code < 0) {
		waitpid(pid, NULL, 0);
		return err_set(err, w.code, "%s", text);
	}
	sink_put(out, text);
	return 0;
}

int tune_hold(struct plan *p, const char *profile, char run[16], struct sink *out, struct err *err)
{
	int ends[2];
	pid_t pid;
	int r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, -errno, "cannot make a pipe");
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		_exit(holder(p, profile, ends[1]));
	}
	r = pid < 0 ? -errno : 0;
	close(ends[1]);
	if (r < 0)
		err_sys(err, r, "cannot start the process that holds the tuning");
	else
		r = listen_to(ends[0], pid, run, out, err);
	close(ends[0]);
	return r;
}

/* Killed, not asked: then the caller undoes its journal, and can tell what became of each change. */
static int release_one(const struct revert_run *run, struct err *err)
{
	uint64_t until_ns = clock_ns() + RELEASE_NS, start;
	pid_t pid = (pid_t) run->pid;

	if (process_start_time(pid, &start) < 0)
		return 0;
	if (kill(pid, SIGKILL) < 0 && errno != ESRCH)
		return err_sys(err, -errno, "cannot end process %d, which holds run %s", (int) pid, run->id);
	while (proc_is_alive(pid, start)) {
		if (clock_ns() > until_ns)
			return err_set(err, -ETIME, "process %d, which holds run %s, does not end", (int) pid, run->id);
		clock_sleep_ns(NS_PER_MS);
	}
	return 0;
}

int tune_release(const char *run, struct err *err)
{
	static const struct revert_options look = { .dry_run = true };
	struct revert_report report = { 0 };
	int r = journal_revert(&look, &report, err);

	for (size_t i = 0; r == 0 && i < report.n; i++)
		if (is_tuning(&report.at[i], run))
			r = release_one(&report.at[i], err);
	revert_report_free(&report);
	return r;
}
