/* SPDX-License-Identifier: Apache-2.0 */
/* Layouts from mountinfo texts of real machines, and groups in a folder that plays the hierarchy. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/text.h"
#include "container/cgroup.h"

static const char hybrid[] =
	"31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
	"32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime shared:9 master:2 - cgroup cgroup rw,cpu,cpuacct\n"
	"34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset\n"
	"40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,release_agent=/lib/agent,name=systemd\n"
	"41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

static void test_layouts(void **state)
{
	static const char v2[] = "24 19 0:21 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n";
	static const char v1[] = "32 31 0:29 / /cg/cpu rw - cgroup cgroup rw,cpu\n";
	struct cgroups c;

	(void) state;
	cgroups_parse(hybrid, &c);
	assert_int_equal(c.layout, CGROUP_HYBRID);
	assert_int_equal(c.n, 4);
	assert_string_equal(cgroups_find(&c, "cpu")->path, "/sys/fs/cgroup/cpu");
	assert_string_equal(cgroups_find(&c, "cpuacct")->path, "/sys/fs/cgroup/cpu");
	assert_string_equal(cgroups_find(&c, "cpuset")->path, "/sys/fs/cgroup/cpuset");
	assert_string_equal(cgroups_find(&c, "name=systemd")->controllers, "name=systemd");
	assert_null(cgroups_find(&c, "memory"));
	assert_null(cgroups_find(&c, "cpus"));
	cgroups_parse(v2, &c);
	assert_int_equal(c.layout, CGROUP_V2);
	assert_true(c.mount[0].v2);
	cgroups_parse(v1, &c);
	assert_int_equal(c.layout, CGROUP_V1);
	cgroups_parse("", &c);
	assert_int_equal(c.layout, CGROUP_NONE);
	assert_int_equal(c.n, 0);
}

/* Torn, foreign and oversized lines are passed over. */
static void test_bad_lines(void **state)
{
	static const char *const bad[] = {
		"32 31 0:29 / /cg/cpu rw cgroup cgroup rw,cpu\n",       /* no dash */
		"32 31 0:29 / /cg/cpu rw - cgroup cgroup\n",            /* no options */
		"32 31 0:29 / /cg/x rw - cgroup cgroup rw,unheard-of\n",
		"32 31 0:29 / /run rw - tmpfs cgroup rw,cpu\n",
		"32\n", "\n\n\n", "- - - - - - - - -\n",
	};
	struct cgroups c;
	char *wide;

	(void) state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cgroups_parse(bad[i], &c);
		assert_int_equal(c.n, 0);
	}
	wide = calloc(1, 100000);
	memset(wide, 'a', 99000);
	memcpy(wide, "32 31 0:29 / /", 14);
	cgroups_parse(wide, &c);
	assert_int_equal(c.n, 0);
	wide[0] = '\0';
	for (int i = 0; i < 100; i++)
		strcat(wide, "1 1 0:1 / /cg/cpu rw - cgroup cgroup rw,cpu\n");
	cgroups_parse(wide, &c);
	assert_int_equal(c.n, CGROUP_MOUNTS_MAX);
	free(wide);
}

/* A folder with the files of a v1 cpu and cpuset hierarchy. */
struct toy {
	char dir[64];
	struct cgroups c;
};

static void put(const struct toy *t, const char *name, const char *text)
{
	char path[256];
	struct err e;

	assert_false(text_print(path, sizeof(path), "%s/%s", t->dir, name));
	assert_int_equal(file_write_atomic(path, text, strlen(text), 0644, &e), 0);
}

static void assert_file(const struct toy *t, const char *name, const char *want)
{
	char path[256], *text;
	size_t len;
	struct err e;

	assert_false(text_print(path, sizeof(path), "%s/%s", t->dir, name));
	assert_int_equal(file_read_all(path, 4096, &text, &len, &e), 0);
	assert_string_equal(text, want);
	free(text);
}

static void make(const struct toy *t, const char *name)
{
	char path[256];

	assert_false(text_print(path, sizeof(path), "%s/%s", t->dir, name));
	assert_int_equal(mkdir(path, 0755), 0);
}

