/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill9 - kill -9 of vlat, an agent, QEMU or the container runtime at a random
 * moment of a study; after `vlat revert` there is no namespace, link, process,
 * control group, mount, journal or changed setting that was not there before,
 * and `vlat study --resume` goes on with all cells that were finished.
 *
 *	kill9 VLAT [--rounds N] [--seed N] [--only vlat|agent|qemu|runtime]
 *
 * When something else than vlat was killed, vlat goes on; a little later it is
 * killed too, or stopped as by Ctrl-C, and then must clean up by itself.  The whole machine is compared
 * (snapshot.h), so nothing else may be tuning it meanwhile.  Every round prints
 * what was killed; the seed repeats the choices, not the kernel's timing.
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

#define APPEAR_NS (240 * NS_PER_S)      /* so long may a victim take to be started */
#define FINISH_NS (400 * NS_PER_S)      /* so long may vlat take to notice and to clean up */

enum who { WHO_VLAT, WHO_AGENT, WHO_QEMU, WHO_RUNTIME, WHO_N };

/* Each has a study in which it lives most of the time, and goes on with it from round to round. */
static const struct victim {
	const char *name;
	const char *comms[3];           /* how names of its processes begin, RUN = the run's; none = vlat itself */
	const char *suts;               /* of its study */
	unsigned late_ms;               /* killed so long after it was first seen, at most */
} victims[WHO_N] = {
	[WHO_VLAT] = { .name = "vlat", .suts = "native, container, vm", .late_ms = 12000 },
	[WHO_AGENT] = { .name = "agent", .comms = { "vlat-agent", "agent" }, .suts = "native, container", .late_ms = 3000 },
	[WHO_QEMU] = { .name = "qemu", .comms = { "qemu-", "vlat-RUN" }, .suts = "vm", .late_ms = 9000 },
	[WHO_RUNTIME] = { .name = "runtime", .comms = { "crun", "runc" }, .suts = "container", .late_ms = 60 },
};

/* Two blocks of everything that makes or changes something. */
static const char study_text[] =
	"name: kill9\n"
	"title: Deaths at random moments\n"
	"blocks: 2\n"
	"duration: 300ms\n"
	"warmup: 50ms\n"
	"suts: [%s]\n"
	"tunings:\n"
	"  - name: stock\n"
	"  - name: vlat\n"
	"interference:\n"
	"  - name: busy\n"
	"workloads:\n"
	"  - name: tcp-rr\n"
	"  - name: wakeup\n";

