/* SPDX-License-Identifier: Apache-2.0 */
/* A results folder written, read again, half written, damaged, and on a disk that is full. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/jsonx.h"
#include "base/text.h"
#include "record/record.h"

#include "sample.h"

static int lab_make(void **state)
{
	char *dir = xstrdup("/tmp/vlat-unit-record-XXXXXX");

	assert_non_null(mkdtemp(dir));
	*state = dir;
	return 0;
}

static int lab_drop(void **state)
{
	assert_int_equal(dir_remove_all(*state), 0);
	free(*state);
	return 0;
}

static void put(const char *dir, const char *name, const char *text)
{
	AUTO_FREE char *path = xprintf("%s/%s", dir, name);
	AUTO_FILE FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
}

static bool there(const char *dir, const char *name)
{
	AUTO_FREE char *path = xprintf("%s/%s", dir, name);

	return access(path, F_OK) == 0;
}

static size_t entries(const char *dir)
{
	AUTO_DIR DIR *d = opendir(dir);
	const struct dirent *e;
	size_t n = 0;

	assert_non_null(d);
	while ((e = readdir(d)))
		n += e->d_name[0] != '.';
	return n;
}

static void write_study(const char *dir)
{
	AUTO_JSON json_t *study = sample_study();
	struct err err = { 0 };

	assert_int_equal(record_study_write(dir, study, &err), 0);
}

static void write_cell(const char *dir, unsigned id, json_t *cell)
{
	struct err err = { 0 };

	assert_int_equal(record_cell_write(dir, id, cell, &err), 0);
	json_decref(cell);
}

/* A read that must fail; the sentence. */
static struct err refused(const char *dir, int code)
{
	struct record *r = NULL;
	struct err err = { 0 };

	assert_int_equal(record_read(&r, dir, &err), code);
	assert_int_equal(err.code, code);
	assert_null(r);
	return err;
}

static void written_is_read(void **state)
{
	const char *dir = *state;
	AUTO_JSON json_t *study = sample_study(), *cell = sample_cell(2);
	AUTO(record_freep) struct record *r = NULL;
	struct err err = { 0 };
	struct stat st;
	AUTO_FREE char *path = xprintf("%s/cells/0002.json", dir);

	write_study(dir);
	write_cell(dir, 12000, sample_cell(12000));
	write_cell(dir, 3, sample_failed(3));
	write_cell(dir, 2, sample_cell(2));
	assert_true(record_cell_exists(dir, 2) && record_cell_exists(dir, 12000) && !record_cell_exists(dir, 1));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_int_equal(record_read(&r, dir, &err), 0);
	assert_string_equal(r->dir, dir);
	assert_true(json_equal(r->study, study));
	assert_int_equal(r->n_cells, 3);
	assert_int_equal(r->cells[0].id, 2);
	assert_int_equal(r->cells[1].id, 3);
	assert_int_equal(r->cells[2].id, 12000);
	assert_true(json_equal(r->cells[0].json, cell));
	assert_int_equal(r->cells[1].error_code, -ETIMEDOUT);
}

/* Written again, a cell is the new one, never a mixture, and nothing else lies there. */
static void written_again(void **state)
{
	const char *dir = *state;
	AUTO_FREE char *cells = xprintf("%s/cells", dir);
	AUTO(record_freep) struct record *r = NULL;
	struct err err = { 0 };

	write_study(dir);
	write_cell(dir, 1, sample_cell(1));
	write_cell(dir, 1, sample_failed(1));
	assert_int_equal(entries(cells), 1);
	assert_int_equal(record_read(&r, dir, &err), 0);
	assert_int_equal(r->cells[0].error_code, -ETIMEDOUT);
	assert_true(isnan(r->cells[0].response.count));
}

static void a_study_without_cells(void **state)
{
	AUTO(record_freep) struct record *r = NULL;
	struct err err = { 0 };

	write_study(*state);
	assert_int_equal(record_read(&r, *state, &err), 0);
	assert_int_equal(r->n_cells, 0);
}

