/* SPDX-License-Identifier: Apache-2.0 */
/* A number that the kernel works out anew when another file is written: as it was, once that is undone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/text.h"
#include "journal/internal.h"

struct lab {
	char dir[64], file[96], follower[96];
	struct journal *j;
};

static void put(const char *path, const char *text)
{
	struct err err = { 0 };

	assert_int_equal(file_write_atomic(path, text, strlen(text), 0644, &err), 0);
}

static void holds(const char *path, const char *want)
{
	AUTO_FREE char *text = NULL;
	struct err err = { 0 };

	assert_int_equal(file_read_all(path, 4096, &text, NULL, &err), 0);
	assert_string_equal(text, want);
}

/* "always" and 4000 are what was found, "never" was wanted; the journal knows it, nothing was written yet. */
static int set_up(void **state)
{
	struct lab *lab = xalloc(1, sizeof(*lab));
	AUTO_FREE char *runs = NULL;
	struct err err = { 0 };

	strcpy(lab->dir, "/tmp/vlat-unit-XXXXXX");
	if (!mkdtemp(lab->dir))
		return -1;
	text_print(lab->file, sizeof(lab->file), "%s/enabled", lab->dir);
	text_print(lab->follower, sizeof(lab->follower), "%s/min_free_kbytes", lab->dir);
	runs = xprintf("%s/state", lab->dir);
	setenv("VLAT_STATE", runs, 1);
	put(lab->file, "always\n");
	put(lab->follower, "4000\n");
	*state = lab;
	return journal_open(&lab->j, "unit test", &err) < 0 ||
	       journal_value(lab->j,
			     &(struct journal_value){
				     .path = lab->file, .before = "always", .after = "never", .follower = lab->follower },
			     &err) < 0;
}

static int tear_down(void **state)
{
	struct lab *lab = *state;
	struct err err = { 0 };
	int r = lab->j ? journal_close(lab->j, &err) : 0;

	dir_remove_all(lab->dir);
	free(lab);
	return r;
}

static enum undo_state undo(struct lab *lab, bool dry, char *text, size_t cap)
{
	struct undo_ctx c = { .j = lab->j, .dry = dry };
	struct undo_report report = { 0 };
	struct err err = { 0 };
	enum undo_state s;

	undo_entries(&c, 0, &report, &err);
	assert_int_equal(report.n, 1);
	s = report.at[0].state;
	text_print(text, cap, "%s", report.at[0].text);
	undo_report_free(&report);
	return s;
}

/* Both files as they are found, undone: how that ends, and what is in the follower then. */
static void ends(struct lab *lab, const char *file, const char *follower, enum undo_state want, const char *then)
{
	AUTO_FREE char *line = xprintf("%s\n", then);
	char text[320];

	put(lab->file, file);
	put(lab->follower, follower);
	assert_int_equal(undo(lab, false, text, sizeof(text)), want);
	holds(lab->file, want == UNDO_FOREIGN ? file : "always\n");
	holds(lab->follower, line);
}

static void test_never_written(void **state)
{
	ends(*state, "always\n", "4000\n", UNDO_SAME, "4000");
}

/* Killed between the write and the note of what the follower became. */
static void test_killed_before_the_note(void **state)
{
	ends(*state, "never\n", "45000\n", UNDO_DONE, "4000");
}

static void test_kernel_changed_it(void **state)
{
	struct lab *lab = *state;
	struct err err = { 0 };

	assert_int_equal(journal_followed(lab->j, lab->file, "45000", &err), 0);
	ends(lab, "never\n", "45000\n", UNDO_DONE, "4000");
}

static void test_somebody_changed_it(void **state)
{
	struct lab *lab = *state;
	struct err err = { 0 };

	assert_int_equal(journal_followed(lab->j, lab->file, "45000", &err), 0);
	ends(lab, "never\n", "90000\n", UNDO_DONE, "90000");
}

/* The file was put back by somebody else: what it made of the follower is theirs, too. */
static void test_file_put_back_by_others(void **state)
{
	struct lab *lab = *state;
	struct err err = { 0 };

	assert_int_equal(journal_followed(lab->j, lab->file, "4000", &err), 0);
	ends(lab, "always\n", "67000\n", UNDO_SAME, "67000");
}

static void test_file_is_somebody_elses(void **state)
{
	ends(*state, "madvise\n", "67000\n", UNDO_FOREIGN, "67000");
}

/* The journal as a revert leaves it that is killed after it has put the file itself back. */
static void test_killed_revert(void **state)
{
	struct lab *lab = *state;
	struct entry *e = &lab->j->entries.at[0];
	struct journal_text read = { 0 };
	AUTO_FREE char *text = NULL, *path = xprintf("%s/journal", journal_dir(lab->j));
	struct err err = { 0 };
	size_t len;

	assert_int_equal(journal_followed(lab->j, lab->file, "45000", &err), 0);
	assert_int_equal(journal_later(lab->j, e, "goal", "4000", &e->goal, true, &err), 0);
	assert_int_equal(file_read_all(path, 1 << 20, &text, &len, &err), 0);
	assert_int_equal(journal_text_parse(text, len, &read, &err), 0);
	assert_int_equal(read.damaged, 0);
	assert_string_equal(read.entries.at[0].follower, lab->follower);
	assert_string_equal(read.entries.at[0].follower_before, "4000");
	assert_string_equal(read.entries.at[0].followed, "45000");
	assert_string_equal(read.entries.at[0].goal, "4000");
	journal_text_free(&read);
	ends(lab, "always\n", "67000\n", UNDO_DONE, "4000");
}

static void test_dry_run_writes_nothing(void **state)
{
	struct lab *lab = *state;
	char text[320];

	put(lab->file, "never\n");
	put(lab->follower, "45000\n");
	assert_int_equal(undo(lab, true, text, sizeof(text)), UNDO_DONE);
	holds(lab->file, "never\n");
	holds(lab->follower, "45000\n");
	assert_null(lab->j->entries.at[0].goal);
}

static void test_says_so(void **state)
{
	struct lab *lab = *state;
	char text[320];

	put(lab->file, "never\n");
	put(lab->follower, "45000\n");
	assert_int_equal(undo(lab, false, text, sizeof(text)), UNDO_DONE);
	assert_non_null(strstr(text, "always again; "));
	assert_non_null(strstr(text, "/min_free_kbytes is 4000 again"));
}

static void test_gone(void **state)
{
	struct lab *lab = *state;
	char text[320];

	put(lab->file, "never\n");
	assert_int_equal(unlink(lab->follower), 0);
	assert_int_equal(undo(lab, false, text, sizeof(text)), UNDO_DONE);
	holds(lab->file, "always\n");
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_never_written),
		T(test_killed_before_the_note),
		T(test_kernel_changed_it),
		T(test_somebody_changed_it),
		T(test_file_put_back_by_others),
		T(test_file_is_somebody_elses),
		T(test_killed_revert),
		T(test_dry_run_writes_nothing),
		T(test_says_so),
		T(test_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
