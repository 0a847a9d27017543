/* SPDX-License-Identifier: Apache-2.0 */
/* vlat study: from file to report, and on again after every kind of end. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "e2e.h"
#include "program.h"
#include "study_home.h"

#define CELLS 20 /* 2 blocks x (2 SUTs x 2 tunings x 2 workloads + 2 A/A) */

static const char study_text[] = "name: tiny\n"
				 "title: Everything once, small\n"
				 "blocks: 2\n"
				 "duration: 200ms\n"
				 "warmup: 50ms\n"
				 "suts: [native, container]\n"
				 "tunings:\n"
				 "  - name: stock\n"
				 "  - name: vlat\n"
				 "interference:\n"
				 "  - name: busy\n"
				 "workloads:\n"
				 "  - name: tcp-rr\n"
				 "    aa: true\n"
				 "  - name: wakeup\n";

static char study_file[96];

static unsigned count_cells(const char *dir)
{
	unsigned n = 0;

	for (unsigned id = 1; id <= CELLS; id++) {
		char path[256];

		(void) text_print(path, sizeof(path), "%s/cells/%04u.json", dir, id);
		n += access(path, R_OK) == 0;
	}
	return n;
}

static bool is_there(const char *dir, const char *name)
{
	char path[256];

	(void) text_print(path, sizeof(path), "%s/%s", dir, name);
	return access(path, R_OK) == 0;
}

/* Every cell of the order has its file, and says the same about itself. */
static void check_folder(const char *dir)
{
	json_t *study = load(dir, "study.json"), *planned;
	size_t i;

	check(json_array_size(json_object_get(study, "cells")) == CELLS);
	json_array_foreach (json_object_get(study, "cells"), i, planned) {
		static const char *const same[] = { "id", "block", "group", "sut", "tuning", "interference", "workload", "arm" };
		char name[32];
		json_t *cell;

		(void) text_print(name, sizeof(name), "cells/%04zu.json", i + 1);
		cell = load(dir, name);
		for (size_t k = 0; k < ARRAY_SIZE(same); k++)
			check(json_equal(json_object_get(cell, same[k]), json_object_get(planned, same[k])));
		check(json_is_null(json_object_get(cell, "error")));
		check(json_is_array(json_object_get(cell, "plan")) ==
		      text_eq(json_string_value(json_object_get(cell, "tuning")), "vlat"));
		json_decref(cell);
	}
	json_decref(study);
	check(is_there(dir, "report.html") && is_there(dir, "report.json") && is_there(dir, "report.txt"));
}

static void test_whole_study(void)
{
	char dir[96];
	struct said s = VLAT("study", study_file, "--out", in_home(dir, sizeof(dir), "whole"), "--seed", "7");

	check(said_exit(&s, 0));
	check(said_has(&s, "report.html"));
	check(said_has(&s, "too few"));
	said_free(&s);
	check_folder(dir);
	/* The same folder again is refused, and says how to go on. */
	s = VLAT("study", study_file, "--out", dir);
	check(said_exit(&s, 2));
	check(said_has(&s, "--resume"));
	said_free(&s);
	/* Nothing is missing: resume measures nothing and reports. */
	s = VLAT("study", "--resume", dir);
	check(said_exit(&s, 0));
	said_free(&s);
}

static void wait_cells(const char *dir, unsigned n)
{
	for (int i = 0; i < 15000 && count_cells(dir) < n; i++)
		clock_sleep_ns(20 * NS_PER_MS);
	if (count_cells(dir) < n)
		printf("# %u of %u cells after five minutes\n", count_cells(dir), n);
	check(count_cells(dir) >= n);
}

struct stamp {
	ino_t inode;
	struct timespec changed;
};

static void stamp_cells(const char *dir, struct stamp at[CELLS])
{
	for (unsigned id = 1; id <= CELLS; id++) {
		char path[256];
		struct stat st;

		(void) text_print(path, sizeof(path), "%s/cells/%04u.json", dir, id);
		at[id - 1] = stat(path, &st) == 0 ? (struct stamp){ st.st_ino, st.st_ctim } : (struct stamp){ 0 };
	}
}

/* kill -9 in the middle: resume finishes the same study and touches no finished cell. */
static void test_resume_after_kill(void)
{
	const char *const words[] = { "study", study_file, "--out", NULL, "--seed", "7", NULL };
	struct stamp before[CELLS], after[CELLS];
	const char *copy[ARRAY_SIZE(words)];
	json_t *first, *again;
	char dir[96], log[96];
	struct child child;
	struct said s;

	memcpy(copy, words, sizeof(words));
	copy[3] = in_home(dir, sizeof(dir), "killed");
	child = vlat_start(copy, in_home(log, sizeof(log), "killed.log"));
	wait_cells(dir, 3);
	child_kill(&child, SIGKILL);
	child_wait(&child, 0, NULL);
	first = load(dir, "study.json");
	stamp_cells(dir, before);
	check(count_cells(dir) < CELLS);
	s = VLAT("study", "--resume", dir);
	check(said_exit(&s, 0));
	check(said_has(&s, "had died"));
	said_free(&s);
	stamp_cells(dir, after);
	for (unsigned i = 0; i < CELLS; i++)
		check(!before[i].inode || memcmp(&before[i], &after[i], sizeof(before[i])) == 0);
	again = load(dir, "study.json");
	check(json_equal(first, again));
	json_decref(first);
	json_decref(again);
	check_folder(dir);
}