struct plan {
	unsigned rounds;
	unsigned seed;
	int only;                       /* enum who, or -1 */
	char dir[64];
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

static bool is_named(const struct victim *v, const char *comm, const char *run)
{
	for (size_t i = 0; i < ARRAY_SIZE(v->comms) && v->comms[i]; i++) {
		size_t fixed = strcspn(v->comms[i], "R");

		if (!strncmp(comm, v->comms[i], fixed) && (!v->comms[i][fixed] || text_eq(comm + fixed, run)))
			return true;
	}
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

		if (text_u64(entry->d_name, &pid) < 0 || proc_stat_read((pid_t) pid, &s) < 0 || !is_named(v, s.comm, run) ||
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

/* A process of this kind within some minutes; 0 = vlat ended before, or none came. */
static pid_t await_victim(const struct victim *v, struct child *vlat_process)
{
	uint64_t deadline = clock_ns() + APPEAR_NS;
	char run[16];
	pid_t pid = 0;

	while (!pid && child_alive(vlat_process) && clock_ns() < deadline) {
		clock_sleep_ns(NS_PER_MS);
		if (current_run(run))
			pid = find_victim(v, run);
	}
	return pid;
}

/* Wait for a victim, then a random while, then kill it; short-lived ones may need several attempts.  False: none was hit. */
static bool strike(const struct victim *v, struct child *vlat_process)
{
	char run[16];

	if (!v->comms[0]) {
		sleep_random_ms(v->late_ms);
		return child_kill(vlat_process, SIGKILL) == 0;
	}
	for (int attempt = 0; attempt < 10; attempt++) {
		pid_t pid = await_victim(v, vlat_process);

		if (!pid)
			return false;
		sleep_random_ms(v->late_ms);
		pid = current_run(run) ? find_victim(v, run) : 0;
		if (pid && kill(pid, SIGKILL) == 0)
			return true;
	}
	return false;
}

static void show_output(const char *output)
{
	AUTO_FREE char *text = NULL;
	struct err e = { 0 };
	size_t len;

	if (file_read_all(output, 8 << 20, &text, &len, &e) == 0)
		printf("# vlat said at the end:\n%s\n", text + (len > 2000 ? len - 2000 : 0));
}

/* How vlat took it: killed, or an end of its own accord. */
static struct child_end wait_for_end(struct child *c, enum who who, bool killed, const char *output)
{
	struct child_end end = { 0 };
	char text[64];

	if (child_wait(c, clock_ns() + FINISH_NS, &end) < 0) {
		printf("FAILED: vlat did not end after its %s was killed\n", victims[who].name);
		child_stop(c, 5 * NS_PER_S);
		show_output(output);
		exit(1);
	}
	printf("#   vlat: %s\n", child_end_text(end, text, sizeof(text)));
	if (!killed && (end.signalled || (end.code != 0 && end.code != 1 && end.code != 130))) {
		show_output(output);
		check(killed);
	}
	return end;
}

static void compare(const struct snapshot *before, const char *output)
{
	struct sink left = { 0 };

	if (snapshot_settle(before, NULL, 60000, &left)) {
		printf("FAILED: left behind or changed:\n%.8000s\n", left.text);
		show_output(output);
		exit(1);
	}
	sink_free(&left);
}

static size_t count_cells(const char *results)
{
	AUTO_FREE char *cells = xprintf("%s/cells", results);
	AUTO_DIR DIR *d = opendir(cells);
	const struct dirent *entry;
	size_t n = 0;

	while (d && (entry = readdir(d)))
		n += text_ends(entry->d_name, ".json");
	return n;
}

/* A new study, or the same one further on. */
static struct child begin(const struct plan *p, enum who who, const char *results, const char *output)
{
	AUTO_FREE char *file = xprintf("%s/%s.yaml", p->dir, victims[who].name);
	AUTO_FREE char *begun = xprintf("%s/study.json", results);
	AUTO_FREE char *text = xprintf(study_text, victims[who].suts);
	struct err e = { 0 };

	if (access(begun, F_OK) == 0)
		return vlat_start((const char *const[]) { "study", "--resume", results, "--accelerator", "tcg", NULL }, output);
	check(dir_remove_all(results) == 0 || access(results, F_OK) < 0);
	must(file_write_atomic(file, text, strlen(text), 0600, &e));
	return vlat_start((const char *const[]) { "study", file, "--out", results, "--accelerator", "tcg", NULL }, output);
}

/* True when there was something for `vlat revert` to do. */
static bool round_of(const struct plan *p, unsigned round)
{
	enum who who = p->only < 0 ? (enum who) (round % WHO_N) : (enum who) p->only;
	AUTO_FREE char *results = xprintf("%s/%s", p->dir, victims[who].name);
	AUTO_FREE char *output = xprintf("%s.out", results);
	size_t cells = count_cells(results);
	struct snapshot before;
	struct child_end end;
	struct child c;
	struct said said;
	bool hit, left, killed = who == WHO_VLAT;
	char run[16];

	snapshot_take(&before, NULL);
	c = begin(p, who, results, output);
	hit = strike(&victims[who], &c);
	printf("# %u: %s %s, %zu cells done before\n", round, victims[who].name, hit ? "killed" : "was over", cells);
	if (who != WHO_VLAT) {
		sleep_random_ms(3000);
		killed = rand() % 2;            /* in the middle of its coping with the death, or let it clean up */
		(void) child_kill(&c, killed ? SIGKILL : SIGINT);
	}
	end = wait_for_end(&c, who, killed, output);
	left = current_run(run);
	check(killed || !left);
	said = VLAT("revert");
	check(said_exit(&said, 0));
	said_free(&said);
	compare(&before, output);
	snapshot_free(&before);
	check(count_cells(results) >= cells);
	if (!end.signalled && end.code == 0)
		check(dir_remove_all(results) == 0);    /* all cells done: the next round begins a new study */
	return left;
}

static int who_is(const char *name)
{
	for (int i = 0; i < WHO_N; i++)
		if (text_eq(victims[i].name, name))
			return i;
	fprintf(stderr, "kill9: \"%s\" is none of vlat, agent, qemu, runtime\n", name);
	exit(2);
}

static void parse(struct plan *p, int argc, char **argv)
{
	static const struct option options[] = {
		{ .name = "rounds", .has_arg = required_argument, .val = 'r' },
		{ .name = "seed", .has_arg = required_argument, .val = 's' },
		{ .name = "only", .has_arg = required_argument, .val = 'o' },
		{ .name = NULL },
	};
	int c;

	*p = (struct plan) { .rounds = 20, .seed = (unsigned) clock_ns(), .only = -1 };
	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (c == 'r')
			p->rounds = (unsigned) strtoul(optarg, NULL, 10);
		else if (c == 's')
			p->seed = (unsigned) strtoul(optarg, NULL, 10);
		else if (c == 'o')
			p->only = who_is(optarg);
		else
			exit(2);
	}
	if (optind != argc - 1) {
		fprintf(stderr, "usage: kill9 VLAT [--rounds N] [--seed N] [--only vlat|agent|qemu|runtime]\n");
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
	e2e_alone();
	srand(p.seed);
	printf("# seed %u\n", p.seed);
	(void) text_print(p.dir, sizeof(p.dir), "%s", getenv("VLAT_STATE"));
	for (unsigned i = 0; i < p.rounds; i++)
		undone += round_of(&p, i);
	printf("ok: %u rounds, in %u of them vlat revert had something to undo\n", p.rounds, undone);
	check(undone > 0 || p.rounds < 8);      /* a test that never leaves anything tests nothing */
	e2e_end();
	return 0;
}
