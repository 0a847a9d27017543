/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may do what when:
 *
 *	pool.lock shared     a run that uses the pool, from before it looks until it has ended
 *	pool.lock exclusive  the keeper, once nobody uses the pool, until all is put back
 *	pool.make exclusive  whoever starts a keeper
 *
 * A keeper that was killed leaves its folder behind, and a journal that
 * `vlat revert` undoes; until then no run joins.
 */
#include "run/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/jsonx.h"
#include "base/log.h"
#include "base/proc_stat.h"
#include "base/stop.h"
#include "base/text.h"
#include "host/facts.h"
#include "journal/journal.h"
#include "run/daemon.h"
#include "run/machine.h"
#include "run/registry.h"
#include "tune/plan.h"

#define DIR_ALL   "/run/vlat"
#define DIR_POOL  DIR_ALL "/pool"
#define FILE_POOL DIR_POOL "/pool.json"
#define LOCK_POOL DIR_ALL "/pool.lock"
#define LOCK_MAKE DIR_ALL "/pool.make"
#define WAIT_NS   (120 * NS_PER_S)
#define LOOK_NS   (50 * NS_PER_MS)
#define FORMAT    1

/* flock() with a deadline and Ctrl-C. */
static int lock_file(const char *path, int how, int *ret_fd, struct err *err)
{
	uint64_t deadline = clock_ns() + WAIT_NS;
	AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);

	if (fd < 0)
		return err_sys(err, -errno, "cannot open %s", path);
	while (flock(fd, how | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(err, -errno, "cannot lock %s", path);
		if (clock_ns() > deadline)
			return err_set(err, -EBUSY, "another vlat has held %s for two minutes: see `vlat ps`", path);
		if (stop_sleep(LOOK_NS) < 0)
			return err_set(err, -EINTR, "interrupted while waiting for another vlat");
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int get_list(const json_t *o, const char *member, struct cpuset *ret, struct err *err)
{
	const char *text;
	int r = jx_str(o, member, &text, err);

	if (r == 0 && cpuset_parse_list(text, ret) < 0)
		r = err_set(err, -EINVAL, "%s: \"%s\" is no list of CPUs", FILE_POOL, member);
	return r;
}

static int get_text(const json_t *o, const char *member, char *buf, size_t cap, struct err *err)
{
	const char *text;
	int r = jx_str(o, member, &text, err);

	return r == 0 && text_print(buf, cap, "%s", text) ? err_set(err, -ERANGE, "\"%s\" is too long", member) : r;
}

static int parse(const json_t *o, struct pool *p, uint64_t *ret_start, struct err *err)
{
	uint64_t pid = 0;
	int r = jx_format(o, FORMAT, err);

	if (r == 0)
		r = jx_u64(o, "pid", &pid, err);
	if (r == 0)
		r = jx_u64(o, "start", ret_start, err);
	if (r == 0)
		r = get_text(o, "run", p->run, sizeof(p->run), err);
	if (r == 0)
		r = get_list(o, "cpus", &p->cpus, err);
	if (r == 0)
		r = get_list(o, "housekeeping", &p->place.housekeeping, err);
	if (r == 0)
		r = get_text(o, "cgroup", p->place.cgroup, sizeof(p->place.cgroup), err);
	if (r == 0)
		r = get_text(o, "cgroup_iso", p->place.cgroup_iso, sizeof(p->place.cgroup_iso), err);
	p->keeper = (pid_t) pid;
	return r;
}

/* 1 = there is a pool, 0 = none. */
static int look(struct pool *p, struct err *err)
{
	AUTO_JSON json_t *o = NULL;
	uint64_t start = 0;
	int r;

	if (access(DIR_POOL, F_OK) < 0)
		return 0;
	r = jx_load(FILE_POOL, 64 << 10, &o, err);
	if (r == 0)
		r = parse(o, p, &start, err);
	if (r == -ENOENT || (r == 0 && !proc_is_alive(p->keeper, start)))
		return err_set(err, -EUCLEAN,
			       "the vlat that kept this host tuned for runs was killed: call `vlat revert`, then start again");
	return r < 0 ? err_in(err, FILE_POOL) : 1;
}

int pool_enter(struct pool *ret, struct err *err)
{
	struct pool p = POOL_INIT;
	int r = dir_make_all(DIR_ALL, 0755, err);

	if (r == 0)
		r = lock_file(LOCK_POOL, LOCK_SH, &p.lock, err);
	if (r == 0) {
		AUTO_CLOSE int making = -1; /* a keeper that is just being started is waited for */

		r = lock_file(LOCK_MAKE, LOCK_EX, &making, err);
		if (r == 0)
			r = look(&p, err);
	}
	if (r < 0) {
		pool_leave(&p);
		return r;
	}
	*ret = p;
	return 0;
}

void pool_leave(struct pool *p)
{
	if (p->lock >= 0)
		close(p->lock);
	*p = (struct pool) POOL_INIT;
}

int pool_hold(int *ret_fd, struct err *err)
{
	int r = dir_make_all(DIR_ALL, 0755, err);

	return r < 0 ? r : lock_file(LOCK_MAKE, LOCK_EX, ret_fd, err);
}

/* ---- the keeper ---- */

struct keeper {
	const struct cpu_split *split;
	struct fs fs;
	struct host_facts facts;
	struct journal *journal;
	struct plan *plan;
	int machine;
};

static int save(const struct keeper *k, struct err *err)
{
	AUTO_JSON json_t *o = NULL;
	char cpus[2048], house[2048];
	struct placement place;
	struct proc_stat self;
	int r = proc_stat_read(getpid(), &self);

	if (r < 0)
		return err_sys(err, r, "cannot read /proc/self/stat");
	plan_placement(k->plan, &place);
	o = json_pack("{s:i, s:i, s:I, s:s, s:s, s:s, s:s, s:s}", "format", FORMAT, "pid", (int) getpid(), "start",
		      (json_int_t) self.start_time, "run", journal_run(k->journal), "cpus",
		      cpuset_list(&k->split->isolated, cpus, sizeof(cpus)), "housekeeping",
		      cpuset_list(&k->split->housekeeping, house, sizeof(house)), "cgroup", place.cgroup, "cgroup_iso",
		      place.cgroup_iso);
	return jx_save(FILE_POOL, o, 0644, err);
}

static int set_up(struct keeper *k, struct err *err)
{
	const struct plan_options options = { 0 };
	int r = machine_share(&k->machine, err);

	if (r == 0)
		r = fs_open_root(&k->fs, "/", err);
	if (r == 0)
		r = host_facts_read(&k->fs, &k->facts, err);
	if (r == 0)
		r = journal_open(&k->journal, "host tuning for runs", err);
	if (r == 0)
		r = journal_tree(k->journal, DIR_POOL, err);
	if (r == 0 && mkdir(DIR_POOL, 0755) < 0)
		r = err_sys(err, -errno, "cannot make " DIR_POOL);
	if (r == 0)
		r = plan_make(&k->plan, &k->fs, &k->facts, k->split, &options, err);
	if (r == 0)
		r = plan_apply(k->plan, k->journal, err);
	if (r == 0)
		r = save(k, err);
	return r;
}

/* What the journal cannot undo stays in it, for `vlat revert`. */
static int take_down(struct keeper *k)
{
	struct err err = { 0 };
	int r = 0;

	if (k->plan && plan_revert(k->plan, &err) < 0)
		log_warn("%s", err.text);
	plan_free(k->plan);
	if (k->journal)
		r = journal_close(k->journal, &err);
	if (r < 0)
		log_warn("%s", err.text);
	host_facts_free(&k->facts);
	fs_close(&k->fs);
	return r < 0 ? 1 : 0;
}

/* Until the last run has let go, or somebody wants an end. */
static void wait_for_runs(int *ret_lock)
{
	int fd = open(LOCK_POOL, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	while (fd >= 0 && !stop_wanted() && flock(fd, LOCK_EX) < 0 && errno == EINTR)
		;
	*ret_lock = fd;
}

static int keep(void *arg, struct daemon_tell *tell)
{
	struct keeper k = { .split = arg, .fs.root = -1, .machine = -1 };
	struct err err = { 0 };
	int lock = -1, r;

	if (chdir("/") < 0) /* it outlives whoever wants this folder back */
		log_debug("the keeper stays in its folder");
	r = set_up(&k, &err);
	if (r < 0) {
		take_down(&k);
		daemon_failed(tell, &err);
		return 1;
	}
	daemon_up(tell, json_pack("{s:s}", "run", journal_run(k.journal)));
	wait_for_runs(&lock);
	r = take_down(&k);
	if (lock >= 0)
		close(lock);
	return r;
}

int pool_make(struct pool *p, const struct cpu_split *split, struct err *err)
{
	AUTO_CLOSE int making = -1;
	AUTO_JSON json_t *said = NULL;
	struct cpu_split copy = *split;
	char log[320];
	int lock = p->lock, r = lock_file(LOCK_MAKE, LOCK_EX, &making, err);

	if (r == 0)
		r = look(p, err); /* somebody else was faster */
	if (r != 0)
		return r < 0 ? r : 0;
	if (registry_log("@host", log, sizeof(log), err) < 0)
		return err->code;
	r = daemon_start(keep, &copy, log, &said, err);
	if (r < 0)
		return r == -EINTR ? r : err_in(err, "the host could not be tuned for this run");
	r = look(p, err);
	p->lock = lock;
	return r < 0 ? r : 0;
}
