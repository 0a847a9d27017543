/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill9 - kill -9 of vlat, an agent, QEMU or the container runtime at a random
 * moment of real work; `vlat revert` then leaves no namespace, link, process,
 * control group, mount, journal or changed setting.
 *
 *	kill9 VLAT [--rounds N] [--seed N] [--study FILE]
 *
 * The whole machine is compared (snapshot.h), so nothing else may be tuning it
 * meanwhile.  Every round prints what was killed and when; the seed repeats
 * the choices, not the kernel's timing.
 */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/proc_stat.h"
#include "base/text.h"
#include "base/vec.h"
#include "e2e.h"
#include "program.h"

#define APPEAR_NS (60 * NS_PER_S)       /* so long may a victim take to be started */
#define FINISH_NS (90 * NS_PER_S)       /* so long may vlat take to notice and to clean up */

enum who { WHO_VLAT, WHO_AGENT, WHO_QEMU, WHO_RUNTIME, WHO_N };

static const struct victim {
	const char *name;
	const char *comms[6];           /* names of its processes; none = vlat itself */
	unsigned late_ms;               /* killed so long after it was first seen, at most */
} victims[WHO_N] = {
	[WHO_VLAT] = { .name = "vlat", .late_ms = 2500 },
	[WHO_AGENT] = { .name = "agent", .comms = { "vlat-agent", "agent" }, .late_ms = 1500 },
	[WHO_QEMU] = { .name = "qemu", .comms = { "qemu-", "vlat-vm" }, .late_ms = 4000 },
	[WHO_RUNTIME] = { .name = "runtime", .comms = { "crun", "runc" }, .late_ms = 40 },
};

/* What vlat is doing when it happens; in each a victim of every kind it has. */
static const struct work {
	const char *words[16];
	unsigned victims;               /* bits of enum who */
} works[] = {
	{ { "measure", "tcp-rr", "--sut", "native", "--tuning", "vlat", "--interference", "busy", "-d", "1s" },
	  1u << WHO_VLAT | 1u << WHO_AGENT },
	{ { "measure", "tcp-rr", "--sut", "container", "--tuning", "vlat", "-d", "1s" },
	  1u << WHO_VLAT | 1u << WHO_AGENT | 1u << WHO_RUNTIME },
	{ { "measure", "tcp-stream", "--sut", "container", "--interference", "busy", "-d", "1s" },
	  1u << WHO_VLAT | 1u << WHO_AGENT | 1u << WHO_RUNTIME },
	{ { "measure", "tcp-rr", "--sut", "vm", "--tuning", "vlat", "--accelerator", "tcg", "-d", "1s" },
	  1u << WHO_VLAT | 1u << WHO_AGENT | 1u << WHO_QEMU },
};

struct plan {
	unsigned rounds;
	unsigned seed;
	const char *study;              /* NULL: the works above */
	char output[64], results[64];
};

static bool has_mark(pid_t pid, const char *mark)
{
	AUTO_FREE char *env = NULL;
	struct err e = { 0 };
	char path[48];
	size_t len;

	(void) text_print(path, sizeof(path), "/proc/%d/environ", (int) pid);
	if (file_read_all(path, 1 << 20, &env, &len, &e) < 0)
		return false;
	for (const char *at = env; at < env + len; at += strlen(at) + 1)
		if (text_eq(at, mark))
			return true;
	return false;
}

static bool is_named(const struct victim *v, const char *comm)
{
	for (size_t i = 0; i < ARRAY_SIZE(v->comms) && v->comms[i]; i++)
		if (text_starts(comm, v->comms[i]))
			return true;
	return false;
}

/* A random one of the victim's processes that carry the run's mark; 0 = none now. */
static pid_t find_victim(const struct victim *v, const char *run)
{
	AUTO_DIR DIR *d = opendir("/proc");
	const struct dirent *entry;
	pid_t found = 0;
	unsigned n = 0;
	char mark[32];
	uint64_t pid;

	(void) text_print(mark, sizeof(mark), "VLAT_RUN=%s", run);
	while (d && (entry = readdir(d))) {
		struct proc_stat s;

		if (text_u64(entry->d_name, &pid) < 0 || proc_stat_read((pid_t) pid, &s) < 0 || !is_named(v, s.comm) ||
		    !has_mark((pid_t) pid, mark))
			continue;
		if (rand() % (int) ++n == 0)
			found = (pid_t) pid;
	}
	return found;
}

/* The one run in the state folder, which is this test's own; false = none yet. */
static bool current_run(char run[16])
{
	AUTO_FREE char *runs = xprintf("%s/runs", getenv("VLAT_STATE"));
	AUTO_DIR DIR *d = opendir(runs);
	const struct dirent *entry;

	while (d && (entry = readdir(d)))
		if (entry->d_name[0] != '.' && !text_print(run, 16, "%s", entry->d_name))
			return true;
	return false;
}

