/* SPDX-License-Identifier: Apache-2.0 */
/* vlat guard - watches the tuned host from a housekeeping CPU and tells a monitoring system. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/sink.h"
#include "base/stop.h"
#include "base/text.h"
#include "cmd/command.h"
#include "cmd/table.h"
#include "host/cpu.h"
#include "keep/force.h"
#include "keep/metrics.h"
#include "keep/server.h"
#include "keep/store.h"
#include "keep/unit.h"
#include "run/pool.h"

#define FOLDER   "/run/vlat"
#define SLACK_NS (50 * NS_PER_MS) /* its timers may wait for the CPU to be awake anyway */
#define NICE     5

struct guard_cfg {
	const char *listen;
	uint64_t interval_ns;
	bool once;
};

static const struct guard_cfg guard_defaults = { .listen = "unix:" FOLDER "/guard.sock", .interval_ns = 15 * NS_PER_S };

static const struct option_row guard_options[] = {
	OPT_STR(struct guard_cfg, listen, .name = "listen", .arg = "WHERE", .shown = "unix:" FOLDER "/guard.sock",
		.help = "unix:PATH, 127.0.0.1:PORT or [::1]:PORT"),
	OPT_DURATION(struct guard_cfg, interval_ns, .name = "interval", .min = NS_PER_S, .max = 3600 * NS_PER_S, .shown = "15s",
		     .help = "how often to look"),
	OPT_FLAG(struct guard_cfg, once, .name = "once", .help = "print the metrics of one second and end"),
};

static const struct example guard_examples[] = {
	{ .line = "sudo vlat guard --listen 127.0.0.1:9712", .what = "metrics for Prometheus at http://127.0.0.1:9712/metrics" },
	{ .line = "sudo vlat guard --once", .what = "what it would tell now, as for node_exporter's textfile folder" },
};

static const struct exit_row guard_exits[] = {
	{ .code = EXIT_USAGE, .meaning = "wrong usage, or it cannot listen there" },
};

struct guard {
	struct fs fs;
	struct watch watch;
	struct cpuset pinned; /* where it runs; empty = anywhere */
	uint64_t looks;
};

/* The CPUs of the tuning in force, else those of the boot. */
static void find_isolated(struct guard *g, struct cpuset *isolated, struct cpuset *house)
{
	struct pool pool = POOL_INIT;
	struct err ignored = { 0 };
	struct cpuset online = { 0 };

	*isolated = *house = (struct cpuset){ 0 };
	if (pool_look(&pool, &ignored) == 1) {
		*isolated = pool.cpus;
		*house = pool.place.housekeeping;
	} else if (fs_read_cpulist(&g->fs, "sys/devices/system/cpu/isolated", isolated) < 0) {
		*isolated = (struct cpuset){ 0 };
	}
	fs_read_cpulist(&g->fs, "sys/devices/system/cpu/online", &online);
	if (cpuset_empty(house))
		*house = cpuset_minus(&online, isolated);
}

/* One housekeeping CPU, and only when there is something to keep away from. */
static void pin(struct guard *g, const struct cpuset *isolated, const struct cpuset *house)
{
	struct cpuset one = cpuset_one((unsigned) cpuset_first(house));
	int r;

	if (cpuset_empty(isolated) || cpuset_empty(house) || cpuset_equal(&one, &g->pinned))
		return;
	r = cpuset_set_affinity(0, &one);
	if (r < 0)
		log_warn("cannot stay on CPU %d: %s", cpuset_first(house), strerror(-r));
	else
		g->pinned = one;
}