/* What a killed writer leaves, and what people put there, are no cells. */
static void strangers_are_ignored(void **state)
{
	static const char *const names[] = {
		"cells/0003.json.a1B2c3", "cells/notes.txt", "cells/1.json", "cells/0004.json~", "cells/-001.json", "cells/0005.JSON",
		"cells/9999999999999999999999.json",
	};
	const char *dir = *state;
	AUTO(record_freep) struct record *r = NULL;
	struct err err = { 0 };

	write_study(dir);
	write_cell(dir, 1, sample_cell(1));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		put(dir, names[i], "{\"format\":1,\"id\"");
	assert_int_equal(record_read(&r, dir, &err), 0);
	assert_int_equal(r->n_cells, 1);
	assert_false(record_cell_exists(dir, 3));
}

static void tidy_removes_temporaries_alone(void **state)
{
	static const char *const stale[] = { "study.json.AbCd12", "report.html.zzzz9z", "report.txt.000000", "report.json.QQQQQQ",
					     "cells/0003.json.a1B2c3", "cells/12345.json.ZZZZZZ" };
	static const char *const kept[] = { "study.json.backup", "report.html.zzzzzz", "study.json.a1-2c3", "notes.AbCd12", "0003.json.a1B2c3",
					    "cells/study.json.AbCd12", "cells/0003.json.a1B2c34", "cells/x.json.a1B2c3", "cells/0001.json" };
	const char *dir = *state;
	AUTO_FREE char *folder = xprintf("%s/cells/0009.json.AAAAAA", dir);

	write_study(dir);
	for (size_t i = 0; i < ARRAY_SIZE(stale); i++)
		put(dir, stale[i], "half");
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		put(dir, kept[i], "whole");
	assert_int_equal(mkdir(folder, 0755), 0);
	assert_int_equal(record_tidy(dir), ARRAY_SIZE(stale));
	for (size_t i = 0; i < ARRAY_SIZE(stale); i++)
		assert_false(there(dir, stale[i]));
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		assert_true(there(dir, kept[i]));
	assert_true(there(dir, "study.json") && there(dir, "cells/0009.json.AAAAAA"));
	assert_int_equal(record_tidy(dir), 0);
	assert_int_equal(record_tidy("/nowhere/at/all"), 0);
}

static void folders_that_are_none(void **state)
{
	const char *dir = *state;
	AUTO_FREE char *nowhere = xprintf("%s/nowhere", dir), *file = xprintf("%s/file", dir);
	struct err err;

	put(dir, "file", "x");
	err = refused(nowhere, -ENOENT);
	assert_non_null(strstr(err.text, nowhere));
	err = refused(file, -ENOTDIR);
	assert_non_null(strstr(err.text, "not a folder"));
	assert_non_null(strstr(err.text, file));
	err = refused(dir, -ENOENT);
	assert_non_null(strstr(err.text, "study.json"));
	put(dir, "study.json", "{\"format\":1}");
	err = refused(dir, -ENOENT);
	assert_non_null(strstr(err.text, "cells"));
}

static void damaged_studies(void **state)
{
	static const struct {
		const char *text;
		int code;
		const char *said;
	} rows[] = {
		{ "", -EINVAL, "study.json" },
		{ "{\"format\":1,", -EINVAL, "line 1" },
		{ "[1]", -EINVAL, "not a JSON object" },
		{ "{}", -ENOENT, "format" },
		{ "{\"format\":3}", -EPROTONOSUPPORT, "newer" },
		{ "{\"format\":1,\"format\":1}", -EINVAL, "format" },
	};
	const char *dir = *state;

	write_study(dir);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err;

		put(dir, "study.json", rows[i].text);
		err = refused(dir, rows[i].code);
		if (!strstr(err.text, "study.json") || !strstr(err.text, rows[i].said))
			fail_msg("%s: \"%s\"", rows[i].text, err.text);
	}
}

