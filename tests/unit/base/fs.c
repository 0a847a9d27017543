/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/text.h"
#include "base/vec.h"

struct lab {
	char dir[64];
	struct fs fs;
};

static void put_file(const struct lab *lab, const char *name, const char *text)
{
	AUTO_FREE char *path = xprintf("%s/%s", lab->dir, name);
	AUTO_FILE FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
}

static void put_link(const struct lab *lab, const char *name, const char *target)
{
	AUTO_FREE char *path = xprintf("%s/%s", lab->dir, name);

	assert_int_equal(symlink(target, path), 0);
}

static int lab_make(void **state)
{
	struct lab *lab = xalloc(1, sizeof(*lab));
	AUTO_FREE char *deep = NULL;
	struct err err = { 0 };

	snprintf(lab->dir, sizeof(lab->dir), "/tmp/vlat-unit-fs-XXXXXX");
	assert_non_null(mkdtemp(lab->dir));
	deep = xprintf("%s/sys/cpu", lab->dir);
	assert_int_equal(dir_make_all(deep, 0755, &err), 0);
	assert_int_equal(fs_open_root(&lab->fs, lab->dir, &err), 0);
	*state = lab;
	return 0;
}

static int lab_drop(void **state)
{
	struct lab *lab = *state;

	fs_close(&lab->fs);
	assert_int_equal(dir_remove_all(lab->dir), 0);
	assert_int_equal(access(lab->dir, F_OK), -1);
	free(lab);
	return 0;
}

static void reads_typed(void **state)
{
	struct lab *lab = *state;
	struct cpuset set;
	char buf[8];
	uint64_t u;
	int64_t i;

	put_file(lab, "sys/u", "42\n");
	put_file(lab, "sys/i", "-7\n");
	put_file(lab, "sys/list", "0-1,4\n");
	put_file(lab, "sys/mask", "3\n");
	put_file(lab, "sys/long", "0123456789");
	assert_int_equal(fs_read_u64(&lab->fs, "sys/u", &u), 0);
	assert_int_equal(u, 42);
	assert_int_equal(fs_read_u64(&lab->fs, "sys/i", &u), -EINVAL);
	assert_int_equal(fs_read_i64(&lab->fs, "sys/i", &i), 0);
	assert_int_equal(i, -7);
	assert_int_equal(fs_read_cpulist(&lab->fs, "sys/list", &set), 0);
	assert_int_equal(cpuset_last(&set), 4);
	assert_int_equal(fs_read_cpumask(&lab->fs, "sys/mask", &set), 0);
	assert_int_equal(cpuset_count(&set), 2);
	assert_int_equal(fs_readf(&lab->fs, buf, sizeof(buf), "sys/%s", "u"), 2);
	assert_string_equal(buf, "42");
	assert_int_equal(fs_read(&lab->fs, "sys/long", buf, sizeof(buf)), 7);
	assert_string_equal(buf, "0123456");
	assert_int_equal(fs_read(&lab->fs, "sys/none", buf, sizeof(buf)), -ENOENT);
	assert_true(fs_exists(&lab->fs, "sys/u") && fs_existsf(&lab->fs, "sys/%c", 'i') && !fs_exists(&lab->fs, "x"));
}

static void reads_whole_files_within_bounds(void **state)
{
	struct lab *lab = *state;
	AUTO_FREE char *big = xalloc(10001, 1), *text = NULL, *path = xprintf("%s/big", lab->dir);
	struct err err = { 0 };
	size_t len;

	memset(big, 'a', 10000);
	put_file(lab, "big", big);
	assert_int_equal(fs_read_all(&lab->fs, "big", 10000, &text, &len), 0);
	assert_int_equal(len, 10000);
	assert_string_equal(text, big);
	free(TAKE(text));
	assert_int_equal(fs_read_all(&lab->fs, "big", 9999, &text, &len), -EFBIG);
	assert_null(text);
	assert_int_equal(file_read_all(path, 100, &text, NULL, &err), -EFBIG);
	assert_non_null(strstr(err.text, path));
}

