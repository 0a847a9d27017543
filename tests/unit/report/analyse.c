/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "report/change.h"
#include "synthetic.h"

static const struct change *change_of(const struct analysis *a, size_t group, size_t contrast, enum metric m)
{
	assert_true(group < a->n_groups && contrast < a->groups[group].n_contrasts);
	return &a->groups[group].contrasts[contrast].change[m];
}

static void test_halved_is_better(void **state)
{
	run_list runs = { 0 };
	struct analysis *a;
	const struct change *c;

	(void) state;
	synthetic_pairs(&runs, "vm", "tcp-rr", 10, 0.5);
	a = synthetic_analyse(&runs, 10);
	assert_int_equal(a->n_groups, 1);
	assert_string_equal(a->baseline, "stock");
	assert_false(a->few);
	c = change_of(a, 0, 0, METRIC_STDDEV_NS);
	assert_int_equal(c->cmp.n, 10);
	assert_true(fabs(c->cmp.ratio.est - 0.5) < 0.02);
	assert_true(c->cmp.ratio.lo < 0.5 && c->cmp.ratio.hi > 0.5 && c->cmp.ratio.hi < 0.55);
	assert_int_equal(c->cmp.verdict, VERDICT_BETTER);
	assert_false(c->few);
	assert_true(fabs(c->before - 1e6) < 2e4 && fabs(c->after - 5e5) < 1e4);
	assert_null(c->floor_from);
	/* the maximum is shown, never compared; throughput was not measured */
	assert_false(change_known(change_of(a, 0, 0, METRIC_MAX_NS)));
	assert_false(change_known(change_of(a, 0, 0, METRIC_MEDIAN_BPS)));
	analysis_free(a);
	vec_free(&runs);
}

static void test_doubled_is_worse_for_times_and_better_for_throughput(void **state)
{
	run_list runs = { 0 };
	struct analysis *a;

	(void) state;
	synthetic_pairs(&runs, "native", "tcp-rr", 8, 2);
	for (unsigned b = 1; b <= 8; b++) {
		for (int tuned = 0; tuned < 2; tuned++) {
			struct run *r = synthetic_run(&runs, "native", "tcp-stream", tuned ? "vlat" : "stock", b, NAN);

			r->value[METRIC_MEDIAN_BPS] = (tuned ? 2e9 : 1e9) * (1 + 0.01 * b);
			r->value[METRIC_STDDEV_BPS] = (tuned ? 2e8 : 1e8) * (1 + 0.01 * b);
		}
	}
	a = synthetic_analyse(&runs, 8);
	assert_int_equal(a->n_groups, 2);
	assert_int_equal(change_of(a, 0, 0, METRIC_P99_NS)->cmp.verdict, VERDICT_WORSE);
	assert_true(a->groups[1].stream);
	assert_int_equal(change_of(a, 1, 0, METRIC_MEDIAN_BPS)->cmp.verdict, VERDICT_BETTER);
	assert_int_equal(change_of(a, 1, 0, METRIC_STDDEV_BPS)->cmp.verdict, VERDICT_WORSE);
	assert_ptr_equal(contrast_headline(&a->groups[1].contrasts[0]), change_of(a, 1, 0, METRIC_MEDIAN_BPS));
	analysis_free(a);
	vec_free(&runs);
}

static void test_few_blocks_have_no_verdict(void **state)
{
	(void) state;
	for (unsigned blocks = 1; blocks <= 7; blocks++) {
		run_list runs = { 0 };
		struct analysis *a;
		const struct change *c;

		synthetic_pairs(&runs, "vm", "tcp-rr", blocks, 0.1);
		a = synthetic_analyse(&runs, blocks);
		c = change_of(a, 0, 0, METRIC_STDDEV_NS);
		assert_int_equal(a->few, blocks < 6);
		assert_int_equal(c->few, blocks < 6);
		assert_int_equal(interval_bounded(c->cmp.ratio), blocks >= 6);
		assert_int_equal(c->cmp.verdict, blocks < 6 ? VERDICT_CANNOT_TELL : VERDICT_BETTER);
		analysis_free(a);
		vec_free(&runs);
	}
}

