/* SPDX-License-Identifier: Apache-2.0 */
/* Files, links and folders that last: made, replaced and removed, and undone byte by byte. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/text.h"
#include "base/vec.h"
#include "journal/lasting.h"
#include "journal/undo.h"

struct lab {
	char dir[64];
	struct journal *j;
};

static char *in(const struct lab *lab, const char *name)
{
	return xprintf("%s/%s", lab->dir, name);
}

static void put(const struct lab *lab, const char *name, const char *text, unsigned mode)
{
	AUTO_FREE char *path = in(lab, name);
	AUTO_FILE FILE *f = fopen(path, "w");

	assert_true(f && fputs(text, f) >= 0 && fchmod(fileno(f), mode) == 0);
}

static void holds(const struct lab *lab, const char *name, const char *want, unsigned mode)
{
	AUTO_FREE char *path = in(lab, name), *text = NULL;
	struct err err = { 0 };
	struct stat st;

	assert_int_equal(file_read_all(path, 1 << 21, &text, NULL, &err), 0);
	assert_string_equal(text, want);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
}

static bool there(const struct lab *lab, const char *name)
{
	AUTO_FREE char *path = in(lab, name);

	return access(path, F_OK) == 0;
}

static int set_up(void **state)
{
	struct lab *lab = xalloc(1, sizeof(*lab));
	AUTO_FREE char *st = NULL;
	struct err err = { 0 };

	strcpy(lab->dir, "/tmp/vlat-unit-XXXXXX");
	if (!mkdtemp(lab->dir))
		return -1;
	st = in(lab, "state");
	setenv("VLAT_STATE", st, 1);
	*state = lab;
	return journal_open(&lab->j, "unit test", &err);
}

static int tear_down(void **state)
{
	struct lab *lab = *state;
	struct err err = { 0 };

	journal_close(lab->j, &err);
	dir_remove_all(lab->dir);
	free(lab);
	return 0;
}

static void change(const struct lab *lab, const char *name, const char *text)
{
	AUTO_FREE char *path = in(lab, name);
	struct err err = { 0 };

	if (journal_put(lab->j, path, text, 0640, &err) < 0)
		fail_msg("%s", err.text);
}

static void refused(const struct lab *lab, const char *name, const char *text, int code, const char *word)
{
	AUTO_FREE char *path = in(lab, name);
	struct err err = { 0 };

	assert_int_equal(journal_put(lab->j, path, text, 0644, &err), code);
	assert_non_null(strstr(err.text, word));
}

static void undo(const struct lab *lab, size_t here, enum undo_state want, size_t n)
{
	struct undo_report report = { 0 };
	struct err err = { 0 };

	assert_int_equal(journal_undo_report(lab->j, here, &report, &err), 0);
	assert_int_equal(report.count[want], n);
	undo_report_free(&report);
}

static void test_there_and_back(void **state)
{
	const struct lab *lab = *state;

	put(lab, "old", "no newline at the end", 0604);
	put(lab, "gone", "", 0600);
	change(lab, "old", "first\n");
	change(lab, "old", "second\n");
	change(lab, "new", "unit\n");
	change(lab, "gone", NULL);
	change(lab, "never", NULL); /* was not there: nothing to do, no entry */
	change(lab, "new", "unit\n");
	holds(lab, "old", "second\n", 0604);
	holds(lab, "new", "unit\n", 0640);
	assert_false(there(lab, "gone"));
	undo(lab, 0, UNDO_DONE, 4);
	holds(lab, "old", "no newline at the end", 0604);
	holds(lab, "gone", "", 0600);
	assert_false(there(lab, "new"));
}

static void rename_to(const struct lab *lab, const char *from, const char *to)
{
	AUTO_FREE char *old = in(lab, from), *new = in(lab, to);

	assert_int_equal(rename(old, new), 0);
}

#define ENTRY "loader/entries/6a98-6.9"

/* systemd-boot counts the tries of an entry in its name: it is the same file under each, until there are two that it could be. */
static void test_counted_name(void **state)
{
	const struct lab *lab = *state;
	AUTO_FREE char *folder = in(lab, "loader/entries"),
		       *left = xprintf("%s/.6a98-6.9+3.conf.vlat-%s", folder, journal_run(lab->j));
	AUTO_FILE FILE *f = NULL;
	struct err err = { 0 };
	size_t here;

	assert_int_equal(dir_make_all(folder, 0755, &err), 0);
	put(lab, ENTRY "+3.conf", "options quiet\n", 0600);
	put(lab, ENTRY "1+3.conf", "another version\n", 0600);
	change(lab, ENTRY "+3.conf", "options quiet vlat\n");
	rename_to(lab, ENTRY "+3.conf", ENTRY "+2-1.conf");
	f = fopen(left, "w"); /* of an undo that was killed under the name before */
	assert_non_null(f);
	undo(lab, 0, UNDO_DONE, 1);
	holds(lab, ENTRY "+2-1.conf", "options quiet\n", 0600);
	assert_false(there(lab, ENTRY "+3.conf"));
	assert_int_equal(access(left, F_OK), -1);

	here = journal_here(lab->j);
	change(lab, ENTRY "+2-1.conf", "options quiet vlat\n");
	rename_to(lab, ENTRY "+2-1.conf", ENTRY ".conf"); /* it was found good */
	put(lab, ENTRY ".conf", "options of somebody else\n", 0600);
	undo(lab, here, UNDO_FOREIGN, 1);
	holds(lab, ENTRY ".conf", "options of somebody else\n", 0600);

	here = journal_here(lab->j);
	change(lab, ENTRY ".conf", "options vlat\n");
	rename_to(lab, ENTRY ".conf", ENTRY "+3.conf");
	put(lab, ENTRY "+2.conf", "options vlat\n", 0600);
	undo(lab, here, UNDO_FOREIGN, 1);
	holds(lab, ENTRY "+3.conf", "options vlat\n", 0600);
	holds(lab, ENTRY "1+3.conf", "another version\n", 0600);
}

