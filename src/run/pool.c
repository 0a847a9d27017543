/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may do what when:
 *
 *	pool.lock shared     a run that uses the pool, from before it looks until it has ended
 *	pool.lock exclusive  a holder made by runs, once nobody uses the pool, until all is put back
 *	pool.make exclusive  whoever starts or ends a holder, and the holder until it is up
 *
 * A holder that was killed leaves its folder behind, and a journal that
 * `vlat revert` undoes; until then no run joins.
 */
#include "run/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/jsonx.h"
#include "base/proc_stat.h"
#include "base/stop.h"
#include "base/text.h"
#include "base/vec.h"
#include "run/pool_parts.h"
#include "run/registry.h"

#define FILE_POOL DIR_POOL "/pool.json"
#define FILE_MAX  ((size_t) 64 << 10)
#define WAIT_NS   (120 * NS_PER_S)
#define IDLE_NS   (30 * NS_PER_S) /* runs of another state folder are not seen here: then it is in vain */
#define LOOK_NS   (50 * NS_PER_MS)
#define FORMAT    2

int pool_lock(const char *path, int how, int *ret_fd, struct err *err)
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

	if (r == 0 && *text && cpuset_parse_list(text, ret) < 0)
		r = err_set(err, -EINVAL, "\"%s\" is no list of CPUs", member);
	return r;
}

static int get_text(const json_t *o, const char *member, char *buf, size_t cap, struct err *err)
{
	const char *text;
	int r = jx_str(o, member, &text, err);

	return r == 0 && text_print(buf, cap, "%s", text) ? err_set(err, -ERANGE, "\"%s\" is too long", member) : r;
}

static int get_texts(const json_t *o, struct pool *p, struct err *err)
{
	const struct {
		const char *member;
		char *buf;
		size_t cap;
	} rows[] = {
		{ "run", p->run, sizeof(p->run) },
		{ "state", p->state, sizeof(p->state) },
		{ "profile", p->profile, sizeof(p->profile) },
		{ "cgroup", p->place.cgroup, sizeof(p->place.cgroup) },
		{ "cgroup_iso", p->place.cgroup_iso, sizeof(p->place.cgroup_iso) },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (get_text(o, rows[i].member, rows[i].buf, rows[i].cap, err) < 0)
			return err->code;
	return 0;
}

static int parse(const json_t *o, struct pool *ret, struct err *err)
{
	struct pool p = POOL_INIT;
	uint64_t pid = 0, kb = 0;
	int r = jx_format(o, FORMAT, err);

	if (r == 0)
		r = jx_u64(o, "pid", &pid, err);
	if (r == 0)
		r = jx_u64(o, "start", &p.start, err);
	if (r == 0)
		r = jx_bool(o, "apart", &p.apart, err);
	if (r == 0)
		r = jx_u64(o, "hugepage_kb", &kb, err);
	if (r == 0)
		r = get_texts(o, &p, err);
	if (r == 0)
		r = get_list(o, "cpus", &p.cpus, err);
	if (r == 0)
		r = get_list(o, "housekeeping", &p.place.housekeeping, err);
	if (r == 0 && (pid < 2 || pid > INT32_MAX || kb > UINT32_MAX))
		r = err_set(err, -ERANGE, "a number is out of range");
	if (r < 0)
		return r;
	p.holder = (pid_t) pid;
	p.place.hugepage_kb = (unsigned) kb;
	*ret = p;
	return 0;
}

int pool_save(const struct pool *p, struct err *err)
{
	char cpus[CPUSET_LIST_MAX], house[CPUSET_LIST_MAX];
	AUTO_JSON json_t *o = json_pack("{s:i, s:i, s:I, s:b, s:i, s:s, s:s, s:s, s:s, s:s}", "format", FORMAT, "pid",
					(int) p->holder, "start", (json_int_t) p->start, "apart", p->apart, "hugepage_kb",
					(int) p->place.hugepage_kb, "run", p->run, "profile", p->profile, "cpus",
					cpuset_list(&p->cpus, cpus, sizeof(cpus)), "housekeeping",
					cpuset_list(&p->place.housekeeping, house, sizeof(house)), "cgroup", p->place.cgroup);

	if (!o || json_object_set_new(o, "cgroup_iso", json_string(p->place.cgroup_iso)) < 0 ||
	    json_object_set_new(o, "state", json_string(p->state)) < 0)
		return err_set(err, -EILSEQ, "the state folder '%s' or a profile's name is no UTF-8 text", p->state);
	return jx_save(FILE_POOL, o, 0644, err);
}

int pool_dead(struct err *err)
{
	return err_set(err, -EUCLEAN, "the vlat that had this host tuned was killed: call `vlat revert`, then start again");
}

int pool_look(struct pool *ret, struct err *err)
{
	AUTO_JSON json_t *o = NULL;
	struct pool p = POOL_INIT;
	int r;

	*ret = p;
	if (access(DIR_POOL, F_OK) < 0)
		return 0;
	r = jx_load(FILE_POOL, FILE_MAX, &o, err);
	if (r == 0)
		r = parse(o, &p, err);
	if (r == -ENOENT || (r == 0 && !proc_is_alive(p.holder, p.start)))
		return pool_dead(err);
	if (r < 0)
		return err_in(err, FILE_POOL);
	*ret = p;
	return 1;
}

int pool_enter(struct pool *ret, struct err *err)
{
	AUTO_CLOSE int lock = -1, making = -1; /* a holder that is just being started is waited for */
	struct pool p;
	int r = dir_make_all(DIR_ALL, 0755, err);

	if (r == 0)
		r = pool_lock(LOCK_POOL, LOCK_SH, &lock, err);
	if (r == 0)
		r = pool_lock(LOCK_MAKE, LOCK_EX, &making, err);
	if (r == 0)
		r = pool_look(&p, err);
	if (r < 0)
		return r;
	p.lock = TAKE_FD(lock);
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

	return r < 0 ? r : pool_lock(LOCK_MAKE, LOCK_EX, ret_fd, err);
}

/* Where that cannot be learnt, somebody does. */
static bool anybody_runs(void)
{
	AUTO(run_records_free) struct run_records all = { 0 };
	struct err ignored = { 0 };

	if (registry_list(&all, &ignored) < 0)
		return true;
	for (size_t i = 0; i < all.n; i++)
		if (all.at[i].state != RUN_DEAD)
			return true;
	return false;
}

void pool_await_idle(void)
{
	uint64_t until_ns = clock_ns() + IDLE_NS;
	struct pool last = POOL_INIT, now;
	struct err ignored = { 0 };

	while (pool_look(&now, &ignored) == 1 && !now.profile[0] && !anybody_runs()) {
		last = now;
		if (clock_ns() > until_ns || stop_sleep(LOOK_NS) < 0)
			return;
	}
	/* The machine is its until the process itself has gone. */
	while (last.holder && proc_is_alive(last.holder, last.start) && clock_ns() < until_ns)
		if (stop_sleep(LOOK_NS) < 0)
			return;
}
