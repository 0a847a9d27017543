/* SPDX-License-Identifier: Apache-2.0 */
/* Real containers under every runtime that is installed. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/spawn.h"
#include "base/text.h"
#include "container/container.h"
#include "e2e.h"
#include "net/wire.h"

#define PATIENCE_MS 120000

static const struct {
	const char *name;
	bool hide;
} kinds[] = { { "crun", false }, { "crun", true }, { "runc", false } };

/* What crun or runc of this list runs containers here; a test has at least one, or main() has ended. */
struct working {
	struct runtime at[3];
	size_t n;
};

static const char *agent_path;
static struct working working;

/* One line to the agent, one line back. */
static const char *ask(const struct container *c, const char *line, char buf[16384])
{
	size_t n = 0;

	check(write(c->to_agent, line, strlen(line)) == (ssize_t) strlen(line) && write(c->to_agent, "\n", 1) == 1);
	do {
		struct pollfd p = { .fd = c->from_agent, .events = POLLIN };
		ssize_t got;

		check(poll(&p, 1, PATIENCE_MS) == 1);
		got = read(c->from_agent, buf + n, 16383 - n);
		check(got > 0);
		n += (size_t) got;
	} while (buf[n - 1] != '\n');
	buf[n - 1] = '\0';
	return buf;
}

/* At the end of its output: closed, because it is gone. */
static bool is_gone(const struct container *c)
{
	struct pollfd p = { .fd = c->from_agent, .events = POLLIN };
	char byte;

	return poll(&p, 1, PATIENCE_MS) == 1 && read(c->from_agent, &byte, 1) == 0;
}

static void find_working(void)
{
	struct journal *j;
	struct err e = { 0 };

	must(journal_open(&j, "e2e runtimes", &e));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct runtime *rt = &working.at[working.n];

		if (kinds[i].hide && access("/sys/fs/cgroup/unified", F_OK) < 0)
			continue;
		if (runtime_try(rt, kinds[i].name, kinds[i].hide, j, agent_path, &e) < 0) {
			printf("not tested: %s\n", e.text);
			continue;
		}
		printf("# %s\n", rt->why);
		working.n++;
	}
	must(journal_close(j, &e));
	if (!working.n)
		e2e_skip("no container runtime runs here: %s", e.text);
}

static ino_t netns_of(const char *path)
{
	struct stat st;

	check(stat(path, &st) == 0);
	return st.st_ino;
}

/* From inside and from outside: rights, namespaces, root filesystem. */
static void inspect(const struct container *c, const struct wire *w)
{
	char text[16384], path[64];

	ask(c, "cat /proc/self/status", text);
	check(strstr(text, "CapEff:\t0000000000804000"));
	check(strstr(text, "CapBnd:\t0000000000804000"));
	check(strstr(text, "NoNewPrivs:\t1"));
	check(strstr(text, "Pid:\t1 "));
	check(text_eq(ask(c, "lock", text), "0"));
	check(strtol(ask(c, "write /x", text), NULL, 10) == EROFS);
	check(strtol(ask(c, "write /proc/sys/kernel/hostname", text), NULL, 10) == EROFS);
	check(text_eq(ask(c, "cat /proc/1/environ", text), text) && strstr(text, journal_mark(c->journal)));
	check(strstr(ask(c, "cat /proc/net/dev", text), "eth0:"));
	(void) text_print(path, sizeof(path), "/proc/%d/ns/net", (int) c->pid);
	check(netns_of(path) == netns_of(w->sut_ns_path));
}

static void place(struct container_spec *spec)
{
	struct cpuset mine;

	check(cpuset_get_affinity(0, &mine) == 0);
	spec->place.sut_cpus = cpuset_one((unsigned) cpuset_last(&mine));
	spec->place.housekeeping = cpuset_minus(&mine, &spec->place.sut_cpus);
	spec->place.sut_fifo = 5;
}

/* Would the kernel give a new group real-time budget?  Unseen holders are groups whose dead nobody has waited for yet. */
static bool budget_is_free(void)
{
	static const char dir[] = "/sys/fs/cgroup/cpu/vlat-e2e-budget";
	static const char file[] = "/sys/fs/cgroup/cpu/vlat-e2e-budget/cpu.rt_runtime_us";
	int fd = mkdir(dir, 0755) < 0 ? -1 : open(file, O_WRONLY | O_CLOEXEC);
	bool is_free = fd >= 0 && write(fd, "900000", 6) == 6 && write(fd, "0", 1) == 1;

	if (fd >= 0)
		close(fd);
	(void) rmdir(dir);
	return is_free;
}

/* FIFO inside works exactly when container_start() said so. */
static void check_placed(const struct container *c, const struct container_spec *spec)
{
	struct cpuset now, home = spec->place.housekeeping;
	char text[16384];
	long r;

	check(cpuset_get_affinity(c->pid, &now) == 0);
	if (!cpuset_empty(&home))
		check(cpuset_equal(&now, &home));
	r = strtol(ask(c, "fifo 5", text), NULL, 10);
	check(r == (c->rt_allowed ? 0 : EPERM));
	if (!c->rt_allowed)
		printf("# %s: no SCHED_FIFO: %s\n", c->runtime.name, c->rt_why);
	check(c->rt_allowed == !c->rt_why[0]);
}