/* Failed, missing and disturbed runs are counted; pairs are formed from what is left, block by block. */
static void test_gaps(void **state)
{
	run_list runs = { 0 };
	struct analysis *a;

	(void) state;
	synthetic_pairs(&runs, "vm", "tcp-rr", 10, 0.5);
	runs.at[0].state = RUN_FAILED;             /* stock of block 1 */
	runs.at[5].state = RUN_MISSING;            /* vlat of block 3 */
	runs.at[8].disturbed = true;               /* stock of block 5: counts all the same */
	runs.at[13].value[METRIC_STDDEV_NS] = NAN; /* vlat of block 7: has no standard deviation */
	a = synthetic_analyse(&runs, 10);
	assert_int_equal(a->n_runs, 20);
	assert_int_equal(a->n_ok, 18);
	assert_int_equal(a->n_failed, 1);
	assert_int_equal(a->n_missing, 1);
	assert_int_equal(a->n_disturbed, 1);
	assert_int_equal(change_of(a, 0, 0, METRIC_STDDEV_NS)->cmp.n, 7);
	assert_int_equal(change_of(a, 0, 0, METRIC_P99_NS)->cmp.n, 8);
	assert_int_equal(a->groups[0].base->n_ok, 9);
	analysis_free(a);
	vec_free(&runs);
}

/* A shuffled study is the same study; a block that stands twice in an arm counts once. */
static void test_order_does_not_matter(void **state)
{
	run_list runs = { 0 }, mixed = { 0 };
	struct analysis *a, *b;

	(void) state;
	synthetic_pairs(&runs, "vm", "tcp-rr", 9, 0.8);
	for (size_t i = 0; i < runs.n; i++)
		*vec_add(&mixed) = runs.at[(i * 7 + 3) % runs.n];
	*vec_add(&mixed) = runs.at[4];
	a = synthetic_analyse(&runs, 9);
	b = synthetic_analyse(&mixed, 9);
	assert_memory_equal(&change_of(a, 0, 0, METRIC_P50_NS)->cmp, &change_of(b, 0, 0, METRIC_P50_NS)->cmp,
			    sizeof(struct comparison));
	analysis_free(a);
	analysis_free(b);
	vec_free(&runs);
	vec_free(&mixed);
}

static void add_again(run_list *runs, const char *sut, unsigned blocks, double swing)
{
	for (unsigned b = 1; b <= blocks; b++) {
		struct run *r = synthetic_run(runs, sut, "tcp-rr", "stock", b, 1e6 * (b % 2 ? swing : 1 / swing));

		r->again = true;
	}
}

/* A change of 10 % that every block agrees on is better, until two identical arms are known to differ by more. */
static void test_floor_withholds_a_verdict(void **state)
{
	run_list runs = { 0 };
	struct analysis *a;
	const struct change *c;

	(void) state;
	synthetic_pairs(&runs, "vm", "tcp-rr", 10, 0.85);
	synthetic_pairs(&runs, "native", "tcp-rr", 10, 0.5);
	synthetic_pairs(&runs, "native", "wakeup", 10, 0.85);
	a = synthetic_analyse(&runs, 10);
	assert_int_equal(change_of(a, 2, 0, METRIC_P50_NS)->cmp.verdict, VERDICT_BETTER);
	analysis_free(a);

	add_again(&runs, "native", 10, 1.6);
	a = synthetic_analyse(&runs, 10);
	assert_string_equal(a->groups[0].sut, "native");
	assert_non_null(a->groups[0].again);
	assert_true(a->groups[0].floor[METRIC_P50_NS] > 1.3);
	assert_true(isnan(a->groups[0].floor[METRIC_MAX_NS]));
	/* the A/A arm is no tuning level of its own */
	assert_int_equal(a->groups[0].n_contrasts, 1);
	/* vm has no pair of its own: native's of the same workload; another workload has none */
	c = change_of(a, 2, 0, METRIC_P50_NS);
	assert_ptr_equal(c->floor_from, &a->groups[0]);
	assert_int_not_equal(c->cmp.verdict, VERDICT_BETTER);
	assert_null(change_of(a, 1, 0, METRIC_P50_NS)->floor_from);
	assert_int_equal(change_of(a, 1, 0, METRIC_P50_NS)->cmp.verdict, VERDICT_BETTER);
	analysis_free(a);
	vec_free(&runs);
}

