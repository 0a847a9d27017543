/* SPDX-License-Identifier: Apache-2.0 */
/* A study made, kept in a folder and made again; its folder; how long it takes. Starts nothing. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/jsonx.h"
#include "base/text.h"
#include "record/record.h"
#include "study/progress.h"
#include "study/run_parts.h"

static const char yaml[] = "name: small\ntitle: A small one\nblocks: 2\nduration: 2s\nwarmup: 500ms\n"
			   "suts: [native, container, vm]\n"
			   "tunings:\n  - name: stock\n  - name: vlat\n"
			   "interference:\n  - name: busy\n"
			   "workloads:\n  - name: tcp-rr\n    aa: true\n  - name: wakeup\n"
			   "quick:\n  blocks: 1\n";

/* 2 blocks x (3 SUTs x 2 tunings x 2 workloads + 3 A/A cells). */
#define CELLS 30

static char home[] = "/tmp/vlat-run-XXXXXX";

static int make_home(void **state)
{
	(void) state;
	return mkdtemp(home) ? 0 : -1;
}

static int remove_home(void **state)
{
	(void) state;
	return dir_remove_all(home);
}

static struct study_run *new_run(uint64_t seed, bool quick)
{
	const struct run_wish wish = { .seed = seed, .quick = quick };
	struct study_run *r = NULL;
	struct err err = { 0 };

	if (study_run_new(&r, &wish, yaml, strlen(yaml), "small.yaml", &err) < 0)
		fail_msg("%s", err.text);
	return r;
}

static void test_seed_is_the_order(void **state)
{
	struct study_run *a = new_run(7, false), *b = new_run(7, false), *c = new_run(8, false), *d = new_run(0, false);
	json_t *orders[] = { study_run_order(a), study_run_order(b), study_run_order(c) };

	(void) state;
	assert_int_equal(json_array_size(orders[0]), CELLS);
	assert_true(json_equal(orders[0], orders[1]));
	assert_false(json_equal(orders[0], orders[2]));
	assert_true(study_run_seed(d) > 0); /* chosen, so that it can be told */
	for (size_t i = 0; i < 3; i++)
		json_decref(orders[i]);
	study_run_free(a);
	study_run_free(b);
	study_run_free(c);
	study_run_free(d);
}

static void test_quick(void **state)
{
	struct study_run *r = new_run(7, true);

	(void) state;
	assert_int_equal(r->order.n, CELLS / 2);
	assert_true(study_run_spec(r)->quick);
	study_run_free(r);
}

/* study.json as a new study leaves it behind, with the VM unavailable. */
static json_t *write_study(struct study_run *r, const char *dir)
{
	struct tuning_host host = { 0 };
	struct err err = { 0 };
	json_t *study = NULL;

	if (tuning_host_read(&host, &err) < 0)
		fail_msg("%s", err.text);
	host.split.possible = true; /* the plan of a machine with too few CPUs is none of this test's business */
	missing_add(&r->missing, &(struct sut_system){ .kind = SUT_VM }, PART_SUT, "no QEMU here");
	assert_int_equal(study_run_arrange(r, &err), 0);
	assert_int_equal(study_run_json(r, &host, &study, &err), 0);
	assert_int_equal(record_study_write(dir, study, &err), 0);
	tuning_host_free(&host);
	return study;
}

static void test_resume_is_the_same_study(void **state)
{
	const struct run_wish nothing = { 0 };
	struct study_run *r = new_run(7, true), *again = NULL;
	char dir[64];
	struct err err = { 0 };
	json_t *study, *order;

	(void) state;
	(void) text_print(dir, sizeof(dir), "%s/same", home);
	assert_int_equal(study_run_folder(r, dir, &err), 0);
	study = write_study(r, dir);
	assert_string_equal(json_string_value(json_object_get(json_array_get(json_object_get(study, "unavailable"), 0), "sut")),
			    "vm");
	if (study_run_resume(&again, &nothing, dir, &err) < 0)
		fail_msg("%s", err.text);
	order = study_run_order(again);
	assert_true(json_equal(order, json_object_get(study, "cells")));
	assert_int_equal(study_run_seed(again), 7);
	assert_true(study_run_spec(again)->quick);
	assert_int_equal(study_run_spec(again)->n_systems, 2); /* also on a machine that has QEMU by now */
	json_decref(order);
	json_decref(study);
	study_run_free(again);
	study_run_free(r);
}

