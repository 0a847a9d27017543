/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the wish to the end of a tuning.  The holder does it all itself, so
 * that its journal is its own from the first entry on; whoever started it
 * hears how that went and has no further part in it.
 *
 * A holder of runs waits for the exclusive lock that says the last one has let
 * go.  A thread does that, for no poll() tells of a lock; the rest of the
 * holder stays free for signals and for what its watch looks after.
 */
#include "run/hold.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/log.h"
#include "base/proc_stat.h"
#include "base/sink.h"
#include "base/stop.h"
#include "base/text.h"
#include "base/vec.h"
#include "run/daemon.h"
#include "run/machine.h"
#include "run/pool_parts.h"
#include "run/registry.h"
#include "tune/confine.h"

#define RELEASE_NS (60 * NS_PER_S)

struct holder {
	const struct hold_wish *wish;
	struct fs fs;
	struct host_facts facts;
	struct journal *journal;
	struct plan *plan;
	bool made; /* the plan is ours to free */
	int machine, making;
	int watch; /* of wish->watch; -1 */
	bool watching;
	struct pool pool;
};

static int make_folder(struct holder *h, struct err *err)
{
	AUTO_FREE char *why = h->wish->profile ? xprintf("tune %s", h->wish->profile) : xstrdup("host tuning for runs");
	int r = access(DIR_POOL, F_OK) == 0 ? pool_dead(err) : journal_open_tuning(&h->journal, why, err);

	if (r == 0)
		r = journal_tree(h->journal, DIR_POOL, err);
	if (r == 0 && mkdir(DIR_POOL, 0755) < 0)
		r = err_sys(err, -errno, "cannot make " DIR_POOL);
	return r;
}

static int make_plan(struct holder *h, struct err *err)
{
	const struct hold_wish *w = h->wish;
	const struct plan_options options = { 0 };
	int r;

	if (w->plan) {
		h->plan = w->plan;
		return 0;
	}
	r = fs_open_root(&h->fs, "/", err);
	if (r == 0)
		r = host_facts_read(&h->fs, &h->facts, err);
	if (r < 0)
		return r;
	h->made = true;
	return w->make ? w->make(w->make_arg, &h->fs, &h->facts, w->split, &h->plan, err)
		       : plan_make(&h->plan, &h->fs, &h->facts, w->split, &options, err);
}

/* A belt beside the braces: a tuning is not refused for want of it. */
static void confine(struct plan *p)
{
	struct err err = { 0 };
	char state[320];
	int r = journal_state_dir(state, sizeof(state), &err);

	if (r == 0)
		r = plan_confine(p, state, &err);
	if (r < 0)
		log_debug("the holder may write more than it has to: %s", err.text);
}

/* Groups of the plan, or the boot, keep others away; a tuning may do neither. */
static bool is_apart(const struct holder *h)
{
	const struct cpuset *cpus = &h->pool.cpus;
	struct cpuset boot;

	return h->pool.place.cgroup[0] ||
	       (fs_read_cpulist(plan_fs(h->plan), "sys/devices/system/cpu/isolated", &boot) == 0 && cpuset_within(cpus, &boot));
}

static int say_what_is(struct holder *h, struct err *err)
{
	struct pool *p = &h->pool;
	struct proc_stat self;
	int r = proc_stat_read(getpid(), &self);

	if (r < 0)
		return err_sys(err, r, "cannot read /proc/self/stat");
	p->holder = getpid();
	p->start = self.start_time;
	plan_placement(h->plan, &p->place);
	p->cpus = plan_split(h->plan)->isolated;
	p->place.housekeeping = plan_split(h->plan)->housekeeping;
	p->apart = is_apart(h);
	text_print(p->run, sizeof(p->run), "%s", journal_run(h->journal));
	text_print(p->profile, sizeof(p->profile), "%s", h->wish->profile ? h->wish->profile : "");
	r = journal_state_dir(p->state, sizeof(p->state), err);
	return r < 0 ? r : pool_save(p, err);
}