static void test_foreign(void **state)
{
	const struct lab *lab = *state;

	put(lab, "a", "1\n", 0644);
	change(lab, "a", "2\n");
	change(lab, "b", "2\n");
	put(lab, "a", "3\n", 0644);
	put(lab, "b", "3\n", 0644);
	undo(lab, 0, UNDO_FOREIGN, 2);
	holds(lab, "a", "3\n", 0644);
	holds(lab, "b", "3\n", 0644);
}

/* An undoing went through, a power cut took its notes: the first of two changes explains what is there. */
static void test_undone_before(void **state)
{
	const struct lab *lab = *state;

	put(lab, "a", "1\n", 0644);
	change(lab, "a", "2\n");
	change(lab, "a", "3\n");
	put(lab, "a", "1\n", 0644);
	undo(lab, 0, UNDO_SAME, 2);
	holds(lab, "a", "1\n", 0644);
}

static void test_left_beside(void **state)
{
	const struct lab *lab = *state;
	AUTO_FREE char *beside = xprintf(".a.vlat-%s", journal_run(lab->j));

	put(lab, "a", "1\n", 0644);
	change(lab, "a", "2\n");
	put(lab, beside, "half a fi", 0600);
	undo(lab, 0, UNDO_DONE, 1);
	assert_false(there(lab, beside));
}

static void test_refusals(void **state)
{
	const struct lab *lab = *state;
	AUTO_FREE char *link = in(lab, "link"), *huge = xalloc((1 << 20) + 2, 1);
	struct err err = { 0 };

	put(lab, "real", "x\n", 0644);
	assert_int_equal(symlink("real", link), 0);
	refused(lab, "link", "y\n", -ELOOP, "is a link");
	refused(lab, "state", "y\n", -EINVAL, "no ordinary file");
	put(lab, "latin", "caf\xe9\n", 0644);
	refused(lab, "latin", "y\n", -EILSEQ, "UTF-8");
	memset(huge, 'x', (1 << 20) + 1);
	refused(lab, "real", huge, -EFBIG, "1 MiB");
	refused(lab, "a/../real", "y\n", -EINVAL, "..");
	assert_int_equal(journal_put(lab->j, "real", "y\n", 0644, &err), -EINVAL);
	holds(lab, "real", "x\n", 0644);
	holds(lab, "latin", "caf\xe9\n", 0644);
	journal_hold(lab->j);
	refused(lab, "real", "y\n", -EINVAL, "held");
	assert_int_equal(journal_sync(lab->j, &err), 0);
	undo(lab, 0, UNDO_DONE, 0);
}

static void test_folders(void **state)
{
	const struct lab *lab = *state;
	AUTO_FREE char *deep = in(lab, "a/b/c"), *file = in(lab, "a/b/mine"), *plain = in(lab, "plain/x");
	struct err err = { 0 };

	assert_int_equal(journal_folder(lab->j, deep, 0755, &err), 0);
	assert_int_equal(journal_folder(lab->j, deep, 0755, &err), 0);
	assert_true(there(lab, "a/b/c"));
	put(lab, "a/b/mine", "x\n", 0644);
	undo(lab, 0, UNDO_FOREIGN, 2); /* a and b hold what is not vlat's */
	assert_false(there(lab, "a/b/c"));
	assert_true(there(lab, "a/b/mine"));
	assert_int_equal(unlink(file), 0);
	put(lab, "plain", "x\n", 0644);
	assert_int_equal(journal_folder(lab->j, plain, 0755, &err), -ENOTDIR);
	assert_int_equal(journal_folder(lab->j, "relative", 0755, &err), -EINVAL);
}

static void test_links(void **state)
{
	const struct lab *lab = *state;
	AUTO_FREE char *path = in(lab, "wants");
	struct err err = { 0 };

	assert_int_equal(journal_link(lab->j, path, "../x.service", &err), 0);
	assert_int_equal(journal_link(lab->j, path, "../x.service", &err), 0);
	assert_int_equal(journal_link(lab->j, path, "../y.service", &err), -EEXIST);
	undo(lab, 0, UNDO_DONE, 1);
	assert_int_equal(readlink(path, (char[8]){ 0 }, 8), -1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_there_and_back), T(test_counted_name), T(test_foreign), T(test_undone_before),
		T(test_left_beside),    T(test_refusals),     T(test_folders), T(test_links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
