/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run - `vlat run` as its users meet it: commands and containers on CPUs of
 * their own, two runs at once, names, stop, what is refused, and death.
 *
 *	run VLAT AGENT [--rounds N] [--seed N]
 *
 * After each part the machine is as before: settings, control groups,
 * namespaces, links, processes (snapshot.h).
 */
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "base/vec.h"
#include "e2e.h"
#include "program.h"

static char agent[4096], work[128], last_cpu[16], all_cpus[1024], program_file[4096], zeros[256];

/* A run that was refused on the way may have had the host tuned: its holder puts that back a moment later. */
static void none_left(void)
{
	for (int i = 0; i < 1200 && runs_left() > 0; i++)
		clock_sleep_ns(50 * NS_PER_MS);
	check(runs_left() == 0);
}

static void expect(struct said s, int code, const char *text)
{
	check(said_exit(&s, code));
	check(!text || said_has(&s, text));
	said_free(&s);
}

/* The record of one run in `vlat ps --json`; new reference, NULL = not there. */
static json_t *record_of(const char *name)
{
	struct said s = VLAT("ps", "--json");
	json_t *all = said_json(&s), *one, *found = NULL;
	size_t i;

	json_array_foreach (json_object_get(all, "runs"), i, one) {
		if (text_eq(json_string_value(json_object_get(one, "name")), name))
			found = json_incref(one);
	}
	json_decref(all);
	said_free(&s);
	return found;
}

static pid_t pid_of(const char *name, const char *member)
{
	json_t *r = record_of(name);
	pid_t pid = (pid_t) json_integer_value(json_object_get(r, member));

	json_decref(r);
	check(pid > 1);
	return pid;
}

static void expect_member(const char *name, const char *member, const char *text)
{
	json_t *r = record_of(name);

	check(text_eq(json_string_value(json_object_get(r, member)), text));
	json_decref(r);
}

/* What the command gives is what vlat gives, and it gets what is typed. */
static void native_words(void)
{
	expect(VLAT("run", "native", "--tuning", "none", "--", "true"), 0, NULL);
	expect(VLAT("run", "native", "--tuning", "none", "--", "sh", "-c", "echo out; exit 7"), 7, "out");
	expect(VLAT("run", "native", "--tuning", "none", "--", "sh", "-c", "kill -9 $$"), 137, NULL);
	expect(VLAT("run", "native", "--tuning", "none", "--cpus", last_cpu, "--policy", "fifo", "--priority", "3", "--", "chrt",
		    "-p", "0"),
	       0, "SCHED_FIFO");
	expect(VLAT("run", "native", "--tuning", "none", "--", "/nonexistent/program"), 2, "/nonexistent/program");
}

/* The first instruction of the command already runs where it belongs, on a host that is tuned, and that is put back. */
static void native_tuned(void)
{
	AUTO_FREE char *say = xprintf("taskset -pc $$; test -e /run/vlat/pool/pool.json && echo tuned");
	AUTO_FREE char *affinity = xprintf("affinity list: %.*s", (int) strcspn(last_cpu, ","), last_cpu);
	struct said s = VLAT("run", "native", "--cpus", last_cpu, "--", "sh", "-c", say);

	check(said_exit(&s, 0));
	check(said_has(&s, affinity));
	check(said_has(&s, "tuned"));
	said_free(&s);
}

/* Two runs: one tunes, both are leased, the second is pinned only; the tuning stays until the last has gone. */
static void two_runs(void)
{
	expect(VLAT("run", "native", "--name", "one", "--cpus", last_cpu, "--detach", "--", "sleep", "600"), 0, "isolated");
	expect(VLAT("run", "native", "--name", "two", "--cpus", "0,", "--detach", "--", "sleep", "600"), 0, "pinned");
	expect_member("one", "tuning", "isolated");
	expect_member("two", "tuning", "pinned");
	expect(VLAT("run", "native", "--cpus", last_cpu, "--", "true"), 2, "belongs to the run 'one'");
	expect(VLAT("run", "native", "--cpus", "1", "--", "true"), 2, "free are 0 of");
	expect(VLAT("run", "native", "--name", "one", "--tuning", "none", "--", "true"), 2, "is there already");
	expect(VLAT("measure", "tcp-rr", "--duration", "50ms"), 1, "vlat stop");
	expect(VLAT("stop", "one"), 0, NULL);
	check(access("/run/vlat/pool/pool.json", F_OK) == 0);
	expect(VLAT("stop", "--now", "two"), 0, NULL);
	expect(VLAT("ps"), 0, "nothing runs");
	/* The tuning is just being put back: that is waited for. */
	expect(VLAT("run", "native", "--cpus", last_cpu, "--", "true"), 0, NULL);
	expect(VLAT("measure", "tcp-rr", "--duration", "50ms"), 0, NULL);
}