static void links_stay_inside(void **state)
{
	struct lab *lab = *state;
	char buf[64];

	put_file(lab, "sys/u", "inside\n");
	put_link(lab, "abs", "/sys/u");
	put_link(lab, "up", "../../../../../../sys/u");
	put_link(lab, "out", "/etc/passwd");
	put_link(lab, "updir", "../..");
	assert_true(fs_read(&lab->fs, "abs", buf, sizeof(buf)) > 0);
	assert_string_equal(buf, "inside");
	assert_true(fs_read(&lab->fs, "up", buf, sizeof(buf)) > 0);
	assert_string_equal(buf, "inside");
	assert_int_equal(fs_read(&lab->fs, "out", buf, sizeof(buf)), -ENOENT);
	assert_int_equal(fs_read(&lab->fs, "updir/etc/passwd", buf, sizeof(buf)), -ENOENT);
	assert_int_equal(fs_readlink(&lab->fs, "out", buf, sizeof(buf)), 11);
	assert_string_equal(buf, "/etc/passwd");
	assert_int_equal(fs_readlink(&lab->fs, "out", buf, 5), -ENAMETOOLONG);
	assert_int_equal(fs_readlink(&lab->fs, "sys/u", buf, sizeof(buf)), -EINVAL);
	assert_int_equal(fs_readlink(&lab->fs, "none", buf, sizeof(buf)), -ENOENT);
}

static void writes_only_what_exists(void **state)
{
	struct lab *lab = *state;
	char buf[64];

	put_file(lab, "sys/knob", "a longer old value\n");
	assert_int_equal(fs_write(&lab->fs, "sys/knob", "new"), 0);
	assert_int_equal(fs_read(&lab->fs, "sys/knob", buf, sizeof(buf)), 3);
	assert_string_equal(buf, "new");
	assert_int_equal(fs_write(&lab->fs, "sys/none", "x"), -ENOENT);
}

static void lists_in_the_order_of_numbers(void **state)
{
	struct lab *lab = *state;
	struct fs_names names;

	put_file(lab, "sys/cpu/cpu10", "");
	put_file(lab, "sys/cpu/cpu2", "");
	put_file(lab, "sys/cpu/all", "");
	assert_int_equal(fs_list(&lab->fs, "sys/cpu", &names), 0);
	assert_int_equal(names.n, 3);
	assert_string_equal(names.at[0], "all");
	assert_string_equal(names.at[1], "cpu2");
	assert_string_equal(names.at[2], "cpu10");
	fs_list_free(&names);
	assert_int_equal(fs_list(&lab->fs, "sys/none", &names), -ENOENT);
	assert_int_equal(fs_list(&lab->fs, "sys/cpu/all", &names), -ENOTDIR);
}

static void atomic_files_appear_whole(void **state)
{
	struct lab *lab = *state;
	AUTO_FREE char *path = xprintf("%s/out.json", lab->dir), *none = xprintf("%s/no/out.json", lab->dir);
	AUTO_FREE char *text = NULL, *over = xprintf("%s/sys", lab->dir);
	struct err err = { 0 };
	struct fs_names names;
	struct stat st;

	assert_int_equal(file_write_atomic(path, "one", 3, 0640, &err), 0);
	assert_int_equal(file_write_atomic(path, "two!", 4, 0640, &err), 0);
	assert_int_equal(file_read_all(path, 100, &text, NULL, &err), 0);
	assert_string_equal(text, "two!");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(file_write_atomic(none, "x", 1, 0644, &err), -ENOENT);
	assert_non_null(strstr(err.text, none));
	assert_int_equal(file_write_atomic(over, "x", 1, 0644, &err), -EISDIR);
	/* Nothing half-written stays behind, not even after a failure. */
	assert_int_equal(fs_list(&lab->fs, ".", &names), 0);
	assert_int_equal(names.n, 2);
	fs_list_free(&names);
}

static void folders_are_made_and_removed(void **state)
{
	struct lab *lab = *state;
	AUTO_FREE char *deep = xprintf("%s/a/b/c", lab->dir), *a = xprintf("%s/a", lab->dir),
		       *file = xprintf("%s/a/f/g", lab->dir);
	struct err err = { 0 };

	assert_int_equal(dir_make_all(deep, 0700, &err), 0);
	assert_int_equal(dir_make_all(deep, 0700, &err), 0);
	put_file(lab, "a/f", "x");
	assert_int_equal(dir_make_all(file, 0700, &err), -ENOTDIR);
	put_file(lab, "precious", "x");
	put_link(lab, "a/b/away", lab->dir); /* a link is removed, not what it points to */
	put_link(lab, "via", a);
	assert_int_equal(dir_remove_all(a), 0);
	assert_false(fs_exists(&lab->fs, "a"));
	assert_true(fs_exists(&lab->fs, "precious"));
	assert_int_equal(dir_remove_all(a), 0);
	assert_int_equal(dir_remove_all("/"), -EINVAL);
	assert_int_equal(dir_remove_all("relative"), -EINVAL);
}