static void sleep_random_ms(unsigned most)
{
	clock_sleep_ns((uint64_t) ((unsigned) rand() % (most * 1000)) * NS_PER_US);
}

/* Wait for a victim, then a random while, then kill it.  False: none was there any more. */
static bool strike(const struct victim *v, struct child *vlat_process)
{
	uint64_t deadline = clock_ns() + APPEAR_NS;
	char run[16] = "";
	pid_t pid = 0;

	if (!v->comms[0]) {
		sleep_random_ms(v->late_ms);
		return child_kill(vlat_process, SIGKILL) == 0;
	}
	while (!pid && child_alive(vlat_process) && clock_ns() < deadline) {
		clock_sleep_ns(NS_PER_MS);
		if (current_run(run))
			pid = find_victim(v, run);
	}
	sleep_random_ms(v->late_ms);
	if (pid)
		pid = find_victim(v, run);
	return pid && kill(pid, SIGKILL) == 0;
}

static struct said revert(void)
{
	struct said s = VLAT("revert");

	check(said_exit(&s, 0));
	return s;
}

/* How vlat took it: killed, or an end of its own accord with a sentence. */
static void wait_for_end(struct child *c, enum who who, const char *output)
{
	struct child_end end = { 0 };
	char text[64];

	if (child_wait(c, clock_ns() + FINISH_NS, &end) < 0) {
		printf("FAILED: vlat did not end after its %s was killed; see %s\n", victims[who].name, output);
		child_stop(c, 5 * NS_PER_S);
		exit(1);
	}
	printf("#   vlat: %s\n", child_end_text(end, text, sizeof(text)));
	check(who == WHO_VLAT || !end.signalled);
}

static void compare(const struct snapshot *before, const char *what)
{
	struct sink left = { 0 };

	if (snapshot_settle(before, NULL, 5000, &left)) {
		printf("FAILED: %s:\n%s", what, left.text);
		exit(1);
	}
	sink_free(&left);
}

/* A victim that the work has, in turn, so that each kind gets its share of the rounds. */
static enum who choose(unsigned round, unsigned possible)
{
	enum who who = (enum who) (round % WHO_N);

	while (!(possible >> who & 1))
		who = (enum who) ((who + 1) % WHO_N);
	return who;
}

/* True when there was something for `vlat revert` to do. */
static bool round_of(const struct plan *p, unsigned round, const struct work *work)
{
	enum who who = choose(round, work->victims);
	struct snapshot before;
	struct child c;
	struct said said;
	bool hit, left;
	char run[16];

	snapshot_take(&before, NULL);
	c = vlat_start(work->words, p->output);
	hit = strike(&victims[who], &c);
	printf("# %u: %s of '%s %s %s %s' %s\n", round, victims[who].name, work->words[0], work->words[1], work->words[2],
	       work->words[3] ? work->words[3] : "", hit ? "killed" : "was over");
	wait_for_end(&c, who, p->output);
	left = current_run(run);
	check(who == WHO_VLAT || !left);        /* vlat lives: it cleans up by itself */
	said = revert();
	compare(&before, "left behind or changed after vlat revert");
	said_free(&said);
	snapshot_free(&before);
	return left;
}

static void parse(struct plan *p, int argc, char **argv)
{
	static const struct option options[] = {
		{ .name = "rounds", .has_arg = required_argument, .val = 'r' },
		{ .name = "seed", .has_arg = required_argument, .val = 's' },
		{ .name = "study", .has_arg = required_argument, .val = 'f' },
		{ .name = NULL },
	};
	int c;

	*p = (struct plan) { .rounds = 20, .seed = (unsigned) clock_ns() };
	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (c == 'r')
			p->rounds = (unsigned) strtoul(optarg, NULL, 10);
		else if (c == 's')
			p->seed = (unsigned) strtoul(optarg, NULL, 10);
		else if (c == 'f')
			p->study = optarg;
		else
			exit(2);
	}
	if (optind != argc - 1) {
		fprintf(stderr, "usage: kill9 VLAT [--rounds N] [--seed N] [--study FILE]\n");
		exit(2);
	}
}

int main(int argc, char **argv)
{
	unsigned undone = 0;
	struct plan p;

	parse(&p, argc, argv);
	program_is(argv[optind]);
	e2e_begin("kill9");
	srand(p.seed);
	printf("# seed %u\n", p.seed);
	(void) text_print(p.output, sizeof(p.output), "%s/output", getenv("VLAT_STATE"));
	for (unsigned i = 0; i < p.rounds; i++)
		undone += round_of(&p, i, &works[(unsigned) rand() % ARRAY_SIZE(works)]);
	printf("ok: %u rounds, in %u of them vlat revert had something to undo\n", p.rounds, undone);
	check(undone > 0 || p.rounds < 8);      /* a test that never leaves anything tests nothing */
	e2e_end();
	return 0;
}
