/* SPDX-License-Identifier: Apache-2.0 */
/* Every verdict has its own sentence, and the sentence says what the numbers say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/words.h"
#include "synthetic.h"

/* An analysis of one SUT whose changes are then set by hand: the words are under test here, not the statistics. */
struct scene {
	run_list runs;
	struct analysis *a;
	struct answer *answers;
	size_t n;
};

static struct scene scene_make(unsigned blocks)
{
	struct scene s = { 0 };

	synthetic_pairs(&s.runs, "container", "wakeup", blocks, 0.5);
	synthetic_pairs(&s.runs, "container", "tcp-rr", blocks, 0.5);
	s.a = synthetic_analyse(&s.runs, blocks);
	s.answers = answers_make(s.a, &s.n);
	assert_int_equal(s.n, 1);
	assert_string_equal(s.answers[0].times->workload, "tcp-rr");
	return s;
}

static void scene_free(struct scene *s)
{
	free(s->answers);
	analysis_free(s->a);
	vec_free(&s->runs);
}

static struct change *change(const struct change *c, enum verdict v, double est, double lo, double hi, double before,
			     double after)
{
	struct change *w = (struct change *) c;

	w->cmp.verdict = v;
	w->cmp.ratio = (struct interval){ est, lo, hi };
	w->before = before;
	w->after = after;
	return w;
}

static void expect(const struct scene *s, const char *qualifier, const char *want)
{
	struct sink out = { 0 };

	words_answer(&out, s->a, &s->answers[0], qualifier, SCRIPT_ASCII);
	assert_string_equal(out.text, want);
	sink_free(&out);
}

static void test_better_with_its_tail(void **state)
{
	struct scene s = scene_make(10);
	struct sink out = { 0 };

	(void) state;
	change(s.answers[0].headline, VERDICT_BETTER, 0.029, 0.02, 0.042, 458e3, 11e3);
	change(s.answers[0].tail, VERDICT_BETTER, 0.023, 0.02, 0.03, 9.1e6, 210e3);
	expect(&s, "",
	       "Containers: tuning cut the spread (standard deviation) of TCP request/response times by 97.1 % (95 % interval "
	       "95.8 to "
	       "98.0) and the 99.9th percentile from 9.10 ms to 210 us.");
	expect(&s, "QEMU TCG",
	       "Containers (QEMU TCG): tuning cut the spread (standard deviation) of TCP request/response times by 97.1 % (95 % "
	       "interval 95.8 to 98.0) and the 99.9th percentile from 9.10 ms to 210 us.");
	words_finding(&out, s.a, &s.answers[0], SCRIPT_ASCII);
	assert_memory_equal(out.text, "Tuning cut", 10);
	sink_free(&out);
	scene_free(&s);
}

static void test_better_but_the_tail_is_not(void **state)
{
	struct scene s = scene_make(10);

	(void) state;
	change(s.answers[0].headline, VERDICT_BETTER, 0.5, 0.4, 0.6, 2e6, 1e6);
	change(s.answers[0].tail, VERDICT_WORSE, 2, 1.5, 3, 3e6, 6e6);
	expect(&s, "",
	       "Containers: tuning cut the spread (standard deviation) of TCP request/response times by 50.0 % (95 % interval "
	       "40.0 to "
	       "60.0); the 99.9th percentile rose from 3.00 ms to 6.00 ms.");
	change(s.answers[0].tail, VERDICT_CANNOT_TELL, 1.1, 0.5, 3, 3e6, 3.3e6);
	expect(&s, "",
	       "Containers: tuning cut the spread (standard deviation) of TCP request/response times by 50.0 % (95 % interval "
	       "40.0 to "
	       "60.0); the 99.9th percentile cannot be told apart (3.00 ms before, 3.30 ms after).");
	scene_free(&s);
}