static int set_up(struct holder *h, struct err *err)
{
	const struct hold_wish *w = h->wish;
	AUTO_CLOSE int begun = -1;
	int r = w->begin ? w->begin(w->begin_arg, &begun, err) : 0;

	if (r == 0 && !w->profile)
		r = machine_share(&h->machine, false, err);
	if (r == 0)
		r = make_folder(h, err);
	if (r == 0)
		r = make_plan(h, err);
	if (r == 0) {
		confine(h->plan);
		r = plan_apply(h->plan, h->journal, err);
	}
	if (r == 0)
		r = say_what_is(h, err);
	if (r == 0 && stop_wanted())
		r = err_set(err, -EINTR, "interrupted; everything was put back");
	return r;
}

static struct hold_now now_of(const struct holder *h)
{
	return (struct hold_now){ .plan = h->plan, .journal = h->journal, .profile = h->wish->profile };
}

static void watch_open(struct holder *h)
{
	const struct hold_watch *w = h->wish->watch;
	struct hold_now now = now_of(h);
	struct err err = { 0 };

	if (!w)
		return;
	h->watching = w->open(w->arg, &now, &h->watch, &err) == 0;
	if (!h->watching)
		log_warn("the tuning is held, but %s", err.text);
}

/* What the journal cannot undo stays in it, for `vlat revert`. */
static int take_down(struct holder *h)
{
	struct err err = { 0 };
	int r = 0;

	if (h->watching)
		h->wish->watch->close(h->wish->watch->arg);
	if (h->plan && plan_revert(h->plan, &err) < 0)
		log_warn("%s", err.text);
	if (h->made)
		plan_free(h->plan);
	if (h->journal)
		r = journal_close(h->journal, &err);
	if (r < 0)
		log_warn("%s", err.text);
	host_facts_free(&h->facts);
	fs_close(&h->fs);
	if (h->machine >= 0)
		close(h->machine);
	return r < 0 ? 1 : 0;
}

/* ---- until nobody needs it ---- */

struct last_run {
	int lock, event;
};

static void *wait_for_last(void *arg)
{
	const struct last_run *l = arg;

	while (flock(l->lock, LOCK_EX) < 0 && errno == EINTR)
		;
	(void) eventfd_write(l->event, 1);
	return NULL;
}

/* The thread ends with the lock or with the process, whichever comes first; signals are for the other one. */
static int count_runs(struct last_run *l, struct err *err)
{
	sigset_t all, before;
	pthread_t thread;
	int r;

	l->lock = open(LOCK_POOL, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	l->event = eventfd(0, EFD_CLOEXEC);
	if (l->lock < 0 || l->event < 0)
		return err_sys(err, -errno, "runs cannot be counted");
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = -pthread_create(&thread, NULL, wait_for_last, l);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r == 0)
		pthread_detach(thread);
	return r < 0 ? err_sys(err, r, "runs cannot be counted") : 0;
}

static void wait_for_end(const struct holder *h, const struct last_run *last)
{
	const struct hold_watch *w = h->watching ? h->wish->watch : NULL;
	struct hold_now now = now_of(h);
	int timeout = w ? 0 : -1; /* from then on it says itself when */
	int clock = h->wish->clock ? h->wish->clock->fd : -1;

	while (!stop_wanted()) {
		struct pollfd p[] = {
			{ .fd = stop_fd(), .events = POLLIN },
			{ .fd = last->event, .events = POLLIN },
			{ .fd = w ? h->watch : -1, .events = POLLIN },
			{ .fd = clock, .events = POLLIN },
		};
		int n = poll(p, ARRAY_SIZE(p), timeout);

		if (p[1].revents && n > 0)
			return;
		if (p[3].revents && n > 0) {
			if (h->wish->clock->died())
				return;
			clock = -1;
		}
		if (w && (n == 0 || (n > 0 && p[2].revents)))
			timeout = w->tick(w->arg, &now, n > 0);
	}
}

