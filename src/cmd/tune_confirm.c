/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/tune_confirm.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/log.h"
#include "base/proc_stat.h"
#include "base/spawn.h"
#include "base/stop.h"
#include "base/text.h"
#include "run/daemon.h"
#include "run/registry.h"

#define WAITING   "/run/vlat.confirm"
#define DECIDED   WAITING ".decided"
#define OVER      WAITING ".over" /* nobody has confirmed it, and it is not all put back yet */
#define BYTES_MAX 4096
#define FORMAT    1
#define UNDO_NS   (600 * NS_PER_S)

struct waiting {
	pid_t pid; /* with start: the process that waits */
	uint64_t start;
	char run[16]; /* "" = still being applied */
};

static int waiting_save(const struct waiting *w, struct err *err)
{
	AUTO_JSON json_t *o = json_pack("{s:i, s:i, s:I, s:s}", "format", FORMAT, "pid", (int) w->pid, "start",
					(json_int_t) w->start, "run", w->run);

	return jx_save(WAITING, o, 0600, err);
}

static int waiting_load(const char *path, struct waiting *ret, struct err *err)
{
	AUTO_JSON json_t *o = NULL;
	const char *run = "";
	uint64_t pid = 0;
	int r = jx_load(path, BYTES_MAX, &o, err);

	*ret = (struct waiting){ .pid = 0 };
	if (r == 0)
		r = jx_format(o, FORMAT, err);
	if (r == 0)
		r = jx_u64(o, "pid", &pid, err);
	if (r == 0)
		r = jx_u64(o, "start", &ret->start, err);
	if (r == 0)
		r = jx_str(o, "run", &run, err);
	if (r == 0 && (pid == 0 || pid > INT32_MAX || text_print(ret->run, sizeof(ret->run), "%s", run)))
		r = err_set(err, -EINVAL, "%s holds no process or no run", path);
	ret->pid = (pid_t) pid;
	return r;
}

static bool someone_waits(struct waiting *ret)
{
	struct err ignored = { 0 };

	return waiting_load(WAITING, ret, &ignored) == 0 && proc_is_alive(ret->pid, ret->start);
}

/* One of two gets it: who confirms, or the clock. */
static bool decide(void)
{
	if (rename(WAITING, DECIDED) < 0)
		return false;
	unlink(DECIDED);
	return true;
}

static bool give_up(void)
{
	return rename(WAITING, OVER) == 0;
}

/* ---- the process that waits ---- */

static void put_back(const char *which)
{
	AUTO(argv_free) struct argv argv = { 0 };
	AUTO(run_result_free) struct run_result said = { 0 };
	struct spawn_opts opts = SPAWN_OPTS_INIT;
	struct err err = { 0 };

	/* By the file that runs here, whatever an upgrade has put in its place. */
	argv_add(&argv, "/proc/self/exe");
	argv_add(&argv, "revert");
	if (*which)
		argv_add(&argv, which);
	if (run(&said, &argv, &opts, UNDO_NS, &err) < 0)
		log_warn("%s", err.text);
	else
		log_note("%s%s", said.out ? said.out : "", said.err ? said.err : "");
}

/* Confirmed, or given up: then what waited is no more. */
static bool still_mine(pid_t pid)
{
	struct err ignored = { 0 };
	struct waiting w;

	return waiting_load(WAITING, &w, &ignored) == 0 && w.pid == pid;
}

static int wait_for_it(uint64_t within_ns, pid_t pid)
{
	uint64_t until_ns = clock_boot_ns() + within_ns;
	struct err ignored = { 0 };
	struct waiting w;

	for (uint64_t now = clock_boot_ns(); now < until_ns; now = clock_boot_ns()) {
		uint64_t rest = until_ns - now;

		if (stop_sleep(rest < NS_PER_S ? rest : NS_PER_S) < 0 || !still_mine(pid))
			return 0;
	}
	if (waiting_load(WAITING, &w, &ignored) < 0 || w.pid != pid || !give_up())
		return 0;
	log_note("nobody has confirmed the tuning: it is put back");
	put_back(w.run);
	unlink(OVER);
	return 0;
}