static void refusals(void)
{
	expect(VLAT("run", "native", "--cpus", "4094-4095", "--", "true"), 2, "not online");
	expect(VLAT("run", "native", "--cpus", "3000", "--", "true"), 2, "free");
	expect(VLAT("run", "native", "--name", "a/../b", "--", "true"), 2, "--name");
	expect(VLAT("run", "native", "--name", "two words\n", "--", "true"), 2, "--name");
	expect(VLAT("run", "native", "--name", "..", "--", "true"), 2, "--name");
	expect(VLAT("run", "native", "--cpus", "3-1", "--", "true"), 2, "--cpus 3-1");
	expect(VLAT("run", "native", "--cpus", all_cpus, "--", "true"), 2, "all CPUs");
	expect(VLAT("run", "native", "--pool", "4000", "--", "true"), 2, "--pool 4000");
	expect(VLAT("run", "native", "--pool", all_cpus, "--", "true"), 2, "all CPUs");
	expect(VLAT("run", "native", "--pool", "many", "--", "true"), 2, "--pool many");
	expect(VLAT("run", "native", "--net", "bridge,dev=no such", "--", "true"), 2, "no such");
	expect(VLAT("run", "native", "--net", "vf,dev=lo", "--", "true"), 2, "lo");
	expect(VLAT("run", "container", "--tuning", "none", "--rootfs", program_file, "--", "/x"), 2, "no folder");
	expect(VLAT("run", "container", "--tuning", "none", "--rootfs", "/usr/../etc/..", "--", "/x"), 2, "host's own root");
	expect(VLAT("run", "vm", "--disk", zeros, "--accelerator", "tcg", "--tuning", "none"), 2, "not bootable");
	expect(VLAT("run", "vm", "--disk", "/dev/null", "--accelerator", "tcg", "--tuning", "none"), 2, "/dev/null");
	expect(VLAT("run", "vm", "--kernel", zeros, "--initrd", zeros, "--accelerator", "tcg", "--tuning", "none"), 2, "kernel");
	expect(VLAT("run", "vm", "--disk", zeros, "--idle", "poll"), 2, "--idle");
	expect(VLAT("run", "native", "--detach", "--tuning", "none", "--", "true"), 2, "--name");
	expect(VLAT("run", "container", "--tuning", "none", "--rootfs", "/no such\nfolder/..", "--", "/x"), 2, "--rootfs");
	expect(VLAT("run", "container", "--tuning", "none", "--rootfs", "/", "--", "/x"), 2, "host's own root");
	expect(VLAT("run", "container", "--tuning", "none", "--bundle", work), 2, "config.json");
	expect(VLAT("run", "vm", "--disk", "/no such\nimage", "--accelerator", "tcg"), 2, "image");
	expect(VLAT("run", "vm", "--disk", work, "--accelerator", "tcg"), 2, work);
	expect(VLAT("run", "native", "--tuning", "none", "--net", "pigeon", "--", "true"), 2, "pigeon");
	expect(VLAT("stop", "nobody"), 2, "nobody");
	expect(VLAT("console", "nobody"), 2, "nobody");
	none_left();
}

/* The agent is a static program: the smallest root filesystem there is, under a name that would hurt a shell. */
static void make_rootfs(char *root, size_t cap)
{
	AUTO(argv_free) struct argv cp = { 0 };
	struct run_result done = { 0 };
	struct err e = { 0 };

	text_print(root, cap, "%s/a root; $(false)\n", work);
	must(dir_make_all(root, 0755, &e));
	argv_add_all(&cp, (const char *const[]){ "cp", agent, root, NULL });
	must(run(&done, &cp, NULL, 240 * NS_PER_S, &e));
	check(done.end.code == 0);
	run_result_free(&done);
}

static void container(void)
{
	char root[256];

	make_rootfs(root, sizeof(root));
	expect(VLAT("run", "container", "--tuning", "none", "--cpus", last_cpu, "--rootfs", root, "--net", "bridge", "--",
		    "/vlat-agent", "--version"),
	       0, "vlat-agent");
	expect(VLAT("run", "container", "--tuning", "none", "--rootfs", root, "--", "/vlat-agent", "--nonsense"), 2, NULL);
	expect(VLAT("run", "container", "--tuning", "none", "--rootfs", root, "--", "/not/there"), 2, "/not/there");
	none_left();
}

