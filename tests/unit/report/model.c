/* SPDX-License-Identifier: Apache-2.0 */
/* From a results folder to the model: what is read, what is refused and in which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "fixture.h"
#include "report/gather.h"
#include "report/report.h"

static char folder[] = "/tmp/vlat-model-XXXXXX";

/* A fresh copy of a fixture, to be spoilt. */
static const char *fresh(const char *name)
{
	assert_int_equal(dir_remove_all(folder), 0);
	assert_int_equal(fixture_write(fixture_find(name), folder), 0);
	return folder;
}

static struct report *load(const char *dir)
{
	struct report *r = NULL;
	struct err e = { 0 };

	if (report_load(&r, dir, &e) < 0)
		fail_msg("%s", e.text);
	return r;
}

static void test_the_fixture_is_found_again(void **state)
{
	struct report *r = load(fresh("welch"));
	const struct platform *vm = report_platform(r, "vm");

	(void) state;
	assert_int_equal(r->analysis->n_runs, 190);
	assert_int_equal(r->analysis->n_failed, 190 / 61);
	assert_int_equal(r->analysis->n_disturbed, 190 / 23);
	assert_int_equal(r->analysis->n_groups, 9);
	assert_int_equal(r->n_answers, 3);
	assert_true(vm->translated);
	assert_string_equal(vm->accelerator.text, "tcg");
	assert_string_equal(report_qualifier(r, "vm"), "QEMU TCG, binary translation");
	assert_string_equal(report_qualifier(r, "native"), "");
	assert_true(fabs(vm->steal_median - 0.5) < 1e-9 && fabs(vm->steal_max - 5.5) < 1e-9);
	/* the truth of fixture_times(): body and tail shrink, by far more than their noise */
	for (size_t i = 0; i < r->n_answers; i++)
		assert_int_equal(r->answers[i].headline->cmp.verdict, VERDICT_BETTER);
	report_free(r);
}

static void test_plans_are_merged(void **state)
{
	struct report *r = load(fresh("welch"));
	const struct level *stock = &r->levels.at[0], *vlat = &r->levels.at[1];

	(void) state;
	assert_int_equal(r->levels.n, 2);
	assert_string_equal(stock->name, "stock");
	assert_int_equal(stock->steps.n, 0);
	assert_int_equal(vlat->steps.n, 7);
	assert_true(vlat->n_plans > 80);
	for (size_t i = 0; i < vlat->steps.n; i++)
		assert_int_equal(vlat->steps.at[i].seen, vlat->n_plans);
	assert_string_equal(vlat->steps.at[5].reason, "Permission denied");
	report_free(r);
}

/* No run at a level succeeded: its plan is the one that was meant. */
static void test_a_plan_never_applied(void **state)
{
	struct report *r = load(fresh("failed"));

	(void) state;
	assert_int_equal(r->levels.at[1].n_plans, 0);
	assert_int_equal(r->levels.at[1].steps.n, 7);
	assert_int_equal(r->analysis->n_failed, 12);
	assert_int_equal(r->platforms.at[0].n, 0);
	assert_true(isnan(r->platforms.at[0].steal_max));
	report_free(r);
}

static json_t *step(const char *target, const char *before)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "knob", "task.affinity", "target", target, "before", before, "after", "0",
			 "state", "done");
}

static void test_alike_steps_are_one(void **state)
{
	struct level level = { .name = "vlat" };
	json_t *first = json_pack("[o, o, o, o]", step("161 tasks", "0-1"), step("2 tasks", "0-1"),
				  step("task 45 (kswapd0)", "0-1"), step("cpu1", "0-1"));
	json_t *second = json_pack("[o, o, i]", step("163 tasks", "0-1"), step("task 45 (kswapd0)", "1"), 7);

	(void) state;
	gather_plan(&level, first, "native");
	gather_plan(&level, second, "vm");
	gather_plan(&level, json_object_get(first, "nothing"), "vm");
	assert_int_equal(level.n_plans, 2);
	assert_int_equal(level.steps.n, 4);
	assert_string_equal(level.steps.at[0].target, "161 tasks");
	assert_int_equal(level.steps.at[0].seen, 2);
	assert_string_equal(level.steps.at[0].suts.text, "native, vm");
	assert_int_equal(level.steps.at[1].seen, 1);
	vec_free(&level.steps);
	json_decref(first);
	json_decref(second);
}