/* From "it is in force" to "all is put back". */
static int live(struct holder *h)
{
	struct last_run last = { .lock = -1, .event = -1 };
	struct err err = { 0 };
	int r = h->wish->profile ? 0 : count_runs(&last, &err);

	if (r < 0)
		log_warn("%s", err.text);
	watch_open(h);
	if (r == 0)
		wait_for_end(h, &last);
	return take_down(h); /* the lock is let go with the process: no run looks before all is put back */
}

static char *text_of(const struct holder *h)
{
	struct sink text = { 0 };

	plan_text(h->plan, &text);
	return text.text ? text.text : xstrdup("");
}

static int holder_main(void *arg, struct daemon_tell *tell)
{
	struct holder *h = arg;
	AUTO_FREE char *text = NULL;
	struct err err = { 0 };
	json_t *said;
	int r;

	prctl(PR_SET_NAME, "vlat-hold");
	if (chdir("/") < 0) /* it outlives whoever wants this folder back */
		log_debug("the holder stays in its folder");
	r = set_up(h, &err);
	if (r < 0) {
		take_down(h);
		daemon_failed(tell, &err);
		return 1;
	}
	text = text_of(h);
	said = json_pack("{s:s}", "text", text);
	daemon_up(tell, said ? said : json_pack("{s:s}", "text", "(the plan holds bytes that are no text)\n"));
	close(TAKE_FD(h->making));
	return live(h);
}

/* ---- how one is started and ended ---- */

static void names_of_runs(struct sink *out)
{
	AUTO(run_records_free) struct run_records all = { 0 };
	struct err ignored = { 0 };
	size_t n = 0;

	if (registry_list(&all, &ignored) == 0)
		for (size_t i = 0; i < all.n; i++)
			if (all.at[i].state != RUN_DEAD && !text_eq(all.at[i].tuning, "none"))
				sink_printf(out, "%s'%s'", n++ ? ", " : "", all.at[i].name);
	if (n == 0)
		sink_put(out, "see `vlat ps`");
}

static int already(const struct pool *p, struct err *err)
{
	AUTO(sink_free) struct sink names = { 0 };
	char cpus[128];

	if (p->profile[0])
		return err_set(err, -EALREADY, "this host is tuned already (run %s, tune %s): vlat revert first", p->run,
			       p->profile);
	names_of_runs(&names);
	return err_set(err, -EALREADY,
		       "`vlat run` has this host tuned for what it started (%.200s; CPUs %s): stop that with `vlat stop NAME`, "
		       "tune, and start it again, then it shares the tuning",
		       names.text, cpuset_list(&p->cpus, cpus, sizeof(cpus)));
}

/* Nobody else starts one meanwhile; a dead one is the business of wish->begin(), which may clear it away. */
static int prepare(const struct hold_wish *wish, struct holder *h, struct pool *ret, struct err *err)
{
	struct err why = { 0 };
	int r = pool_hold(&h->making, err);

	if (r < 0)
		return r;
	r = pool_look(ret, &why);
	if (r == 1)
		return already(ret, err);
	return r == 0 || (r == -EUCLEAN && wish->begin) ? 0 : err_set(err, r, "%s", why.text);
}

static struct holder holder_of(const struct hold_wish *wish)
{
	return (struct holder){ .wish = wish, .fs.root = -1, .machine = -1, .making = -1, .watch = -1, .pool = POOL_INIT };
}

void hold_up_free(struct hold_up *up)
{
	free(up->text);
	*up = (struct hold_up){ .pool = POOL_INIT };
}

static int start(const struct hold_wish *wish, struct holder *h, json_t **said, struct err *err)
{
	int keep[] = { h->making, -1, -1, -1 };
	char log[320];
	struct daemon_opts opts = { .log = log, .attached = wish->profile, .keep = keep };
	int r = registry_log("@host", log, sizeof(log), err);
	size_t n = 1;

	if (wish->plan)
		keep[n++] = plan_fs(wish->plan)->root;
	if (wish->clock)
		keep[n] = wish->clock->fd;
	return r == 0 ? daemon_start(holder_main, h, &opts, said, err) : r;
}