static double own_cpu_s(void)
{
	struct rusage u;

	if (getrusage(RUSAGE_SELF, &u) < 0)
		return 0;
	return (double) u.ru_utime.tv_sec + (double) u.ru_stime.tv_sec +
	       1e-6 * (double) (u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static int look_at_tuning(struct metrics *m, struct err *err)
{
	struct revert_report report = { 0 };
	const struct revert_run *t;
	struct verified v;
	struct err ignored = { 0 };
	int r = force_look_quietly(&report, err);

	t = r == 0 ? force_tuning(&report) : NULL;
	if (t) {
		m->in_force = true;
		text_print(m->run, sizeof(m->run), "%s", t->id);
		text_print(m->why, sizeof(m->why), "%s", t->why);
		m->drifted = force_count_drifted(t);
		m->settings = force_count_held(t) + m->drifted;
		m->verified = verified_load(t->id, &v, &ignored) == 0;
		if (m->verified) {
			m->verified_fine = v.fine;
			m->verified_at_s = v.at_s;
		}
	}
	revert_report_free(&report);
	return r;
}

static int look(struct guard *g, struct sink *page, struct err *err)
{
	struct metrics m = { .watch = &g->watch };
	struct cpuset isolated, house;
	int r;

	find_isolated(g, &isolated, &house);
	pin(g, &isolated, &house);
	r = watch_look(&g->watch, &g->fs, &isolated, err);
	if (r == 0)
		r = look_at_tuning(&m, err);
	if (r < 0)
		return r;
	text_print(m.version, sizeof(m.version), "%s", VLAT_VERSION);
	m.persisted = access(KEEP_FILE, F_OK) == 0;
	m.looks = ++g->looks;
	m.guard_cpu_s = own_cpu_s();
	sink_free(page);
	metrics_text(&m, page);
	return 0;
}

/* Twice: a task strays when it runs, which only a second look can tell. */
static int look_once(struct guard *g, struct sink *page, struct err *err)
{
	int r = look(g, page, err);

	if (r == 0)
		r = stop_sleep(NS_PER_S);
	return r == 0 ? look(g, page, err) : r;
}

static int watch_and_tell(struct guard *g, const struct guard_cfg *cfg, struct err *err)
{
	struct server *server = NULL;
	struct sink page = { 0 };
	uint64_t next = clock_ns();
	int r = text_starts(cfg->listen, "unix:" FOLDER "/") ? dir_make_all(FOLDER, 0755, err) : 0;

	if (r == 0)
		r = look(g, &page, err);
	if (r == 0)
		r = server_open(&server, cfg->listen, err);
	if (r == 0) {
		log_note("listening on %s", server_where(server));
		unit_notify("READY=1");
	}
	while (r == 0) {
		next += cfg->interval_ns;
		r = server_serve(server, page.text, next);
		if (r == 0)
			r = look(g, &page, err);
	}
	server_close(server);
	sink_free(&page);
	return r == -EINTR ? 0 : r;
}

static int run_guard(const struct call *call)
{
	const struct guard_cfg *cfg = call->config;
	struct guard g = { .fs.root = -1 };
	struct sink page = { 0 };
	struct err err = { 0 };
	int r;

	if (geteuid() != 0)
		r = err_set(&err, -EPERM, "only root can look at every task and at vlat's journals: run it as root");
	else
		r = fs_open_root(&g.fs, "/", &err);
	prctl(PR_SET_TIMERSLACK, (unsigned long) SLACK_NS);
	if (setpriority(PRIO_PROCESS, 0, NICE) < 0)
		log_debug("the guard keeps its priority");
	if (r == 0)
		r = cfg->once ? look_once(&g, &page, &err) : watch_and_tell(&g, cfg, &err);
	watch_free(&g.watch);
	fs_close(&g.fs);
	if (r == 0)
		return cfg->once ? cmd_print(&page) : EXIT_OK;
	sink_free(&page);
	return cmd_fail(&err);
}

const struct command cmd_guard = {
	.name = "guard",
	.brief = "watch the tuned host and serve metrics for Prometheus",
	.text = "Looks every few seconds whether the tuning in force still holds and what happens on the isolated CPUs: "
		"settings that have drifted, interrupts by kind, tasks that stray there, involuntary switches of the threads "
		"that are confined there, steal, throttling. The metrics are served over HTTP (GET /metrics) on a unix socket "
		"or the loopback; docs/keep.md explains each.\n\n"
		"The guard runs on a housekeeping CPU and reads only what lies in memory: no isolated CPU is interrupted for "
		"it. It takes less than a thousandth of one CPU.",
	ROWS(options, guard_options),
	ROWS(examples, guard_examples),
	ROWS(exits, guard_exits),
	CONFIG(guard_defaults),
	.run = run_guard,
};
