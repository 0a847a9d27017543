/* SPDX-License-Identifier: Apache-2.0 */
/* Runs whose vlat was killed: found, undone once, reported; live ones left alone. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"
#include "journal/undo.h"

static char lab[64];

static char *in(const char *name)
{
	return xprintf("%s/%s", lab, name);
}

static void put(const char *name, const char *text)
{
	AUTO_FREE char *path = in(name);
	struct err err = { 0 };

	assert_int_equal(file_write_atomic(path, text, strlen(text), 0600, &err), 0);
}

static void holds(const char *name, const char *want)
{
	AUTO_FREE char *text = NULL, *path = in(name);
	struct err err = { 0 };

	assert_int_equal(file_read_all(path, 4096, &text, NULL, &err), 0);
	assert_string_equal(text, want);
}

static int set_up(void **state)
{
	AUTO_FREE char *st = NULL;

	(void) state;
	strcpy(lab, "/tmp/vlat-unit-XXXXXX");
	if (!mkdtemp(lab))
		return -1;
	st = in("state");
	return setenv("VLAT_STATE", st, 1);
}

static int tear_down(void **state)
{
	(void) state;
	return dir_remove_all(lab);
}

/* A vlat that changes "knob" and is killed: the id of its run. */
static void killed_run(char id[16])
{
	AUTO_FREE char *path = in("knob");
	int fds[2], status;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	put("knob", "before\n");
	pid = fork();
	if (pid == 0) {
		struct journal *j;
		struct err err = { 0 };

		if (journal_open(&j, "to be killed", &err) < 0 || journal_file(j, path, "before", "after", &err) < 0)
			_exit(1);
		put("knob", "after\n");
		if (write(fds[1], journal_run(j), strlen(journal_run(j)) + 1) < 0)
			_exit(1);
		raise(SIGKILL);
	}
	close(fds[1]);
	assert_true(read(fds[0], id, 16) > 0);
	close(fds[0]);
	waitpid(pid, &status, 0);
	assert_true(WIFSIGNALED(status));
}

static void run_path(char *buf, size_t cap, const char *id, const char *name)
{
	assert_false(text_print(buf, cap, "state/runs/%s/%s", id, name));
}

static void revert(struct revert_options o, struct revert_report *r)
{
	struct err err = { 0 };

	assert_int_equal(journal_revert(&o, r, &err), 0);
}

static void test_nothing(void **state)
{
	struct revert_report r = { 0 };
	struct revert_options one = { .run = "nosuch" };
	struct err err = { 0 };

	(void) state;
	revert((struct revert_options){ 0 }, &r);
	assert_int_equal(r.n, 0);
	assert_true(revert_clean(&r));
	assert_int_equal(journal_revert(&one, &r, &err), -ENOENT);
	assert_non_null(strstr(err.text, "nosuch"));
}

static void test_dead_run(void **state)
{
	struct revert_report r = { 0 };
	char id[16];
	json_t *j;

	(void) state;
	killed_run(id);
	revert((struct revert_options){ .dry_run = true }, &r);
	assert_int_equal(r.n, 1);
	holds("knob", "after\n");
	revert_report_free(&r);

	revert((struct revert_options){ 0 }, &r);
	assert_int_equal(r.n, 1);
	assert_string_equal(r.at[0].id, id);
	assert_int_equal(r.at[0].state, REVERT_CLEAN);
	assert_string_equal(r.at[0].why, "to be killed");
	assert_int_equal(r.at[0].report.count[UNDO_DONE], 1);
	holds("knob", "before\n");
	j = revert_report_json(&r);
	assert_non_null(j);
	json_decref(j);
	revert_report_free(&r);

	revert((struct revert_options){ 0 }, &r);
	assert_int_equal(r.n, 0);
}

/* Runs begun by one process in one tick of its clock: undone in the reverse order nevertheless. */
static void test_runs_of_one_moment_last_first(void **state)
{
	enum { RUNS = 6 };
	struct revert_report r = { 0 };
	char ids[RUNS][16];
	int fds[2], status;
	pid_t pid;

	(void) state;
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < RUNS; i++) {
			char id[16] = "";
			struct journal *j;
			struct err err = { 0 };

			if (journal_open(&j, "one of many", &err) < 0)
				_exit(1);
			text_print(id, sizeof(id), "%s", journal_run(j));
			if (write(fds[1], id, sizeof(id)) != sizeof(id))
				_exit(1);
		}
		raise(SIGKILL);
	}
	close(fds[1]);
	for (int i = 0; i < RUNS; i++)
		assert_int_equal(read(fds[0], ids[i], sizeof(ids[i])), sizeof(ids[i]));
	close(fds[0]);
	waitpid(pid, &status, 0);
	revert((struct revert_options){ 0 }, &r);
	assert_int_equal(r.n, RUNS);
	for (int i = 0; i < RUNS; i++)
		assert_string_equal(r.at[i].id, ids[RUNS - 1 - i]);
	revert_report_free(&r);
}

static void test_live_run_is_left_alone(void **state)
{
	struct revert_report r = { 0 };
	AUTO_FREE char *path = in("knob");
	struct journal *j;
	struct err err = { 0 };

	(void) state;
	put("knob", "before\n");
	assert_int_equal(journal_open(&j, "alive", &err), 0);
	assert_int_equal(journal_file(j, path, "before", "after", &err), 0);
	put("knob", "after\n");
	revert((struct revert_options){ 0 }, &r);
	assert_int_equal(r.n, 1);
	assert_int_equal(r.at[0].state, REVERT_LIVE);
	assert_true(revert_clean(&r));
	holds("knob", "after\n");
	revert_report_free(&r);
	assert_int_equal(journal_close(j, &err), 0);
	holds("knob", "before\n");
}