static const char ways[] = "name: ways\nblocks: 2\nsuts: [native, vm]\ndatapaths: [bridge, host, macvtap]\n"
			   "guest-kernels: [standard, rt]\ndevice: eth7\n"
			   "tunings:\n  - name: stock\ninterference:\n  - name: idle\nworkloads:\n  - name: tcp-rr\n    aa: true\n";

/* One datapath and one kernel of the VM are not there: what has them is left out, by level, also when it is resumed. */
static void test_levels_that_are_missing(void **state)
{
	const struct run_wish wish = { .seed = 3 }, nothing = { 0 };
	const struct sut_system macvtap = { .kind = SUT_VM, .datapath = "macvtap" }, rt = { .kind = SUT_VM, .kernel = GUEST_RT };
	const struct sut_system native = { .kind = SUT_NATIVE, .datapath = "host" }, vm = { .kind = SUT_VM };
	struct study_run *r = NULL, *again = NULL;
	struct tuning_host host = { 0 };
	struct err err = { 0 };
	json_t *study = NULL, *one;
	char dir[64], text[64];

	(void) state;
	assert_int_equal(study_run_new(&r, &wish, ways, strlen(ways), "ways.yaml", &err), 0);
	assert_int_equal(r->order.n, 2 * (2 + 4 + 2)); /* native 2, VM 2 x 2, a pair for each */
	missing_add(&r->missing, &macvtap, PART_DATAPATH, "no macvtap here");
	missing_add(&r->missing, &rt, PART_KERNEL, "no such package");
	assert_true(missing_holds(&r->missing, &macvtap) && missing_holds(&r->missing, &rt));
	assert_false(missing_holds(&r->missing, &vm) || missing_holds(&r->missing, &native));
	assert_string_equal(missing_text(&r->missing.at[0], text, sizeof(text)), "vm over macvtap");
	assert_string_equal(missing_text(&r->missing.at[1], text, sizeof(text)), "vm with guest kernel rt");
	assert_int_equal(study_run_arrange(r, &err), 0);
	assert_int_equal(r->order.n, 2 * (2 + 1 + 2));
	(void) text_print(dir, sizeof(dir), "%s/ways", home);
	assert_int_equal(study_run_folder(r, dir, &err), 0);
	assert_int_equal(tuning_host_read(&host, &err), 0);
	assert_int_equal(study_run_json(r, &host, &study, &err), 0);
	tuning_host_free(&host);
	one = json_array_get(json_object_get(study, "unavailable"), 1);
	assert_string_equal(json_string_value(json_object_get(one, "guest_kernel")), "rt");
	assert_null(json_object_get(one, "datapath"));
	assert_string_equal(json_string_value(json_object_get(study, "device")), "eth7");
	assert_int_equal(record_study_write(dir, study, &err), 0);
	if (study_run_resume(&again, &nothing, dir, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(again->order.n, r->order.n);
	assert_string_equal(again->wish.sut.device, "eth7");
	json_decref(study);
	study_run_free(again);
	study_run_free(r);
}

/* A folder of format 1 knows nothing of kernels and pages: it can be gone on with. */
static void test_resume_of_an_older_folder(void **state)
{
	const struct run_wish nothing = { 0 };
	struct study_run *r = new_run(7, true), *again = NULL;
	struct err err = { 0 };
	json_t *study, *cell;
	char dir[64];
	size_t i;

	(void) state;
	(void) text_print(dir, sizeof(dir), "%s/older", home);
	assert_int_equal(study_run_folder(r, dir, &err), 0);
	study = write_study(r, dir);
	json_object_set_new(study, "format", json_integer(1));
	json_array_foreach (json_object_get(study, "cells"), i, cell) {
		json_object_del(cell, "guest_kernel");
		json_object_del(cell, "pages");
	}
	assert_int_equal(record_study_write(dir, study, &err), 0);
	if (study_run_resume(&again, &nothing, dir, &err) < 0)
		fail_msg("%s", err.text);
	json_decref(study);
	study_run_free(again);
	study_run_free(r);
}

static void damage(const char *dir, const char *member, json_t *value)
{
	struct err err = { 0 };
	json_t *study = NULL;

	assert_int_equal(record_study_read(dir, &study, &err), 0);
	if (value)
		json_object_set_new(study, member, value);
	else
		json_object_del(study, member);
	assert_int_equal(record_study_write(dir, study, &err), 0);
	json_decref(study);
}

static int try_resume(const char *dir, struct err *err)
{
	const struct run_wish nothing = { 0 };
	struct study_run *r = NULL;
	int rc = study_run_resume(&r, &nothing, dir, err);

	study_run_free(r);
	return rc;
}

static void test_resume_refuses_what_does_not_fit(void **state)
{
	struct study_run *r = new_run(7, false);
	char dir[64];
	struct err err = { 0 };

	(void) state;
	(void) text_print(dir, sizeof(dir), "%s/refused", home);
	assert_int_equal(study_run_folder(r, dir, &err), 0);
	json_decref(write_study(r, dir));
	assert_int_equal(try_resume(dir, &err), 0);
	damage(dir, "seed", json_integer(9)); /* another order than its cells are in */
	assert_int_equal(try_resume(dir, &err), -EINVAL);
	assert_non_null(strstr(err.text, "another order"));
	damage(dir, "seed", json_string("seven"));
	assert_int_equal(try_resume(dir, &err), -EINVAL);
	assert_non_null(strstr(err.text, "seed"));
	damage(dir, "source", NULL);
	assert_int_equal(try_resume(dir, &err), -ENOENT);
	assert_non_null(strstr(err.text, "source"));
	damage(dir, "format", json_integer(99));
	assert_true(try_resume(dir, &err) < 0);
	assert_non_null(strstr(err.text, "99"));
	study_run_free(r);
}

static void test_folder(void **state)
{
	struct study_run *r = new_run(7, false);
	char dir[96], file[128];
	struct err err = { 0 };

	(void) state;
	(void) text_print(dir, sizeof(dir), "%s/deep/er", home);
	assert_int_equal(study_run_folder(r, dir, &err), 0);
	assert_string_equal(study_run_dir(r), dir);
	assert_int_equal(study_run_folder(r, dir, &err), 0); /* there, but empty */
	(void) text_print(file, sizeof(file), "%s/notes", dir);
	close(open(file, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(study_run_folder(r, dir, &err), -ENOTEMPTY);
	(void) text_print(file, sizeof(file), "%s/study.json", dir);
	close(open(file, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(study_run_folder(r, dir, &err), -EEXIST);
	assert_non_null(strstr(err.text, "--resume"));
	assert_int_equal(study_run_folder(r, file, &err), -ENOTDIR);
	assert_true(study_run_folder(r, "/proc/self/no-such", &err) < 0);
	study_run_free(r);
}

static void test_progress(void **state)
{
	struct study_run *r = new_run(7, false);
	struct progress p;
	double all, half;

	(void) state;
	progress_make(&p, r->spec, &r->order);
	all = progress_left_s(&p);
	/* Between what is measured alone and half a minute a cell. */
	assert_true(all > CELLS * 2.5 && all < CELLS * 30);
	/* An earlier process did the first half: that much less is left, but it says nothing about speed. */
	for (size_t i = 0; i < CELLS / 2; i++)
		progress_found(&p, i);
	progress_found(&p, 0);
	assert_int_equal(p.n_done, CELLS / 2);
	half = progress_left_s(&p);
	assert_true(half < all);
	/* Twice as slow as expected: so will the rest be, once enough has been seen. */
	for (size_t i = CELLS / 2; i < CELLS - 1; i++)
		progress_ran(&p, i, 2 * p.cost_s[i]);
	assert_true(progress_left_s(&p) > 1.99 * p.cost_s[CELLS - 1] && progress_left_s(&p) < 2.01 * p.cost_s[CELLS - 1]);
	progress_ran(&p, CELLS - 1, 1);
	assert_true(progress_left_s(&p) == 0);
	progress_free(&p);
	study_run_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seed_is_the_order),
		cmocka_unit_test(test_quick),
		cmocka_unit_test(test_resume_is_the_same_study),
		cmocka_unit_test(test_levels_that_are_missing),
		cmocka_unit_test(test_resume_of_an_older_folder),
		cmocka_unit_test(test_resume_refuses_what_does_not_fit),
		cmocka_unit_test(test_folder),
		cmocka_unit_test(test_progress),
	};

	return cmocka_run_group_tests(tests, make_home, remove_home);
}