static int toy_setup(void **state)
{
	struct toy *t = calloc(1, sizeof(*t));

	*state = t;
	strcpy(t->dir, "/tmp/vlat-cgroup-XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	make(t, "cpu");
	put(t, "cpu/cpu.rt_runtime_us", "950000\n");
	put(t, "cpu/cpu.rt_period_us", "1000000\n");
	t->c = (struct cgroups) { .layout = CGROUP_V1, .n = 1, .rt_budgets = true };
	assert_false(text_print(t->c.mount[0].path, sizeof(t->c.mount[0].path), "%s/cpu", t->dir));
	strcpy(t->c.mount[0].controllers, "cpu");
	return 0;
}

static int toy_teardown(void **state)
{
	struct toy *t = *state;

	assert_int_equal(dir_remove_all(t->dir), 0);
	free(t);
	return 0;
}

static void group(const struct toy *t, const char *name, const char *runtime, const char *period)
{
	char file[128];

	make(t, name);
	assert_false(text_print(file, sizeof(file), "%s/cpu.rt_runtime_us", name));
	put(t, file, runtime);
	assert_false(text_print(file, sizeof(file), "%s/cpu.rt_period_us", name));
	put(t, file, period);
}

static void test_rt_all(void **state)
{
	struct toy *t = *state;
	struct rt_budget b;
	struct err e;

	group(t, "cpu/vlat-a", "0\n", "1000000\n");
	assert_int_equal(cgroups_rt_give(&t->c, "/vlat-a/new", &b, &e), 0);
	assert_int_equal(b.runtime_us, 950000);
	assert_int_equal(b.period_us, 1000000);
	assert_file(t, "cpu/vlat-a/cpu.rt_runtime_us", "950000");
	/* A second container in the same group: what the first holds is taken off. */
	group(t, "cpu/vlat-a/c0", "400000\n", "1000000\n");
	assert_int_equal(cgroups_rt_give(&t->c, "/vlat-a/new", &b, &e), 0);
	assert_int_equal(b.runtime_us, 549999);
	/* Given up leaf first; the group above keeps what another leaf needs. */
	group(t, "cpu/vlat-a/c1", "100000\n", "1000000\n");
	cgroups_rt_return(&t->c, "/vlat-a/c0");
	assert_file(t, "cpu/vlat-a/c0/cpu.rt_runtime_us", "0");
	assert_file(t, "cpu/vlat-a/cpu.rt_runtime_us", "950000");
	cgroups_rt_return(&t->c, "/vlat-a/c1");
	assert_file(t, "cpu/vlat-a/cpu.rt_runtime_us", "0");
}

/* Others' budgets count by ratio, whatever their period is. */
static void test_rt_rest(void **state)
{
	struct toy *t = *state;
	struct rt_budget b;
	struct err e;
	char why[256];

	group(t, "cpu/other", "50000\n", "100000\n");
	group(t, "cpu/vlat-b", "0\n", "1000000\n");
	assert_int_equal(cgroups_rt_give(&t->c, "/vlat-b/new", &b, &e), 0);
	assert_int_equal(b.runtime_us, 449999);
	group(t, "cpu/vlat-c", "0\n", "1000000\n");
	assert_int_equal(cgroups_rt_give(&t->c, "/vlat-c/new", &b, &e), 0);
	assert_int_equal(b.runtime_us, 0);
	cgroups_rt_explain(&t->c, &b, why, sizeof(why));
	assert_non_null(strstr(why, "sched_rt_runtime_us"));
	t->c.layout = CGROUP_V2;
	t->c.rt_budgets = false;
	cgroups_rt_explain(&t->c, &b, why, sizeof(why));
	assert_non_null(strstr(why, "rt_group_sched=0"));
}

/* -1 is no limit: the whole period.  No budgets on this machine: none, and no error. */
static void test_rt_unlimited(void **state)
{
	struct toy *t = *state;
	struct rt_budget b = { .runtime_us = 7 };
	struct err e;

	put(t, "cpu/cpu.rt_runtime_us", "-1\n");
	group(t, "cpu/vlat-d", "0\n", "1000000\n");
	assert_int_equal(cgroups_rt_give(&t->c, "/vlat-d/new", &b, &e), 0);
	assert_int_equal(b.runtime_us, 1000000);
	t->c.rt_budgets = false;
	assert_int_equal(cgroups_rt_give(&t->c, "/vlat-d/new", &b, &e), 0);
	assert_int_equal(b.runtime_us, 0);
	t->c.rt_budgets = true;
	e = (struct err) { 0 };
	assert_int_equal(cgroups_rt_give(&t->c, "/nowhere/x", &b, &e), -ENOENT);
	assert_non_null(strstr(e.text, "/nowhere"));
}

static void test_make(void **state)
{
	struct toy *t = *state;
	char path[256];
	struct err e;

	assert_int_equal(cgroups_make(&t->c, "/a/b/c", &e), 0);
	assert_int_equal(cgroups_make(&t->c, "/a/b/c", &e), 0);
	assert_false(text_print(path, sizeof(path), "%s/cpu/a/b", t->dir));
	assert_int_equal(access(path, F_OK), 0);
	strcat(path, "/c");
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(cgroups_make(&t->c, "/alone", &e), -EINVAL);
	put(t, "cpu/file", "");
	e = (struct err) { 0 };
	assert_int_equal(cgroups_make(&t->c, "/file/x/y", &e), -ENOTDIR);
	assert_non_null(strstr(e.text, "/cpu/file/x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layouts),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test_setup_teardown(test_rt_all, toy_setup, toy_teardown),
		cmocka_unit_test_setup_teardown(test_rt_rest, toy_setup, toy_teardown),
		cmocka_unit_test_setup_teardown(test_rt_unlimited, toy_setup, toy_teardown),
		cmocka_unit_test_setup_teardown(test_make, toy_setup, toy_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