int hold_start(const struct hold_wish *wish, struct hold_up *ret, struct err *err)
{
	struct holder h = holder_of(wish);
	AUTO_JSON json_t *said = NULL;
	const char *text = "";
	int r;

	*ret = (struct hold_up){ .pool = POOL_INIT };
	r = prepare(wish, &h, &ret->pool, err);
	if (r == 0)
		r = start(wish, &h, &said, err);
	if (h.making >= 0)
		close(h.making);
	if (r == 0)
		r = jx_str(said, "text", &text, err);
	if (r < 0)
		return r;
	ret->text = xstrdup(text);
	r = pool_look(&ret->pool, err);
	return r == 1 ? 0 : r < 0 ? r : pool_dead(err);
}

int hold_here(const struct hold_wish *wish, void (*up)(void *arg, const struct hold_up *up), void *arg, struct err *err)
{
	struct holder h = holder_of(wish);
	struct hold_up now = { .pool = POOL_INIT };
	int r = prepare(wish, &h, &now.pool, err);

	if (r == 0) {
		r = set_up(&h, err);
		if (r < 0)
			take_down(&h);
	}
	if (h.making >= 0)
		close(h.making);
	if (r < 0)
		return r;
	now.pool = h.pool;
	now.text = text_of(&h);
	if (up)
		up(arg, &now);
	hold_up_free(&now);
	return live(&h) ? err_set(err, -EIO, "not all could be put back: `vlat revert` tries again") : 0;
}

/* Killed, not asked: then the caller undoes its journal, and can tell what became of each change. */
static int end_holder(const struct pool *p, struct err *err)
{
	uint64_t until_ns = clock_ns() + RELEASE_NS;

	if (kill(p->holder, SIGKILL) < 0 && errno != ESRCH)
		return err_sys(err, -errno, "cannot end process %d, which holds run %s", (int) p->holder, p->run);
	while (proc_is_alive(p->holder, p->start)) {
		if (clock_ns() > until_ns)
			return err_set(err, -ETIME, "process %d, which holds run %s, does not end", (int) p->holder, p->run);
		clock_sleep_ns(NS_PER_MS);
	}
	return 0;
}

/* Its groups cannot be taken from under those who run in them. */
static int nobody_in_it(struct err *err)
{
	AUTO(sink_free) struct sink names = { 0 };
	AUTO_CLOSE int fd = open(LOCK_POOL, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);

	if (fd < 0)
		return err_sys(err, -errno, "cannot open " LOCK_POOL);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return err_sys(err, -errno, "cannot lock " LOCK_POOL);
	names_of_runs(&names);
	return err_set(err, -EBUSY,
		       "what `vlat run` has started is on the CPUs that this tuning sets apart (%.300s): stop it first with "
		       "`vlat stop NAME`",
		       names.text);
}

/* Of this state folder: the journal of another's would stay, with nobody to undo it. */
static bool is_ours(const struct pool *p, const char *run)
{
	struct err ignored = { 0 };
	char state[256];

	if (!p->profile[0] || (run && !text_eq(p->run, run)))
		return false;
	return journal_state_dir(state, sizeof(state), &ignored) == 0 && text_eq(state, p->state);
}

int hold_release(const char *run, struct err *err)
{
	AUTO_CLOSE int making = -1;
	struct err why = { 0 };
	struct pool p;
	int r;

	if (access(DIR_POOL, F_OK) < 0)
		return 0;
	r = pool_hold(&making, err);
	if (r < 0)
		return r;
	r = pool_look(&p, &why);
	if (r < 0 && r != -EUCLEAN) /* that one is dead already */
		return err_set(err, r, "%s", why.text);
	if (r != 1 || !is_ours(&p, run))
		return 0;
	r = nobody_in_it(err);
	return r == 0 ? end_holder(&p, err) : r;
}
