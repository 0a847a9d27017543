/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_holder - one process has the host tuned, whoever wanted it: runs join
 * what `vlat tune` has in force; who is in whose way is said; and the holder
 * dies at each stage of its life, and `vlat revert` brings back all that was.
 *
 *	run_holder VLAT
 */
#include <dirent.h>
#include <glob.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/cpuset.h"
#include "base/fs.h"
#include "base/proc_stat.h"
#include "base/text.h"
#include "base/vec.h"
#include "e2e.h"
#include "program.h"

#define POOL_FILE   "/run/vlat/pool/pool.json"
#define PATIENCE_NS (240 * NS_PER_S)

static char last_cpu[16], tune_cpu[64]; /* "3,"; its whole core, "1,3" */

static void expect(struct said s, int code, const char *text)
{
	check(said_exit(&s, code));
	check(!text || said_has(&s, text));
	said_free(&s);
}

static json_t *pool(void)
{
	json_t *o = json_load_file(POOL_FILE, 0, NULL);

	check(o);
	return o;
}

static void expect_pool(const char *profile)
{
	json_t *o = pool();

	check(text_eq(json_string_value(json_object_get(o, "profile")), profile));
	json_decref(o);
}

static void expect_tuning(const char *name, const char *tuning)
{
	struct said s = VLAT("ps", "--json");
	json_t *all = said_json(&s), *one;
	bool found = false;
	size_t i;

	json_array_foreach (json_object_get(all, "runs"), i, one) {
		if (text_eq(json_string_value(json_object_get(one, "name")), name))
			found = text_eq(json_string_value(json_object_get(one, "tuning")), tuning);
	}
	check(found);
	json_decref(all);
	said_free(&s);
}

/* Runs come and go on the CPUs of a tuning that stays; nobody takes it from under them. */
static void joined(void)
{
	expect(VLAT("tune", "vm-host", "--cpus", tune_cpu, "--apply"), 0, "In force as run");
	expect_pool("vm-host");
	expect(VLAT("run", "native", "--name", "one", "--detach", "--", "sleep", "600"), 0, "isolated");
	expect_tuning("one", "isolated");
	expect(VLAT("run", "native", "--profile", "realtime", "--cpus", "0,", "--", "true"), 0, "--profile realtime is not heeded");
	expect(VLAT("tune", "realtime", "--apply"), 2, "tuned already");
	expect(VLAT("revert"), 2, "'one'");
	expect_pool("vm-host");
	expect(VLAT("stop", "one"), 0, NULL);
	expect_pool("vm-host"); /* it was not the run's */
	expect(VLAT("revert"), 0, "reverted");
	check(access(POOL_FILE, F_OK) < 0);
}

/* A tuning that keeps nobody away says so to who relies on it. */
static void joined_in_vain(void)
{
	expect(VLAT("tune", "vm-host", "--only", "mem.swap", "--apply"), 0, "In force as run");
	expect(VLAT("run", "native", "--", "true"), 0, "keeps nobody away");
	expect(VLAT("revert"), 0, "reverted");
}

/* What runs have made is theirs; a profile of theirs is the one of vlat tune. */
static void of_runs(void)
{
	expect(VLAT("run", "native", "--profile", "vm-hots", "--", "true"), 2, "did you mean vm-host");
	expect(VLAT("run", "native", "--profile", "vm-host", "--tuning", "none", "--", "true"), 2, "--profile");
	expect(VLAT("run", "native", "--level", "safe", "--", "true"), 2, "--profile");
	expect(VLAT("run", "native", "--name", "two", "--profile", "vm-host", "--detach", "--", "sleep", "600"), 0, "isolated");
	expect_pool("");
	expect(VLAT("tune", "vm-host", "--apply"), 2, "vlat stop NAME");
	expect(VLAT("revert"), 0, "left alone");
	expect_tuning("two", "isolated");
	expect(VLAT("stop", "two"), 0, NULL);
	for (int i = 0; i < 2400 && access(POOL_FILE, F_OK) == 0; i++)
		clock_sleep_ns(50 * NS_PER_MS); /* the holder puts all back after the last run has gone */
	check(access("/run/vlat/pool", F_OK) < 0);
}

/* ---- deaths ---- */

/* The holder is forked from vlat, so its environment is that of this test. */
static bool is_our_holder(pid_t pid)
{
	AUTO_FREE char *env = NULL, *want = xprintf("VLAT_STATE=%s", getenv("VLAT_STATE"));
	struct err e = { 0 };
	struct proc_stat s;
	char path[48];
	size_t len;

	text_print(path, sizeof(path), "/proc/%d/environ", (int) pid);
	if (proc_stat_read(pid, &s) < 0 || !text_eq(s.comm, "vlat-hold") || file_read_all(path, 1 << 20, &env, &len, &e) < 0)
		return false;
	for (const char *at = env; at < env + len; at += strlen(at) + 1)
		if (text_eq(at, want))
			return true;
	return false;
}

static pid_t find_holder(void)
{
	AUTO_DIR DIR *d = opendir("/proc");
	const struct dirent *entry;
	uint64_t pid;

	while (d && (entry = readdir(d)))
		if (text_u64(entry->d_name, &pid) == 0 && is_our_holder((pid_t) pid))
			return (pid_t) pid;
	return 0;
}