/* Ctrl-C: 130, all undone at once, and a word on how to go on. */
static void test_interrupt(void)
{
	const char *words[] = { "study", study_file, "--out", NULL, NULL };
	struct snapshot snap;
	struct child_end end;
	char dir[96], log[96], run[16];
	struct child child;
	struct said s = { 0 };
	struct err e = { 0 };
	size_t len;

	snapshot_take(&snap, NULL);
	words[3] = in_home(dir, sizeof(dir), "stopped");
	child = vlat_start(words, in_home(log, sizeof(log), "stopped.log"));
	wait_cells(dir, 2);
	run_now(run);
	child_kill(&child, SIGINT);
	check(child_wait(&child, clock_ns() + 180 * NS_PER_S, &end) == 0);
	must(file_read_all(log, 1 << 20, &s.err, &len, &e));
	s.out = strdup("");
	s.end = end;
	check(said_exit(&s, 130));
	check(said_has(&s, "vlat study --resume"));
	said_free(&s);
	e2e_clean(&snap, run);
	snapshot_free(&snap);
	check(runs_left() == 0);
	check(!is_there(dir, "report.html"));
	s = VLAT("study", "--resume", dir);
	check(said_exit(&s, 0));
	said_free(&s);
	check_folder(dir);
}

/* Of this run: other studies on this machine are nobody's business here. */
static pid_t agent_of_study(const char *run)
{
	AUTO_FREE char *mark = xprintf("VLAT_RUN=%s", run);
	struct fs fs;
	struct fs_names names = { 0 };
	struct err e = { 0 };
	pid_t found = 0;

	must(fs_open_root(&fs, "/proc", &e));
	fs_list(&fs, ".", &names);
	for (size_t i = 0; i < names.n && !found; i++) {
		AUTO_FREE char *path = xprintf("%s/environ", names.at[i]), *env = NULL;
		char is[64] = "";
		size_t len = 0;

		fs_readf(&fs, is, sizeof(is), "%s/comm", names.at[i]);
		if (text_eq(is, "vlat-agent") && fs_read_all(&fs, path, 1 << 20, &env, &len) == 0 &&
		    memmem(env, len, mark, strlen(mark)))
			found = (pid_t) atol(names.at[i]);
	}
	fs_list_free(&names);
	fs_close(&fs);
	return found;
}

/* An agent (the peer's, or the native one) dies: that cell failed and says so, the study goes on, exit 1. */
static void test_agent_killed(void)
{
	const char *words[] = { "study", study_file, "--out", NULL, NULL };
	struct child_end end;
	unsigned failed = 0;
	char dir[96], log[96], run[16];
	struct child child;
	pid_t victim = 0;

	words[3] = in_home(dir, sizeof(dir), "hurt");
	child = vlat_start(words, in_home(log, sizeof(log), "hurt.log"));
	wait_cells(dir, 1);
	run_now(run);
	for (int i = 0; i < 6000 && !victim; i++) {
		clock_sleep_ns(10 * NS_PER_MS);
		victim = agent_of_study(run);
	}
	check(victim);
	kill(victim, SIGKILL);
	check(child_wait(&child, clock_ns() + 280 * NS_PER_S, &end) == 0);
	check(!end.signalled && (end.code == 1 || end.code == 0)); /* 0: it was killed while it said bye */
	check(count_cells(dir) == CELLS);
	for (unsigned id = 1; id <= CELLS; id++) {
		char name[32];
		json_t *cell, *error;

		(void) text_print(name, sizeof(name), "cells/%04u.json", id);
		cell = load(dir, name);
		error = json_object_get(cell, "error");
		if (!json_is_null(error)) {
			check(json_integer_value(json_object_get(error, "code")) < 0);
			check(strstr(json_string_value(json_object_get(error, "text")), "agent"));
			failed++;
		}
		json_decref(cell);
	}
	check((end.code == 1) == (failed > 0));
	check(failed <= 2);
}

/* A results folder that fills up: one sentence, everything undone, no torn file, and room to go on. */
static void test_full_disk(void)
{
	char dir[96], results[128];
	struct said s;

	in_home(dir, sizeof(dir), "small");
	check(mkdir(dir, 0755) == 0);
	if (mount("tmpfs", dir, "tmpfs", 0, "size=160k") < 0) {
		printf("not tested: a full disk (%s)\n", strerror(errno));
		return;
	}
	(void) text_print(results, sizeof(results), "%s/r", dir);
	s = VLAT("study", study_file, "--out", results);
	check(said_exit(&s, 1));
	check(said_has(&s, "No space left"));
	check(said_has(&s, "--resume"));
	said_free(&s);
	check(runs_left() == 0);                   /* all undone */
	for (unsigned id = 1; id <= CELLS; id++) { /* what is there is whole */
		char name[32];

		(void) text_print(name, sizeof(name), "cells/%04u.json", id);
		if (is_there(results, name))
			json_decref(load(results, name));
	}
	check(mount("tmpfs", dir, "tmpfs", MS_REMOUNT, "size=8m") == 0);
	s = VLAT("study", "--resume", results);
	check(said_exit(&s, 0));
	said_free(&s);
	check_folder(results);
	check(umount(dir) == 0);
}

static void test_plan_touches_nothing(void)
{
	struct said s = VLAT("study", study_file, "--plan", "--seed", "7");

	check(said_exit(&s, 0));
	check(said_has(&s, "20 in 12 starts"));
	check(said_has(&s, "why:"));
	said_free(&s);
	check(runs_left() == 0);
	check(!is_there(".", "results"));
}

int main(int argc, char **argv)
{
	if (argc < 2)
		e2e_skip("usage: study VLAT");
	program_is(argv[1]);
	e2e_begin("study");
	e2e_alone();
	home_make();
	write_study(in_home(study_file, sizeof(study_file), "tiny.yaml"), study_text);
	test_plan_touches_nothing();
	test_whole_study();
	test_resume_after_kill();
	test_interrupt();
	test_agent_killed();
	test_full_disk();
	home_remove();
	e2e_end();
	return 0;
}