static void a_damaged_cell_is_named(void **state)
{
	const char *dir = *state;
	struct err err;

	write_study(dir);
	write_cell(dir, 1, sample_cell(1));
	put(dir, "cells/0002.json", "{\"format\":1,\"id\"");
	err = refused(dir, -EINVAL);
	assert_non_null(strstr(err.text, "cells/0002.json"));
	put(dir, "cells/0002.json", "{\"format\":3}");
	err = refused(dir, -EPROTONOSUPPORT);
	assert_non_null(strstr(err.text, "cells/0002.json"));
	assert_non_null(strstr(err.text, "format 3"));
}

/* A copied or renamed cell would count one run twice. */
static void a_renamed_cell_is_refused(void **state)
{
	const char *dir = *state;
	struct err err;

	write_study(dir);
	write_cell(dir, 2, sample_cell(1));
	err = refused(dir, -EINVAL);
	assert_non_null(strstr(err.text, "cells/0002.json"));
	assert_non_null(strstr(err.text, "cell 1"));
}

/* --- a full disk --- */

static bool holds(const char *dir, const char *text)
{
	AUTO_FREE char *path = xprintf("%s/cells/0001.json", dir), *found = NULL;
	struct err err = { 0 };
	size_t len;

	return file_read_all(path, 1 << 20, &found, &len, &err) == 0 && strstr(found, text);
}

/* In the child's own mount namespace, so that no death can leave the mount behind. 0 = as it should be, 77 = cannot try. */
static int full_disk(const char *dir)
{
	AUTO_FREE char *cells = xprintf("%s/cells", dir), *filler = xprintf("%s/filler", dir), *junk = xalloc(1, 60 << 10);
	AUTO_JSON json_t *small = sample_failed(1), *big = sample_cell(1);
	struct err err = { 0 };
	int r;

	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", dir, "tmpfs", 0, "size=64k,nr_inodes=32") < 0)
		return 77;
	memset(junk, 'x', 60 << 10);
	write_study(dir);
	if (record_cell_write(dir, 1, small, &err) < 0)
		return 1;
	/* Fill what is left, however the pages were counted. */
	for (size_t n = 60 << 10; n >= 4096; n -= 4096)
		if (file_write_atomic(filler, junk, n, 0644, &err) == 0)
			break;
	err = (struct err){ 0 };
	r = record_cell_write(dir, 1, big, &err);
	if (r != -ENOSPC || err.code != r || !strstr(err.text, "0001.json") || !strstr(err.text, "No space left")) {
		print_error("full disk: %d, \"%s\"\n", r, err.text);
		return 2;
	}
	if (entries(cells) != 1)
		return 3;
	return holds(dir, "the agent said nothing") ? 0 : 4;    /* what was there before still is */
}

static void a_full_disk(void **state)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(full_disk(*state));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77) {
		print_message("skipped: mounting a small tmpfs needs root and CAP_SYS_ADMIN\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_folder_that_cannot_be_made(void **state)
{
	AUTO_FREE char *below = xprintf("%s/file/r1", (const char *) *state);
	AUTO_JSON json_t *study = sample_study();
	struct err err = { 0 };

	put(*state, "file", "x");
	assert_int_equal(record_study_write(below, study, &err), -ENOTDIR);
	assert_non_null(strstr(err.text, "/file"));
}

#define LAB(test) cmocka_unit_test_setup_teardown(test, lab_make, lab_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB(written_is_read),
		LAB(written_again),
		LAB(a_study_without_cells),
		LAB(strangers_are_ignored),
		LAB(tidy_removes_temporaries_alone),
		LAB(folders_that_are_none),
		LAB(damaged_studies),
		LAB(a_damaged_cell_is_named),
		LAB(a_renamed_cell_is_refused),
		LAB(a_full_disk),
		LAB(a_folder_that_cannot_be_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