static int clock_main(void *arg, struct daemon_tell *tell)
{
	const uint64_t *within_ns = arg;
	struct waiting w = { .pid = getpid() };
	struct proc_stat self;
	struct err err = { 0 };
	int r = proc_stat_read(w.pid, &self);

	prctl(PR_SET_NAME, "vlat-confirm");
	if (r < 0)
		err_sys(&err, r, "cannot read /proc/self/stat");
	w.start = self.start_time;
	if (r == 0)
		r = waiting_save(&w, &err);
	if (r < 0) {
		daemon_failed(tell, &err);
		return 1;
	}
	daemon_up(tell, json_object());
	return wait_for_it(*within_ns, w.pid);
}

/* ---- those who ask for it ---- */

/* The clock of that file, whatever takes its number later. */
static int clock_open(int *ret_fd, struct err *err)
{
	struct waiting w;
	int r = waiting_load(WAITING, &w, err);
	AUTO_CLOSE int fd = r == 0 ? (int) syscall(SYS_pidfd_open, w.pid, 0) : -1;

	if (r < 0)
		return r;
	if (fd < 0 || !proc_is_alive(w.pid, w.start))
		return err_set(err, -ESRCH, "the clock of --confirm-within has ended before anything was changed: try again");
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int confirm_arm(uint64_t within_ns, int *ret_fd, struct err *err)
{
	AUTO_JSON json_t *said = NULL;
	struct daemon_opts opts = { 0 };
	struct waiting w;
	char log[320];
	int r;

	if (someone_waits(&w))
		return err_set(err, -EBUSY, "a tuning%s%s waits for its confirmation already: vlat confirm, or vlat revert",
			       w.run[0] ? ", run " : "", w.run);
	unlink(OVER); /* of a clock that was killed, as was the holder */
	r = registry_log("@confirm", log, sizeof(log), err);
	opts.log = log;
	if (r == 0)
		r = daemon_start(clock_main, &within_ns, &opts, &said, err);
	return r == 0 ? clock_open(ret_fd, err) : r;
}

bool confirm_clock_died(void)
{
	if (access(WAITING, F_OK) < 0 && access(OVER, F_OK) < 0)
		return false;
	log_warn("the clock that waited for vlat confirm was killed: the tuning is put back");
	unlink(WAITING);
	unlink(OVER);
	return true;
}

void confirm_look(struct confirm_state *ret)
{
	struct waiting w;

	*ret = (struct confirm_state){ .waits = someone_waits(&w) };
	if (ret->waits)
		text_print(ret->run, sizeof(ret->run), "%s", w.run);
}

int confirm_name(const char *run, struct err *err)
{
	struct waiting w;

	if (!someone_waits(&w))
		return err_set(err, -ETIME,
			       "the tuning is put back: it took longer than the time to confirm it (give it more), or the clock "
			       "was killed");
	text_print(w.run, sizeof(w.run), "%s", run);
	return waiting_save(&w, err);
}

void confirm_disarm(void)
{
	decide();
}

int confirm_accept(char run[16], struct err *err)
{
	struct waiting w;

	if (access(WAITING, F_OK) == 0 && geteuid() != 0)
		return err_set(err, -EPERM, "only root can confirm a tuning: run it as root");
	if (!someone_waits(&w))
		return err_set(err, -ENOENT, "no tuning waits for a confirmation: vlat status says what is in force");
	if (!w.run[0])
		return err_set(err, -EAGAIN, "the tuning is still being applied: confirm it once vlat tune says so");
	if (!decide())
		return err_set(err, -ETIME, "too late: run %s is being put back", w.run);
	text_print(run, 16, "%s", w.run);
	return 0;
}