static void test_words_are_remembered_once(void **state)
{
	struct words_seen w = { "" };

	(void) state;
	words_add(&w, "tcg");
	words_add(&w, "");
	words_add(&w, "tc");
	words_add(&w, "tcg");
	assert_string_equal(w.text, "tcg, tc");
	for (int i = 0; i < 500; i++) {
		char word[16];

		snprintf(word, sizeof(word), "word%d", i);
		words_add(&w, word);
	}
	assert_non_null(strstr(w.text, ", ..."));
	assert_true(strlen(w.text) < sizeof(w.text));
	w.text[0] = '\0';
	words_add(&w, "a word so long that there is no room for it anywhere in a list that was made for short ones, of which "
		      "there are usually "
		      "one or two, and whose author did not think of sentences at all, let alone of two hundred letters");
	assert_true(strlen(w.text) > 20 && strlen(w.text) < 100);
}

/* One word of a file replaced by another. */
static void spoil(const char *file, const char *from, const char *to)
{
	AUTO_FREE char *path = xprintf("%s/%s", folder, file), *spoilt = NULL;
	char *text, *at;
	struct err e;
	size_t len;

	assert_int_equal(file_read_all(path, 1 << 22, &text, &len, &e), 0);
	at = strstr(text, from);
	assert_non_null(at);
	*at = '\0';
	spoilt = xprintf("%s%s%s", text, to, at + strlen(from));
	assert_int_equal(file_write_atomic(path, spoilt, strlen(spoilt), 0644, &e), 0);
	free(text);
}

static void refused(const char *what, const char *also)
{
	struct report *r = NULL;
	struct err e = { 0 };

	assert_true(report_load(&r, folder, &e) < 0);
	assert_null(r);
	if (!strstr(e.text, what) || !strstr(e.text, also))
		fail_msg("\"%s\" lacks \"%s\" or \"%s\"", e.text, what, also);
}

static void test_bad_folders(void **state)
{
	static const struct {
		const char *file, *from, *to, *says, *also;
	} cases[] = {
		{ "study.json", "\"format\": 1", "\"format\": 3", "study.json", "format" },
		{ "study.json", "\"blocks\": 6", "\"blocks\": 0", "study.json", "blocks" },
		{ "study.json", "\"blocks\": 6", "\"blocks\": 4000000000", "study.json", "blocks" },
		{ "study.json", "\"blocks\": 6", "\"blocks\": \"six\"", "study.json", "blocks" },
		{ "study.json", "\"factors\"", "\"fac\"", "study.json", "factors" },
		{ "study.json", "\"seed\": 7", "\"seed\": -7", "study.json", "seed" },
		{ "study.json", "\"title\": ", "\"title\": 3, \"t\": ", "study.json", "title" },
		{ "study.json", "\"id\": 1,", "\"id\": 0,", "cells[", "out of range" },
		{ "study.json", "\"id\": 12,", "\"id\": 112,", "study.json", "in its order" },
		{ "study.json", "\"cells\"", "\"cell\"", "study.json", "cells" },
		{ "cells/0003.json", "\"workload\": \"tcp-rr\"", "\"workload\": \"udp-rr\"", "cell 3", "mixes two studies" },
		{ "cells/0003.json", "\"block\": 2", "\"block\": 3", "cell 3", "mixes two studies" },
		{ "cells/0003.json", "\"format\": 1", "\"format\": 9", "0003.json", "format" },
		{ "cells/0003.json", "{", "", "0003.json", "" },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fresh("failed");
		spoil(cases[i].file, cases[i].from, cases[i].to);
		refused(cases[i].says, cases[i].also);
	}
	assert_int_equal(dir_remove_all(folder), 0);
	refused(folder, "");
}

/* A histogram that contradicts itself is no measurement. */
static void test_bad_histogram(void **state)
{
	AUTO_FREE char *file = NULL;
	unsigned id = 1;
	char *text;
	size_t len;
	struct err e;

	(void) state;
	fresh("quick");
	for (;; id++) { /* the first cell with times */
		AUTO_FREE char *path = xprintf("%s/cells/%04u.json", folder, id);

		assert_int_equal(file_read_all(path, 1 << 22, &text, &len, &e), 0);
		if (strstr(text, "\"buckets\"")) {
			free(text);
			break;
		}
		free(text);
	}
	file = xprintf("cells/%04u.json", id);
	spoil(file, "\"count\": 4000,\n    \"min_ns\"", "\"count\": 4001,\n    \"min_ns\"");
	refused("cell", "");
}

static int make(void **state)
{
	(void) state;
	return mkdtemp(folder) ? 0 : -1;
}

static int clean(void **state)
{
	(void) state;
	return access(folder, F_OK) == 0 ? dir_remove_all(folder) : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_fixture_is_found_again),
		cmocka_unit_test(test_plans_are_merged),
		cmocka_unit_test(test_a_plan_never_applied),
		cmocka_unit_test(test_alike_steps_are_one),
		cmocka_unit_test(test_words_are_remembered_once),
		cmocka_unit_test(test_bad_folders),
		cmocka_unit_test(test_bad_histogram),
	};

	return cmocka_run_group_tests(tests, make, clean);
}