static void test_foreign_is_reported_once(void **state)
{
	struct revert_report r = { 0 };
	char id[16];

	(void) state;
	killed_run(id);
	put("knob", "foreign\n");
	revert((struct revert_options){ 0 }, &r);
	assert_int_equal(r.at[0].state, REVERT_LEFT);
	assert_int_equal(r.at[0].report.count[UNDO_FOREIGN], 1);
	assert_false(revert_clean(&r));
	holds("knob", "foreign\n");
	revert_report_free(&r);
	revert((struct revert_options){ 0 }, &r);
	assert_int_equal(r.n, 0);
}

static void edit_journal(const char *id, const char *from, const char *to)
{
	char name[64];
	AUTO_FREE char *path = NULL, *text = NULL, *out = NULL;
	struct err err = { 0 };
	char *at;

	run_path(name, sizeof(name), id, "journal");
	path = in(name);
	assert_int_equal(file_read_all(path, 65536, &text, NULL, &err), 0);
	at = strstr(text, from);
	assert_non_null(at);
	out = xprintf("%.*s%s%s", (int) (at - text), text, to, at + strlen(from));
	put(name, out);
}

static void test_after_a_reboot(void **state)
{
	struct revert_report r = { 0 };
	char id[16];

	(void) state;
	killed_run(id);
	edit_journal(id, "\"boot\":\"", "\"boot\":\"0");
	edit_journal(id, ",\"lasting\":true", ""); /* as an entry of /proc or /sys has it */
	revert((struct revert_options){ 0 }, &r);
	assert_int_equal(r.at[0].report.count[UNDO_VOID], 1);
	assert_int_equal(r.at[0].state, REVERT_CLEAN);
	holds("knob", "after\n");
	revert_report_free(&r);
}

static void test_reboot_does_not_void_what_lasts(void **state)
{
	struct revert_report r = { 0 };
	char id[16];

	(void) state;
	killed_run(id);
	edit_journal(id, "\"boot\":\"", "\"boot\":\"0");
	revert((struct revert_options){ 0 }, &r);
	assert_int_equal(r.at[0].report.count[UNDO_DONE], 1);
	holds("knob", "before\n");
	revert_report_free(&r);
}

static void test_damaged_line_keeps_the_run(void **state)
{
	struct revert_report r = { 0 };
	char id[16];

	(void) state;
	killed_run(id);
	edit_journal(id, "\n{\"seq\"", "\nnonsense\n{\"seq\"");
	revert((struct revert_options){ 0 }, &r);
	assert_int_equal(r.at[0].state, REVERT_LEFT);
	assert_non_null(strstr(r.at[0].text, "--forget"));
	holds("knob", "before\n");
	revert_report_free(&r);
	revert((struct revert_options){ .forget = true }, &r);
	revert_report_free(&r);
	revert((struct revert_options){ 0 }, &r);
	assert_int_equal(r.n, 0);
}

static void test_unreadable_and_copied_journals(void **state)
{
	struct revert_report r = { 0 };
	AUTO_FREE char *dir = in("state/runs/zzz");
	char id[16];

	(void) state;
	killed_run(id);
	assert_int_equal(mkdir(dir, 0700), 0);
	put("state/runs/zzz/journal", "{\"format\":1,\"run\":\"other\",\"boot\":\"b\",\"pid\":7,\"start\":9}\n");
	revert((struct revert_options){ .run = "zzz" }, &r);
	assert_int_equal(r.n, 1);
	assert_int_equal(r.at[0].state, REVERT_UNREADABLE);
	assert_false(revert_clean(&r));
	holds("knob", "after\n"); /* the other run was not asked for */
	revert_report_free(&r);
}

static void test_half_made_folders_are_swept(void **state)
{
	struct revert_report r = { 0 };
	AUTO_FREE char *half = in("state/runs/.new-abc"), *gone = in("state/runs/.gone-abc");
	char id[16];

	(void) state;
	killed_run(id);
	assert_int_equal(mkdir(half, 0700), 0);
	assert_int_equal(mkdir(gone, 0700), 0);
	revert((struct revert_options){ 0 }, &r);
	assert_int_equal(access(half, F_OK), -1);
	assert_int_equal(access(gone, F_OK), -1);
	revert_report_free(&r);
}

static void test_folder_open_to_others_is_refused(void **state)
{
	struct revert_report r = { 0 };
	AUTO_FREE char *runs = in("state/runs");
	struct revert_options o = { 0 };
	struct err err = { 0 };
	char id[16];

	(void) state;
	killed_run(id);
	assert_int_equal(chmod(runs, 0777), 0);
	assert_int_equal(journal_revert(&o, &r, &err), -EPERM);
	holds("knob", "after\n");
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_nothing),
		T(test_dead_run),
		T(test_runs_of_one_moment_last_first),
		T(test_live_run_is_left_alone),
		T(test_foreign_is_reported_once),
		T(test_after_a_reboot),
		T(test_reboot_does_not_void_what_lasts),
		T(test_damaged_line_keeps_the_run),
		T(test_unreadable_and_copied_journals),
		T(test_half_made_folders_are_swept),
		T(test_folder_open_to_others_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