static void test_life(const struct runtime *rt)
{
	struct wire w = WIRE_INIT;
	struct container *c, *second;
	struct snapshot before;
	struct err e = { 0 };
	struct journal *j;
	char run[16], text[16384];
	bool real_time, budget;

	snapshot_take(&before, NULL);
	must(journal_open(&j, "e2e container", &e));
	(void) text_print(run, sizeof(run), "%s", journal_run(j));
	must(wire_make(&w, j, WIRE_CONTAINER, &e));
	{
		struct container_spec spec = { .agent = agent_path, .netns = w.sut_ns_path, .runtime = rt };

		must(container_start(&c, &spec, j, &e));
		inspect(c, &w);
		check(!c->rt_allowed && !c->rt_why[0]);         /* stock: not asked for */
		/* A second one beside it, tuned; each hears its own words. */
		place(&spec);
		budget = budget_is_free();
		must(container_start(&second, &spec, j, &e));
		check_placed(second, &spec);
		check(second->rt_allowed || !budget);
		check(!text_eq(c->id, second->id) && !text_eq(c->cgroup, second->cgroup));
		check(text_eq(ask(c, "say trouble ahead", text), "0"));
		check(text_eq(container_stderr_tail(c, text, sizeof(text)), "trouble ahead"));
		check(text_eq(container_stderr_tail(second, text, sizeof(text)), ""));
		container_stop(c, 5 * NS_PER_S);
		inspect(second, &w);
		real_time = second->rt_allowed;
		container_stop(second, 0);                      /* no grace: it is ended */
		/* And once more in the place of the first: the budget has come back. */
		must(container_start(&c, &spec, j, &e));
		check_placed(c, &spec);
		check(c->rt_allowed == real_time);
		container_stop(c, 5 * NS_PER_S);
	}
	check(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);       /* whom vlat adopted it has waited for */
	wire_close(&w);
	must(journal_close(j, &e));
	e2e_clean(&before, run);
	snapshot_free(&before);
	printf("ok %s%s: life\n", rt->name, rt->hide_unified_cgroup ? " (hidden)" : "");
}

/* The runtime knows nothing of it any more: still the process ends and the groups go, at once. */
static void stop_unknown(const struct container_spec *spec, struct journal *j)
{
	struct container *c;
	struct cgroups groups;
	struct err e = { 0 };
	char dir[512], group[160];
	int pid;

	must(container_start(&c, spec, j, &e));
	pid = c->pid;
	groups = c->groups;
	(void) text_print(group, sizeof(group), "%s", c->cgroup);
	check(dir_remove_all(c->root) == 0);
	container_stop(c, 0);
	check(kill(pid, 0) < 0 && errno == ESRCH);
	for (size_t i = 0; i < groups.n; i++)
		check(!text_print(dir, sizeof(dir), "%s%s", groups.mount[i].path, group) && access(dir, F_OK) < 0);
}

/* An exit that forgets the container; an agent that dies; one that is killed. */
static void test_deaths(const struct runtime *rt)
{
	const struct container_spec spec = { .agent = agent_path, .runtime = rt };
	struct container *forgotten, *c;
	struct snapshot before;
	struct err e = { 0 };
	struct journal *j;
	char run[16];

	snapshot_take(&before, NULL);
	must(journal_open(&j, "e2e deaths", &e));
	(void) text_print(run, sizeof(run), "%s", journal_run(j));
	must(container_start(&forgotten, &spec, j, &e));
	must(container_start(&c, &spec, j, &e));
	check(write(c->to_agent, "die\n", 4) == 4 && is_gone(c));
	container_stop(c, NS_PER_S);
	must(container_start(&c, &spec, j, &e));
	check(kill(c->pid, SIGKILL) == 0 && is_gone(c));
	container_stop(c, NS_PER_S);
	container_stop(NULL, NS_PER_S);
	stop_unknown(&spec, j);
	must(journal_close(j, &e));
	check(is_gone(forgotten));
	close(forgotten->to_agent);
	close(forgotten->from_agent);
	close(forgotten->pidfd);
	free(forgotten);
	e2e_clean(&before, run);
	snapshot_free(&before);
	printf("ok %s%s: deaths\n", rt->name, rt->hide_unified_cgroup ? " (hidden)" : "");
}

static void refuse(struct container_spec spec, struct journal *j, int code, const char *word)
{
	struct container *c = NULL;
	struct err e = { 0 };

	check(container_start(&c, &spec, j, &e) < 0);
	printf("# %s\n", e.text);
	check((!code || e.code == code) && strstr(e.text, word) && !c);
}