/* Several systems have a pair: one without is held against the noisiest. */
static void test_the_noisiest_floor(void **state)
{
	run_list runs = { 0 };
	struct analysis *a;

	(void) state;
	synthetic_pairs(&runs, "native", "tcp-rr", 10, 0.5);
	synthetic_pairs(&runs, "container", "tcp-rr", 10, 0.5);
	synthetic_pairs(&runs, "vm", "tcp-rr", 10, 0.5);
	synthetic_pairs(&runs, "other", "tcp-rr", 10, 0.5);
	add_again(&runs, "native", 10, 1.2);
	add_again(&runs, "container", 10, 1.9);
	add_again(&runs, "vm", 10, 1.4);
	a = synthetic_analyse(&runs, 10);
	assert_ptr_equal(change_of(a, 3, 0, METRIC_P50_NS)->floor_from, &a->groups[1]);
	assert_ptr_equal(change_of(a, 2, 0, METRIC_P50_NS)->floor_from, &a->groups[2]);
	assert_true(change_of(a, 3, 0, METRIC_P50_NS)->cmp.floor > change_of(a, 2, 0, METRIC_P50_NS)->cmp.floor);
	analysis_free(a);
	vec_free(&runs);
}

static void test_many_levels_against_the_first(void **state)
{
	static const char *const tunings[] = { "stock", "vlat", "rival" };
	const struct factors f = { .at = { [FACTOR_TUNING] = tunings }, .n = { [FACTOR_TUNING] = 3 } };
	run_list runs = { 0 };
	struct analysis *a = NULL;
	struct err e = { 0 };

	(void) state;
	synthetic_pairs(&runs, "native", "tcp-rr", 8, 0.5);
	for (unsigned b = 1; b <= 8; b++)
		synthetic_run(&runs, "native", "tcp-rr", "rival", b, 3e6 + b);
	for (unsigned b = 1; b <= 8; b++)
		synthetic_run(&runs, "native", "tcp-rr", "vlat", b, 1)->interference = "idle";
	assert_int_equal(analyse(&a, runs.at, runs.n, &f, 8, &e), 0);
	assert_int_equal(a->n_groups, 2);
	assert_int_equal(a->groups[0].n_contrasts, 2);
	assert_string_equal(a->groups[0].contrasts[1].tuned->tuning, "rival");
	assert_int_equal(change_of(a, 0, 0, METRIC_P50_NS)->cmp.verdict, VERDICT_BETTER);
	assert_int_equal(change_of(a, 0, 1, METRIC_P50_NS)->cmp.verdict, VERDICT_WORSE);
	/* under `idle` there is no baseline: nothing is compared, nothing is invented */
	assert_null(a->groups[1].base);
	assert_int_equal(a->groups[1].n_contrasts, 0);
	analysis_free(a);
	vec_free(&runs);
}

static void test_groups_in_the_order_of_the_study(void **state)
{
	run_list runs = { 0 };
	struct analysis *a;

	(void) state;
	synthetic_pairs(&runs, "unheard-of", "tcp-rr", 6, 1);
	synthetic_pairs(&runs, "vm", "tcp-rr", 6, 1);
	synthetic_pairs(&runs, "native", "tcp-rr", 6, 1);
	a = synthetic_analyse(&runs, 6);
	assert_int_equal(a->n_groups, 3);
	assert_string_equal(a->groups[0].sut, "native");
	assert_string_equal(a->groups[1].sut, "vm");
	assert_string_equal(a->groups[2].sut, "unheard-of");
	analysis_free(a);
	vec_free(&runs);
}

