/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "report/versus.h"
#include "synthetic.h"

struct pair {
	run_list runs[2];
	struct analysis *a, *b;
	struct versus v;
};

static void compare(struct pair *p)
{
	p->a = synthetic_analyse(&p->runs[0], 10);
	p->b = synthetic_analyse(&p->runs[1], 10);
	versus_make(&p->v, p->a, p->b);
}

static void drop(struct pair *p)
{
	versus_free(&p->v);
	analysis_free(p->a);
	analysis_free(p->b);
	vec_free(&p->runs[0]);
	vec_free(&p->runs[1]);
}

/* `n` runs a few percent apart. */
static void add_arm(run_list *list, const char *sut, const char *tuning, unsigned n, double ns)
{
	for (unsigned b = 1; b <= n; b++)
		synthetic_run(list, sut, "tcp-rr", tuning, b, ns * (1 + 0.004 * ((b * 7) % 10)));
}

static const struct versus_row *row_of(const struct pair *p, const char *tuning, enum metric m)
{
	for (size_t i = 0; i < p->v.rows.n; i++)
		if (text_eq(p->v.rows.at[i].a->tuning, tuning) && p->v.rows.at[i].metric == m)
			return &p->v.rows.at[i];
	fail_msg("no row for %s", tuning);
	return NULL;
}

static void test_change_between_studies(void **state)
{
	struct pair p = { 0 };
	const struct versus_row *r;

	(void) state;
	add_arm(&p.runs[0], "native", "stock", 10, 1e6);
	add_arm(&p.runs[0], "native", "vlat", 10, 1e5);
	add_arm(&p.runs[1], "native", "stock", 8, 1.004e6);
	add_arm(&p.runs[1], "native", "vlat", 10, 2e5);
	compare(&p);
	assert_int_equal(p.v.rows.n, 2 * 4);    /* two tunings, four statistics of times that are compared */
	assert_int_equal(p.v.lone.n, 0);
	r = row_of(&p, "vlat", METRIC_STDDEV_NS);
	assert_int_equal(r->cmp.verdict, VERDICT_WORSE);
	assert_true(fabs(r->cmp.ratio.est - 2) < 0.05 && r->cmp.ratio.lo > 1.9 && r->cmp.ratio.hi < 2.1);
	r = row_of(&p, "stock", METRIC_P50_NS);
	assert_int_equal(r->cmp.n, 8);
	assert_int_equal(r->cmp.verdict, VERDICT_NO_DIFFERENCE);
	drop(&p);
}

/* What is in one study only is listed, and an arm that never gave a result counts as not being there. */
static void test_lone_arms_are_named(void **state)
{
	struct pair p = { 0 };

	(void) state;
	add_arm(&p.runs[0], "native", "stock", 5, 1e6);
	add_arm(&p.runs[0], "vm", "stock", 5, 1e6);
	add_arm(&p.runs[1], "native", "stock", 5, 1e6);
	add_arm(&p.runs[1], "native", "vlat", 5, 1e6);
	add_arm(&p.runs[1], "vm", "stock", 5, 1e6);
	for (size_t i = 10; i < p.runs[1].n; i++)
		p.runs[1].at[i].state = RUN_FAILED;
	compare(&p);
	assert_int_equal(p.v.rows.n, 4);
	assert_int_equal(p.v.lone.n, 2);
	assert_string_equal(p.v.lone.at[0].group->sut, "vm");
	assert_false(p.v.lone.at[0].in_b);
	assert_string_equal(p.v.lone.at[1].arm->tuning, "vlat");
	assert_true(p.v.lone.at[1].in_b);
	drop(&p);
}

/* Failed runs and runs without that number leave the rest; three against three never give a verdict. */
static void test_failed_runs_and_few_runs(void **state)
{
	struct pair p = { 0 };
	const struct versus_row *r;

	(void) state;
	add_arm(&p.runs[0], "native", "stock", 3, 1e6);
	add_arm(&p.runs[1], "native", "stock", 5, 5e6);
	p.runs[1].at[0].state = RUN_FAILED;
	p.runs[1].at[1].value[METRIC_P99_NS] = NAN;
	compare(&p);
	r = row_of(&p, "stock", METRIC_P99_NS);
	assert_int_equal(r->cmp.n, 3);
	assert_int_equal(r->cmp.verdict, VERDICT_CANNOT_TELL);
	assert_false(interval_bounded(r->cmp.ratio));
	assert_true(r->cmp.ratio.est > 4.5);
	drop(&p);
}

/* Two identical arms that differ twofold in either study make a doubling between the studies unremarkable. */
static void test_noise_floor_of_either_study(void **state)
{
	struct pair p = { 0 };

	(void) state;
	add_arm(&p.runs[0], "native", "stock", 10, 1e6);
	add_arm(&p.runs[1], "native", "stock", 10, 1.5e6);
	for (unsigned b = 1; b <= 10; b++)
		synthetic_run(&p.runs[1], "native", "tcp-rr", "stock", b, b % 2 ? 3e6 : 0.75e6)->again = true;
	compare(&p);
	assert_true(row_of(&p, "stock", METRIC_P50_NS)->cmp.floor > 1.9);
	assert_int_equal(row_of(&p, "stock", METRIC_P50_NS)->cmp.verdict, VERDICT_CANNOT_TELL);
	drop(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_change_between_studies),
		cmocka_unit_test(test_lone_arms_are_named),
		cmocka_unit_test(test_failed_runs_and_few_runs),
		cmocka_unit_test(test_noise_floor_of_either_study),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