/* It needs an interpreter that is not in the container: some runtimes notice before `start` returns, some after. */
static void test_no_program(struct container_spec spec, struct journal *j)
{
	char script[] = "/tmp/vlat-e2e-agent-XXXXXX", text[512];
	struct container *c;
	struct err e = { 0 };
	int fd = mkstemp(script);

	check(fd >= 0 && write(fd, "#!/bin/sh\n", 10) == 10 && fchmod(fd, 0755) == 0 && close(fd) == 0);
	spec.agent = script;
	if (container_start(&c, &spec, j, &e) == 0) {
		check(is_gone(c));
		(void) text_print(e.text, sizeof(e.text), "%s", container_stderr_tail(c, text, sizeof(text)));
		container_stop(c, NS_PER_S);
	}
	check(unlink(script) == 0);
	printf("# %s\n", e.text);
	check(strstr(e.text, "exec"));
}

static void test_refusals(const struct runtime *rt)
{
	struct container_spec spec = { .agent = "/nonexistent/agent", .runtime = rt };
	struct snapshot before;
	struct err e = { 0 };
	struct journal *j;
	char run[16];

	snapshot_take(&before, NULL);
	must(journal_open(&j, "e2e refusals", &e));
	(void) text_print(run, sizeof(run), "%s", journal_run(j));
	refuse(spec, j, -ENOENT, "/nonexistent/agent");
	spec.agent = "/etc/passwd";
	refuse(spec, j, -ENOEXEC, "no program");
	spec.agent = agent_path;
	spec.netns = "/run/netns/no-such-namespace";
	refuse(spec, j, -ECHILD, rt->name);
	spec.netns = NULL;
	spec.place.sut_cpus = cpuset_one(0);
	(void) text_print(spec.place.cgroup, sizeof(spec.place.cgroup), "/home");
	refuse(spec, j, 0, "/home");
	spec.place = (struct placement) { .sut_fifo = 0 };
	test_no_program(spec, j);
	must(journal_close(j, &e));
	e2e_clean(&before, run);
	snapshot_free(&before);
	printf("ok %s%s: refusals\n", rt->name, rt->hide_unified_cgroup ? " (hidden)" : "");
}

/* The search keeps its answer; without a runtime on PATH it names the cure. */
static void test_find(void)
{
	struct runtime a, b;
	struct journal *j;
	struct err e = { 0 };
	char *path = strdup(getenv("PATH") ? getenv("PATH") : "");
	char program[256];

	must(journal_open(&j, "e2e find", &e));
	check(runtime_find(&a, j, "/nonexistent/agent", &e) == -ENOENT && strstr(e.text, "/nonexistent/agent"));
	must(runtime_find(&a, j, agent_path, &e));
	must(runtime_find(&b, j, "/nonexistent/agent", &e));    /* from memory: nothing is run */
	check(text_eq(a.name, b.name) && text_eq(a.path, b.path) && text_eq(a.why, b.why) && text_eq(a.version, b.version) &&
	      a.hide_unified_cgroup == b.hide_unified_cgroup);
	printf("# chosen: %s\n", a.why);
	must(journal_close(j, &e));
	must(journal_open(&j, "e2e find none", &e));
	check(setenv("PATH", "/nonexistent", 1) == 0);
	if (program_find("crun", program, sizeof(program)) < 0 && program_find("runc", program, sizeof(program)) < 0) {
		check(runtime_find(&a, j, agent_path, &e) == -ENOENT && strstr(e.text, "install crun"));
		printf("ok none installed: %s\n", e.text);
	} else {
		printf("not tested: a runtime in the system's own folders is found without PATH (%s)\n", program);
	}
	setenv("PATH", path, 1);
	free(path);
	must(journal_close(j, &e));
	printf("ok find\n");
}

static const struct runtime *victim;

static void start_and_wait(struct journal *j)
{
	struct wire w = WIRE_INIT;
	struct container_spec spec = { .agent = agent_path, .runtime = victim };
	struct container *c;
	struct err e = { 0 };
	char text[16384];

	must(wire_make(&w, j, WIRE_CONTAINER, &e));
	spec.netns = w.sut_ns_path;
	place(&spec);
	must(container_start(&c, &spec, j, &e));
	check(text_eq(ask(c, "say hello", text), "0"));
	e2e_ready(j);
}

int main(int argc, char **argv)
{
	agent_path = argc > 1 ? argv[1] : "";
	if (access(agent_path, X_OK) < 0) {
		fprintf(stderr, "usage: container_run TINY_AGENT\n");
		return 2;
	}
	e2e_begin("container");
	find_working();
	for (size_t i = 0; i < working.n; i++) {
		victim = &working.at[i];
		test_life(victim);
		test_deaths(victim);
		test_refusals(victim);
	}
	for (size_t i = 0; i < working.n; i++) {
		victim = &working.at[i];
		e2e_killed(start_and_wait);
		printf("ok %s%s: revert after SIGKILL\n", victim->name, victim->hide_unified_cgroup ? " (hidden)" : "");
	}
	test_find();
	e2e_end();
	return 0;
}