/* kill -9 of whoever: the supervisor, the workload, the holder of the host's tuning. */
static void death(unsigned round)
{
	static const char *const members[] = { "pid", "workload_pid" };
	unsigned who = (unsigned) rand() % 3;
	struct child c;
	pid_t victim;

	expect(VLAT("run", "native", "--name", "doomed", "--cpus", last_cpu, "--net", "bridge", "--detach", "--", "sleep", "600"),
	       0, NULL);
	if (who < 2)
		victim = pid_of("doomed", members[who]);
	else {
		json_t *pool = json_load_file("/run/vlat/pool/pool.json", 0, NULL);

		victim = (pid_t) json_integer_value(json_object_get(pool, "pid"));
		json_decref(pool);
	}
	clock_sleep_ns((uint64_t) rand() % 200 * NS_PER_MS);
	check(victim > 1 && kill(victim, SIGKILL) == 0);
	printf("# %u: %s killed\n", round, who == 0 ? "supervisor" : who == 1 ? "workload" : "holder");
	/* A run that is just being started when its vlat dies. */
	c = vlat_start(
		(const char *const[]){ "run", "native", "--tuning", "none", "--net", "bridge", "--", "sleep", "600", NULL },
		"/dev/null");
	clock_sleep_ns((uint64_t) rand() % 60 * NS_PER_MS);
	(void) child_kill(&c, SIGKILL);
	check(child_wait(&c, clock_ns() + 240 * NS_PER_S, NULL) == 0);
	if (who == 2) {
		expect(VLAT("run", "native", "--", "true"), 2, "vlat revert");
		expect(VLAT("stop", "doomed"), 0, NULL);
	}
	for (int i = 0; who == 1 && i < 1200 && runs_left() > 2; i++)
		clock_sleep_ns(50 * NS_PER_MS); /* the supervisor is putting things back itself */
	for (int i = 0; i < 1200 && access("/run/vlat/pool/pool.json", F_OK) == 0 && who != 2; i++)
		clock_sleep_ns(50 * NS_PER_MS); /* and so is the holder */
	expect(VLAT("revert"), 0, NULL);
	expect(VLAT("ps"), 0, "nothing runs");
}

/* A file that is neither a disk nor a kernel. */
static void make_zeros(void)
{
	static const char nothing[1 << 16];
	struct err e = { 0 };

	text_print(zeros, sizeof(zeros), "%s/all zeros", work);
	must(file_write_atomic(zeros, nothing, sizeof(nothing), 0600, &e));
}

static void must_read(const char *path, char *buf, size_t cap)
{
	AUTO_FREE char *text = NULL;
	struct err e = { 0 };
	size_t len;

	must(file_read_all(path, 1 << 16, &text, &len, &e));
	text_print(buf, cap, "%s", text_trim(text));
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

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} parts[] = {
		{ "native", native_words }, { "tuned", native_tuned },  { "two runs", two_runs },
		{ "refusals", refusals },   { "container", container },
	};
	unsigned rounds = argc > 3 ? (unsigned) strtoul(argv[3], NULL, 10) : 3, seed = (unsigned) clock_ns();
	struct snapshot before;
	struct cpuset cpus;

	check(argc >= 3);
	program_is(argv[1]);
	text_print(agent, sizeof(agent), "%s", argv[2]);
	e2e_begin("run");
	e2e_alone();
	check(cpuset_get_affinity(0, &cpus) == 0);
	if (cpuset_count(&cpus) < 2)
		e2e_skip("one CPU: none can be set apart");
	text_print(last_cpu, sizeof(last_cpu), "%d,", cpuset_last(&cpus));
	text_print(work, sizeof(work), "%s/work", getenv("VLAT_STATE"));
	check(mkdir(work, 0700) == 0);
	make_zeros();
	must_read("/sys/devices/system/cpu/online", all_cpus, sizeof(all_cpus));
	text_print(program_file, sizeof(program_file), "%s", argv[1]);
	srand(seed);
	printf("# seed %u\n", seed);
	snapshot_take(&before, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		parts[i].run();
		settled(&before, parts[i].name);
	}
	for (unsigned i = 0; i < rounds; i++)
		death(i);
	settled(&before, "deaths");
	snapshot_free(&before);
	check(dir_remove_all(work) == 0);
	e2e_end();
	return 0;
}