/* Three datapaths and two kernels: each is held against the first that has all else alike, at the same tuning. */
static void test_levels_of_systems_against_the_first(void **state)
{
	static const char *const paths[] = { "bridge", "macvtap", "e1000e" }, *const kernels[] = { "standard", "rt" },
				 *const tunings[] = { "stock", "vlat" };
	const struct factors f = { .at = { [FACTOR_DATAPATH] = paths, [FACTOR_GUEST_KERNEL] = kernels, [FACTOR_TUNING] = tunings },
				   .n = { [FACTOR_DATAPATH] = 3, [FACTOR_GUEST_KERNEL] = 2, [FACTOR_TUNING] = 2 } };
	size_t by[FACTORS] = { 0 };
	run_list runs = { 0 };
	struct analysis *a = NULL;
	struct err e = { 0 };

	(void) state;
	for (unsigned b = 1; b <= 8; b++)
		for (unsigned i = 0; i < 12; i++) {
			double ns = 1e6 * (1 + 0.01 * b) * (i / 4 + 1) * (i / 2 % 2 ? 0.5 : 1) * (i % 2 ? 0.1 : 1);
			struct run *r = synthetic_run(&runs, "vm", "tcp-rr", tunings[i % 2], b, ns);

			r->datapath = paths[i / 4];
			r->guest_kernel = kernels[i / 2 % 2];
		}
	assert_int_equal(analyse(&a, runs.at, runs.n, &f, 8, &e), 0);
	assert_int_equal(a->n_groups, 6);
	assert_true(analysis_varies(a, FACTOR_DATAPATH) && analysis_varies(a, FACTOR_GUEST_KERNEL) && !analysis_varies(a, FACTOR_PAGES));
	for (size_t i = 0; i < a->n_groups; i++)
		for (size_t k = 0; k < a->groups[i].n_contrasts; k++) {
			const struct contrast *c = &a->groups[i].contrasts[k];
			double ratio = c->change[METRIC_P50_NS].cmp.ratio.est;

			by[c->by]++;
			if (c->by == FACTOR_TUNING) {
				assert_true(fabs(ratio - 0.1) < 0.01);
				continue;
			}
			assert_string_equal(c->base->tuning, c->tuned->tuning);
			assert_string_equal(c->from, c->by == FACTOR_DATAPATH ? "bridge" : "standard");
			assert_string_equal(c->to, group_level(&a->groups[i], c->by));
			if (c->by == FACTOR_GUEST_KERNEL)
				assert_true(fabs(ratio - 0.5) < 0.01);
			else
				assert_true(fabs(ratio - (text_eq(c->to, "macvtap") ? 2 : 3)) < 0.01);
		}
	assert_int_equal(by[FACTOR_TUNING], 6);
	assert_int_equal(by[FACTOR_DATAPATH], 2 * 2 * 2); /* macvtap, e1000e; of both kernels and tunings */
	assert_int_equal(by[FACTOR_GUEST_KERNEL], 3 * 2);
	assert_int_equal(by[FACTOR_PAGES], 0);
	analysis_free(a);
	vec_free(&runs);
}

static void test_absurd_sizes(void **state)
{
	const struct factors none = { .n = { 0 } };
	run_list runs = { 0 };
	struct analysis *a = NULL;
	struct err e = { 0 };

	(void) state;
	assert_int_equal(analyse(&a, NULL, 0, &none, 0, &e), 0);
	assert_int_equal(a->n_groups, 0);
	assert_string_equal(a->baseline, "");
	analysis_free(a);
	for (unsigned b = 0; b <= MOST_BLOCKS; b++)
		synthetic_run(&runs, "native", "tcp-rr", "stock", b, 1);
	a = NULL;
	assert_int_equal(analyse(&a, runs.at, runs.n, &none, 1, &e), -E2BIG);
	assert_null(a);
	assert_non_null(strstr(e.text, "native tcp-rr"));
	vec_free(&runs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_halved_is_better),
		cmocka_unit_test(test_doubled_is_worse_for_times_and_better_for_throughput),
		cmocka_unit_test(test_few_blocks_have_no_verdict),
		cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_order_does_not_matter),
		cmocka_unit_test(test_floor_withholds_a_verdict),
		cmocka_unit_test(test_the_noisiest_floor),
		cmocka_unit_test(test_many_levels_against_the_first),
		cmocka_unit_test(test_groups_in_the_order_of_the_study),
		cmocka_unit_test(test_levels_of_systems_against_the_first),
		cmocka_unit_test(test_absurd_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
