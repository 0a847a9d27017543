/* SPDX-License-Identifier: Apache-2.0 */
/* The history: what runs leave in it, torn and foreign lines, its two pages. */
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
#include "journal/history.h"
#include "journal/journal.h"

static char lab[64];

static char *in(const char *name)
{
	return xprintf("%s/%s", lab, name);
}

static int set_up(void **state)
{
	(void) state;
	strcpy(lab, "/tmp/vlat-unit-XXXXXX");
	return !mkdtemp(lab) || setenv("VLAT_STATE", lab, 1);
}

static int tear_down(void **state)
{
	(void) state;
	return dir_remove_all(lab);
}

static void parse(const char *text, struct history *ret)
{
	memset(ret, 0, sizeof(*ret));
	history_parse(text, strlen(text), ret);
}

static void test_lines(void **state)
{
	struct history h;

	(void) state;
	parse("{\"began\":\"a1\",\"at\":\"t0\",\"why\":\"tune x\",\"by\":\"anna (uid 0)\"}\n"
	      "{\"began\":\"a2\",\"at\":\"t1\",\"why\":\"measure\",\"by\":\"b\"}\n"
	      "{\"left\":\"a1\",\"at\":\"t2\",\"by\":\"c\",\"since\":\"t0\",\"why\":\"tune x\",\"changes\":7,\"foreign\":2,\"failed\":1}\n",
	      &h);
	assert_int_equal(h.n, 2);
	assert_int_equal(h.damaged, 0);
	assert_string_equal(h.at[0].run, "a1");
	assert_string_equal(h.at[0].by, "anna (uid 0)");
	assert_string_equal(h.at[0].ended_by, "c");
	assert_int_equal(h.at[0].end, HISTORY_LEFT);
	assert_int_equal(h.at[0].changes, 7);
	assert_int_equal(h.at[0].foreign, 2);
	assert_int_equal(h.at[1].end, HISTORY_OPEN);
	history_free(&h);
}

/* An end alone still tells what the run was. */
static void test_beginning_is_gone(void **state)
{
	struct history h;

	(void) state;
	parse("{\"reverted\":\"a1\",\"at\":\"t2\",\"by\":\"c\",\"since\":\"t0\",\"why\":\"tune x\",\"changes\":7}\n", &h);
	assert_int_equal(h.n, 1);
	assert_string_equal(h.at[0].began, "t0");
	assert_string_equal(h.at[0].why, "tune x");
	assert_string_equal(h.at[0].by, "");
	history_free(&h);
}

static void test_bad_lines(void **state)
{
	struct history h;

	(void) state;
	parse("rubbish\n[]\n{}\n\n{\"began\":7}\n{\"began\":\"..\"}\n{\"began\":\"a/b\"}\n{\"began\":\"much-too-long-a-name\"}\n"
	      "{\"began\":\"a1\",\"why\":\"\\u001b[2J\"}\n{\"ended\":\"a1\",\"changes\":-1}\n{\"began\":\"a1\",\"at\":\"t",
	      &h);
	assert_int_equal(h.n, 0);
	assert_int_equal(h.damaged, 10);
	history_free(&h);
}

static void run_once(const char *why)
{
	struct journal *j;
	struct err err = { 0 };

	assert_int_equal(journal_open(&j, why, &err), 0);
	assert_int_equal(journal_close(j, &err), 0);
}

static void test_runs(void **state)
{
	AUTO_FREE char *page = in("history");
	struct history h = { 0 };
	struct err err = { 0 };
	struct stat st;
	FILE *f;

	(void) state;
	assert_int_equal(history_read(&h, &err), 0);
	assert_int_equal(h.n, 0);
	run_once("measure");
	f = fopen(page, "a"); /* as a power cut leaves it */
	assert_true(f && fputs("{\"began\":\"to", f) >= 0 && fclose(f) == 0);
	run_once("study");
	assert_int_equal(history_read(&h, &err), 0);
	assert_int_equal(h.n, 2);
	assert_int_equal(h.damaged, 1);
	assert_string_equal(h.at[0].why, "measure");
	assert_string_equal(h.at[1].why, "study");
	assert_int_equal(h.at[1].end, HISTORY_ENDED);
	assert_non_null(strstr(h.at[1].by, "uid "));
	assert_int_equal(stat(page, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	history_free(&h);
}

/* Two pages, of which the older one goes; nothing that is on them is lost. */
static void test_pages(void **state)
{
	AUTO_FREE char *page = in("history"), *old = in("history.1"), *filler = xalloc(1000, 1);
	struct history h = { 0 };
	struct err err = { 0 };
	struct stat st;
	FILE *f = fopen(page, "w");

	(void) state;
	assert_non_null(f);
	memset(filler, 'x', 900);
	for (int i = 0; i <= (256 << 10) / 901; i++)
		fprintf(f, "%s\n", filler);
	fclose(f);
	run_once("first on the new page");
	assert_int_equal(stat(old, &st), 0);
	assert_true(st.st_size > 255 << 10);
	assert_int_equal(stat(page, &st), 0);
	assert_true(st.st_size < 1000);
	assert_int_equal(history_read(&h, &err), 0);
	assert_int_equal(h.n, 1);
	assert_string_equal(h.at[0].why, "first on the new page");
	history_free(&h);
}

/* A page that others may write is neither believed nor added to; the run does not suffer. */
static void test_others_may_write(void **state)
{
	AUTO_FREE char *page = in("history");
	struct history h = { 0 };
	struct err err = { 0 };
	struct stat st;

	(void) state;
	run_once("one");
	assert_int_equal(chmod(page, 0666), 0);
	assert_int_equal(stat(page, &st), 0);
	run_once("two");
	assert_true(history_read(&h, &err) < 0);
	assert_non_null(strstr(err.text, "writable by nobody else"));
	history_free(&h);
	assert_int_equal(chmod(page, 0600), 0);
	assert_int_equal(history_read(&h, &err), 0);
	assert_int_equal(h.n, 1);
	history_free(&h);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_lines), T(test_beginning_is_gone), T(test_bad_lines),
		T(test_runs),  T(test_pages),		  T(test_others_may_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