/* The folder stands for the running machine here. */
static void what_is_kept_is_read_once(void **state)
{
	struct lab *lab = *state;
	AUTO_FREE char *large = xalloc(70001, 1), *all = NULL;
	struct fs_names names;
	char buf[16];
	size_t len;

	memset(large, 'x', 70000);
	put_file(lab, "sys/one", "1\n");
	put_file(lab, "sys/large", large);
	fs_keep(&lab->fs); /* of a copy: nothing */
	assert_null(lab->fs.kept);
	lab->fs.live = true;
	fs_keep(&lab->fs);
	assert_int_equal(fs_read(&lab->fs, "sys/one", buf, sizeof(buf)), 1);
	assert_int_equal(fs_read(&lab->fs, "sys/two", buf, sizeof(buf)), -ENOENT);
	assert_int_equal(fs_read(&lab->fs, "sys/cpu", buf, sizeof(buf)), -EISDIR);
	assert_int_equal(fs_list(&lab->fs, "sys", &names), 0);
	assert_int_equal(names.n, 3);
	fs_list_free(&names);
	put_file(lab, "sys/one", "changed");
	put_file(lab, "sys/two", "2");
	assert_int_equal(fs_read(&lab->fs, "sys/one", buf, sizeof(buf)), 1);
	assert_string_equal(buf, "1");
	assert_int_equal(fs_read(&lab->fs, "sys/one", buf, 2), 1);
	assert_int_equal(fs_read_all(&lab->fs, "sys/one", 100, &all, &len), 0);
	assert_string_equal(all, "1\n");
	assert_int_equal(fs_read_all(&lab->fs, "sys/one", 1, &all, &len), -EFBIG);
	assert_int_equal(fs_open(&lab->fs, "sys/two", O_RDONLY), -ENOENT);
	assert_false(fs_exists(&lab->fs, "sys/two"));
	assert_true(fs_exists(&lab->fs, "sys/cpu"));
	assert_int_equal(fs_list(&lab->fs, "sys", &names), 0);
	assert_int_equal(names.n, 3);
	fs_list_free(&names);
	lab->fs.live = false;
}

/* What is longer than what is kept of a file comes whole all the same. */
static void long_files_are_read_past_what_is_kept(void **state)
{
	struct lab *lab = *state;
	AUTO_FREE char *large = xalloc(70001, 1), *all = NULL, *buf = xalloc(80000, 1);
	size_t len;

	memset(large, 'x', 70000);
	put_file(lab, "sys/large", large);
	lab->fs.live = true;
	fs_keep(&lab->fs);
	assert_int_equal(fs_read(&lab->fs, "sys/large", buf, 100), 99);
	assert_int_equal(fs_read(&lab->fs, "sys/large", buf, 80000), 70000);
	assert_int_equal(fs_read_all(&lab->fs, "sys/large", 80000, &all, &len), 0);
	assert_int_equal(len, 70000);
	for (int i = 0; i < 3000; i++) /* more names than the table has at first */
		assert_int_equal(fs_readf(&lab->fs, buf, 10, "sys/no%d", i), -ENOENT);
	assert_int_equal(fs_read(&lab->fs, "sys/large", buf, 100), 99);
	lab->fs.live = false;
}

static void a_bad_root_is_a_sentence(void **state)
{
	struct err err = { 0 };
	struct fs fs;

	(void) state;
	assert_int_equal(fs_open_root(&fs, "/no/such/folder", &err), -ENOENT);
	assert_non_null(strstr(err.text, "/no/such/folder"));
	assert_int_equal(fs_open_root(&fs, "/etc/passwd", &err), -ENOTDIR);
	assert_int_equal(fs_open_root(&fs, "/", &err), 0);
	assert_true(fs.live);
	fs_close(&fs);
}

#define with_lab(test) cmocka_unit_test_setup_teardown(test, lab_make, lab_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_lab(reads_typed),
		with_lab(reads_whole_files_within_bounds),
		with_lab(links_stay_inside),
		with_lab(writes_only_what_exists),
		with_lab(lists_in_the_order_of_numbers),
		with_lab(atomic_files_appear_whole),
		with_lab(folders_are_made_and_removed),
		with_lab(what_is_kept_is_read_once),
		with_lab(long_files_are_read_past_what_is_kept),
		cmocka_unit_test(a_bad_root_is_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