static void test_worse(void **state)
{
	struct scene s = scene_make(10);

	(void) state;
	change(s.answers[0].headline, VERDICT_WORSE, 1.8, 1.4, 2.6, 1e6, 1.8e6);
	change(s.answers[0].tail, VERDICT_WORSE, 2, 1.5, 3, 3e6, 6e6);
	expect(&s, "",
	       "Containers: tuning raised the spread (standard deviation) of TCP request/response times by 80.0 % (95 % interval "
	       "40.0 to "
	       "160.0) and the 99.9th percentile from 3.00 ms to 6.00 ms.");
	scene_free(&s);
}

static void test_undecided(void **state)
{
	struct scene s = scene_make(10);
	struct change *c;

	(void) state;
	c = change(s.answers[0].headline, VERDICT_NO_DIFFERENCE, 1, 0.98, 1.03, 1e6, 1e6);
	c->cmp.floor = 1.05;
	change(s.answers[0].tail, VERDICT_NO_DIFFERENCE, 1, 0.98, 1.03, 3e6, 3e6);
	expect(&s, "",
	       "Containers: tuning made no difference to the spread (standard deviation) of TCP request/response times (95 % "
	       "interval -2.0 "
	       "to +3.0 %, two identical arms differ by up to +-5.0 %); the 99.9th percentile stayed the same (3.00 ms).");
	c->cmp.floor = 1;
	c->cmp.verdict = VERDICT_CANNOT_TELL;
	expect(&s, "",
	       "Containers: it cannot be told whether tuning changed the spread (standard deviation) of TCP request/response "
	       "times (95 % "
	       "interval -2.0 to +3.0 %); the 99.9th percentile stayed the same (3.00 ms).");
	scene_free(&s);
}

/* Whatever the verdict says, five blocks or fewer are reported as seen, not as found. */
static void test_few_blocks(void **state)
{
	struct scene s = scene_make(3);
	struct change *c = change(s.answers[0].headline, VERDICT_BETTER, 0.02, -INFINITY, INFINITY, 458e3, 11e3);

	(void) state;
	change(s.answers[0].tail, VERDICT_BETTER, 0.02, -INFINITY, INFINITY, 9e6, 2e5);
	expect(&s, "",
	       "Containers: 3 blocks are too few to conclude; the spread (standard deviation) of TCP request/response times went "
	       "from 458 "
	       "us to 11.0 us with tuning, the 99.9th percentile from 9.00 ms to 200 us.");
	assert_string_equal(change_verdict(c), "too few blocks");
	scene_free(&s);
}

static void test_throughput_is_not_passed_over(void **state)
{
	run_list runs = { 0 };
	struct answer *answers;
	struct analysis *a;
	struct sink out = { 0 };
	size_t n;

	(void) state;
	synthetic_pairs(&runs, "container", "tcp-rr", 8, 0.5);
	for (unsigned b = 1; b <= 8; b++) {
		synthetic_run(&runs, "container", "tcp-stream", "stock", b, NAN)->value[METRIC_MEDIAN_BPS] = 10e9;
		synthetic_run(&runs, "container", "tcp-stream", "vlat", b, NAN)->value[METRIC_MEDIAN_BPS] = 8e9;
	}
	a = synthetic_analyse(&runs, 8);
	answers = answers_make(a, &n);
	words_answer(&out, a, &answers[0], "", SCRIPT_ASCII);
	assert_non_null(strstr(out.text, "; median TCP throughput fell from 10.0 Gbit/s to 8.00 Gbit/s."));
	sink_free(&out);
	free(answers);
	analysis_free(a);
	vec_free(&runs);
}

static void test_nothing_to_compare(void **state)
{
	run_list runs = { 0 };
	struct answer *answers;
	struct analysis *a;
	struct sink out = { 0 };
	size_t n;

	(void) state;
	for (unsigned b = 1; b <= 6; b++) {
		synthetic_run(&runs, "native", "tcp-rr", "stock", b, 1e6)->state = RUN_FAILED;
		synthetic_run(&runs, "vm", "tcp-rr", "stock", b, 1e6);
	}
	a = synthetic_analyse(&runs, 6);
	answers = answers_make(a, &n);
	assert_int_equal(n, 2);
	words_answer(&out, a, &answers[0], "", SCRIPT_ASCII);
	assert_string_equal(out.text, "Native processes: not measured, none of 6 runs gave a result.");
	sink_free(&out);
	words_answer(&out, a, &answers[1], "", SCRIPT_ASCII);
	assert_non_null(strstr(out.text, "Virtual machines: nothing to compare"));
	sink_free(&out);
	free(answers);
	analysis_free(a);
	vec_free(&runs);
}