static bool has_groups(void)
{
	glob_t g = { 0 };
	bool found = glob("/sys/fs/cgroup/vlat-*.sut", 0, NULL, &g) == 0 || glob("/sys/fs/cgroup/*/vlat-*.sut", 0, NULL, &g) == 0;

	globfree(&g);
	return found;
}

enum stage { STAGE_BORN, STAGE_FOLDER, STAGE_GROUPS, STAGE_FILE, STAGE_UP, STAGES };
static const char *const stage_names[STAGES] = { "just born", "in its folder", "making groups", "writing what is", "up" };

static bool has_come(enum stage stage, struct child *starter)
{
	switch (stage) {
	case STAGE_BORN:
		return true;
	case STAGE_FOLDER:
		return access("/run/vlat/pool", F_OK) == 0;
	case STAGE_GROUPS:
		return has_groups();
	case STAGE_FILE:
		return access(POOL_FILE, F_OK) == 0;
	default:
		return !child_alive(starter);
	}
}

static bool is_at_work(pid_t pid)
{
	struct proc_stat s;

	return proc_stat_read(pid, &s) == 0 && s.state != 'Z' && s.state != 'X';
}

/* Kill it at that moment; one that is over sooner than this program can look has been killed a little later. */
static void kill_at(enum stage stage, struct child *starter)
{
	uint64_t deadline = clock_ns() + PATIENCE_NS;
	pid_t holder = 0;

	while (!holder && clock_ns() < deadline)
		holder = find_holder();
	check(holder);
	while (!has_come(stage, starter) && clock_ns() < deadline)
		;
	check(kill(holder, SIGKILL) == 0);
	while (is_at_work(holder) && clock_ns() < deadline) /* whoever looks next shall find it dead */
		clock_sleep_ns(NS_PER_MS);
}

static void death(enum stage stage, const char *const *words)
{
	AUTO_FREE char *output = xprintf("%s/said", getenv("VLAT_STATE"));
	struct sink left = { 0 };
	struct snapshot before;
	struct child_end end;
	struct child c;

	snapshot_take(&before, NULL);
	c = vlat_start(words, output);
	kill_at(stage, &c);
	check(child_wait(&c, clock_ns() + PATIENCE_NS, &end) == 0);
	if (access("/run/vlat/pool", F_OK) == 0) /* else it died before it did anything */
		expect(VLAT("run", "native", "--cpus", last_cpu, "--", "true"), 2, "vlat revert");
	if (end.code == 0 && text_eq(words[0], "run")) /* the run came up all the same */
		expect(VLAT("stop", "doomed"), 0, NULL);
	expect(VLAT("revert"), 0, NULL);
	check(unlink(output) == 0);
	if (snapshot_settle(&before, NULL, 60000, &left)) {
		printf("FAILED: %s of vlat %s, killed when %s: left behind or changed:\n%.8000s\n", "the holder", words[0],
		       stage_names[stage], left.text);
		exit(1);
	}
	sink_free(&left);
	snapshot_free(&before);
	printf("# the holder of vlat %s, killed when %s: as before\n", words[0], stage_names[stage]);
}

static void settled(const struct snapshot *before, const char *part)
{
	struct sink left = { 0 };

	if (snapshot_settle(before, NULL, 60000, &left)) {
		printf("FAILED after %s: left behind or changed:\n%.8000s\n", part, left.text);
		exit(1);
	}
	sink_free(&left);
	printf("# %s: as before\n", part);
}

static void find_core(int cpu)
{
	AUTO_FREE char *path = xprintf("sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
	struct err e = { 0 };
	struct fs fs;

	must(fs_open_root(&fs, "/", &e));
	if (fs_read(&fs, path, tune_cpu, sizeof(tune_cpu)) <= 0)
		text_print(tune_cpu, sizeof(tune_cpu), "%d", cpu);
	fs_close(&fs);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} parts[] = {
		{ "joined", joined }, { "joined in vain", joined_in_vain }, { "of runs", of_runs },
	};
	const char *const run_words[] = { "run", "native", "--name", "doomed", "--cpus", last_cpu, "--detach", "--", "sleep", "600", NULL };
	const char *const tune_words[] = { "tune", "vm-host", "--cpus", tune_cpu, "--apply", NULL };
	struct snapshot before;
	struct cpuset cpus;

	check(argc == 2);
	program_is(argv[1]);
	e2e_begin("run_holder");
	e2e_alone();
	check(cpuset_get_affinity(0, &cpus) == 0);
	if (cpuset_count(&cpus) < 2)
		e2e_skip("one CPU: none can be set apart");
	text_print(last_cpu, sizeof(last_cpu), "%d,", cpuset_last(&cpus));
	find_core(cpuset_last(&cpus));
	snapshot_take(&before, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		parts[i].run();
		settled(&before, parts[i].name);
	}
	snapshot_free(&before);
	for (unsigned s = 0; s < STAGES; s++)
		death((enum stage) s, run_words);
	for (unsigned s = 0; s < STAGES; s++)
		death((enum stage) s, tune_words);
	e2e_end();
	return 0;
}