/* Several levels and interferences are named; one of each is not. */
static void test_factors_are_named(void **state)
{
	static const char *const places[] = { "idle", "busy" }, *const levels[] = { "stock", "vlat", "rival" };
	const struct factors f = { .at = { [FACTOR_TUNING] = levels, [FACTOR_INTERFERENCE] = places },
				   .n = { [FACTOR_TUNING] = 3, [FACTOR_INTERFERENCE] = 2 } };
	run_list runs = { 0 };
	struct answer *answers;
	struct analysis *a = NULL;
	struct sink out = { 0 };
	struct err e;
	size_t n;

	(void) state;
	for (unsigned b = 1; b <= 6; b++)
		for (size_t i = 0; i < 6; i++)
			synthetic_run(&runs, "native", "tcp-rr", levels[i % 3], b, 1e6 / (double) (i % 3 + 1))->interference =
				places[i / 3];
	assert_int_equal(analyse(&a, runs.at, runs.n, &f, 6, &e), 0);
	answers = answers_make(a, &n);
	assert_int_equal(n, 4);
	words_answer(&out, a, &answers[3], "", SCRIPT_ASCII);
	assert_non_null(strstr(out.text, "Native processes (busy host): tuning level rival cut the spread"));
	sink_free(&out);
	free(answers);
	analysis_free(a);
	vec_free(&runs);
}

/* A study of datapaths at one tuning: what they do is the answer, and the one they are held against needs none. */
static void test_datapaths_answer(void **state)
{
	static const char *const paths[] = { "bridge", "macvtap", "host" };
	const struct factors f = { .at = { [FACTOR_DATAPATH] = paths }, .n = { [FACTOR_DATAPATH] = 2 } };
	AUTO_FREE char *place = NULL;
	run_list runs = { 0 };
	struct answer *answers;
	struct analysis *a = NULL;
	struct sink out = { 0 };
	struct err e;
	size_t n;

	(void) state;
	for (unsigned b = 1; b <= 6; b++) {
		for (size_t i = 0; i < 2; i++)
			synthetic_run(&runs, "vm", "tcp-rr", "vlat", b, 1e6 * (1 + 0.001 * b) / (double) (i + 1))->datapath = paths[i];
		synthetic_run(&runs, "native", "tcp-rr", "vlat", b, 1e6)->datapath = "host";
	}
	assert_int_equal(analyse(&a, runs.at, runs.n, &f, 6, &e), 0);
	answers = answers_make(a, &n);
	assert_int_equal(n, 2);
	words_answer(&out, a, &answers[0], "TCG", SCRIPT_ASCII);
	assert_non_null(strstr(out.text, "Virtual machines (TCG): datapath macvtap instead of bridge cut the spread"));
	sink_free(&out);
	place = place_text(a, answers[0].place, FACTORS);
	assert_string_equal(place, "macvtap");
	words_answer(&out, a, &answers[1], "", SCRIPT_ASCII);
	assert_non_null(strstr(out.text, "Native processes (host): nothing to compare"));
	sink_free(&out);
	free(answers);
	analysis_free(a);
	vec_free(&runs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_better_with_its_tail),
		cmocka_unit_test(test_better_but_the_tail_is_not),
		cmocka_unit_test(test_worse),
		cmocka_unit_test(test_undecided),
		cmocka_unit_test(test_few_blocks),
		cmocka_unit_test(test_throughput_is_not_passed_over),
		cmocka_unit_test(test_nothing_to_compare),
		cmocka_unit_test(test_factors_are_named),
		cmocka_unit_test(test_datapaths_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
