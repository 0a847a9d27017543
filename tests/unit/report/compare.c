/* SPDX-License-Identifier: Apache-2.0 */
/* Two results folders held against each other: what is said, what is noted, and what chance may claim. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/jsonx.h"
#include "fixture.h"
#include "golden.h"
#include "record/record.h"
#include "report/versus_out.h"
#include "synthetic.h"

static struct report *load(const char *dir)
{
	struct report *r = NULL;
	struct err e = { 0 };

	if (report_load(&r, dir, &e) < 0)
		fail_msg("%s", e.text);
	return r;
}

static struct versus_view view(const char *a, const char *b)
{
	struct versus_view v = { .a = load(a), .b = load(b) };

	versus_make(&v.versus, v.a->analysis, v.b->analysis);
	return v;
}

static void drop(struct versus_view *v)
{
	versus_free(&v->versus);
	report_free((struct report *) v->a);
	report_free((struct report *) v->b);
}

static void scale(json_t *object, double by)
{
	const char *member;
	json_t *value;

	json_object_foreach(object, member, value)
		if (json_is_real(value))
			json_real_set(value, json_real_value(value) * by);
}

static bool is(const json_t *cell, const char *member, const char *text)
{
	return text_eq(json_string_value(json_object_get(cell, member)), text);
}

/* The study of another day: another kernel, longer runs; vlat's wake-ups three times as late, containers' streams twice as fast. */
static void write_later(const char *from, const char *to)
{
	struct record *r = NULL;
	struct err e = { 0 };

	assert_int_equal(record_read(&r, from, &e), 0);
	json_object_set_new(r->study, "seed", json_integer(8));
	json_object_set_new(r->study, "duration_s", json_real(4));
	json_object_set_new(json_object_get(json_object_get(r->study, "host"), "kernel"), "release", json_string("6.19.0-later"));
	assert_int_equal(record_study_write(to, r->study, &e), 0);
	for (size_t i = 0; i < r->n_cells; i++) {
		json_t *cell = r->cells[i].json;

		if (is(cell, "workload", "wakeup") && is(cell, "tuning", "vlat"))
			scale(json_object_get(cell, "response"), 3);
		if (is(cell, "workload", "tcp-stream") && is(cell, "sut", "container"))
			scale(json_object_get(cell, "throughput"), 2);
		assert_int_equal(record_cell_write(to, r->cells[i].id, cell, &e), 0);
	}
	record_free(r);
}

static enum verdict verdict_of(const struct versus_view *v, const char *sut, const char *workload, const char *tuning, enum metric m)
{
	for (size_t i = 0; i < v->versus.rows.n; i++) {
		const struct versus_row *row = &v->versus.rows.at[i];

		if (row->metric == m && text_eq(row->group->sut, sut) && text_eq(row->group->workload, workload) &&
		    text_eq(row->a->tuning, tuning))
			return row->cmp.verdict;
	}
	fail_msg("no row of %s %s %s", sut, workload, tuning);
	return VERDICT_CANNOT_TELL;
}

static void changes_are_found(void **state)
{
	struct versus_view v = view("welch", "later");
	size_t found[4] = { 0 };

	(void) state;
	assert_int_equal(verdict_of(&v, "native", "wakeup", "vlat", METRIC_P50_NS), VERDICT_WORSE);
	assert_int_equal(verdict_of(&v, "vm", "wakeup", "vlat", METRIC_STDDEV_NS), VERDICT_WORSE);
	assert_int_equal(verdict_of(&v, "container", "tcp-stream", "stock", METRIC_MEDIAN_BPS), VERDICT_BETTER);
	assert_int_equal(verdict_of(&v, "container", "tcp-stream", "stock", METRIC_STDDEV_BPS), VERDICT_WORSE); /* a spread */
	for (size_t i = 0; i < v.versus.rows.n; i++)
		found[v.versus.rows.at[i].cmp.verdict]++;
	/* Wake-ups: 3 systems x 4 statistics; streams: 2 tunings x spread; and x median. Nothing else moved. */
	assert_int_equal(found[VERDICT_WORSE], 12 + 2);
	assert_int_equal(found[VERDICT_BETTER], 2);
	drop(&v);
}

static void as_text(void **state)
{
	const struct text_options options = { .width = 100 };
	struct versus_view v = view("welch", "later");
	struct sink out = { 0 };
	struct err e = { 0 };

	(void) state;
	assert_int_equal(versus_text(&v, &out, &options, &e), 0);
	golden_check("compare/all.txt", out.text);
	sink_free(&out);
	v.only_changes = true;
	assert_int_equal(versus_text(&v, &out, &options, &e), 0);
	golden_check("compare/changes.txt", out.text);
	sink_free(&out);
	drop(&v);
}

/* Few runs, runs that were never made, systems of one folder alone: nothing is concluded, and all of it is told. */
static void too_little_to_tell(void **state)
{
	const struct text_options options = { .width = 100 };
	struct versus_view v = view("quick", "quick2");
	struct sink out = { 0 };
	struct err e = { 0 };

	(void) state;
	assert_true(v.versus.rows.n > 0);
	for (size_t i = 0; i < v.versus.rows.n; i++) {
		assert_int_equal(v.versus.rows.at[i].cmp.verdict, VERDICT_CANNOT_TELL);
		assert_string_equal(versus_verdict(&v.versus.rows.at[i]), "too few runs");
	}
	v.only_changes = true;
	assert_int_equal(versus_text(&v, &out, &options, &e), 0);
	assert_non_null(strstr(out.text, "Nothing came out better or worse."));
	assert_non_null(strstr(out.text, "have not been made"));
	assert_non_null(strstr(out.text, "too few runs for a 95 % interval"));
	sink_free(&out);
	drop(&v);
}

static void as_json(void **state)
{
	struct versus_view v = view("welch", "later");
	AUTO_JSON json_t *all = NULL;
	struct sink out = { 0 };
	struct err e = { 0 };
	json_t *first;

	(void) state;
	assert_int_equal(versus_json(&v, &out, &e), 0);
	assert_int_equal(jx_parse(out.text, out.len, "the comparison", &all, &e), 0);
	assert_int_equal(json_integer_value(json_object_get(all, "format")), 1);
	assert_int_equal(json_array_size(json_object_get(all, "changes")), v.versus.rows.n);
	first = json_array_get(json_object_get(all, "changes"), 0);
	assert_true(is(first, "sut", "native") && is(first, "statistic", "throughput_p50_bps"));
	assert_true(json_is_false(json_object_get(first, "lower_is_better")));
	assert_int_equal(json_array_size(json_object_get(all, "only_a")), 0);
	assert_true(json_array_size(json_object_get(all, "remarks")) >= 4);
	sink_free(&out);
	drop(&v);
}

/* --- what names stand for --- */


static void hear(void *arg, const struct versus_differs *d)
{
	sink_printf(arg, "%s: %s / %s\n", d->name, d->a, d->b);
}

static json_t *parse(const char *text)
{
	json_t *j = NULL;
	struct err e = { 0 };

	if (jx_parse(text, strlen(text), "test", &j, &e) < 0)
		fail_msg("%s", e.text);
	return j;
}

static void the_same_name_for_different_things(void **state)
{
	AUTO_JSON json_t *a = parse(
		"{\"host\":{\"hostname\":\"red\"},\"peer_policy\":\"fifo\",\"vm\":{\"vcpus\":1,\"memory_mb\":256},\"levels\":{"
		"\"workloads\":[{\"name\":\"tcp-rr\",\"duration_s\":2.0,\"rate\":0.0},{\"name\":\"gone\",\"duration_s\":1.0}],"
		"\"interference\":{\"busy\":[\"stress-ng\",\"--cpu\",\"0\"],\"idle\":null}},\"tunings\":{\"stock\":{\"plan\":null},"
		"\"vlat\":{\"plan\":[{\"knob\":\"a\",\"after\":\"1\"},{\"knob\":\"b\",\"after\":\"1\"}]},"
		"\"tuned\":{\"plan\":null,\"apply\":[\"tuned-adm\",\"x\"]}}}");
	AUTO_JSON json_t *b = parse(
		"{\"host\":{\"hostname\":\"blue\"},\"vm\":{\"vcpus\":2,\"memory_mb\":256},\"levels\":{"
		"\"workloads\":[{\"name\":\"new\",\"duration_s\":9.0},{\"name\":\"tcp-rr\",\"duration_s\":2.0,\"rate\":1000.0}],"
		"\"interference\":{\"busy\":[\"make\"],\"idle\":null}},\"tunings\":{\"stock\":{\"plan\":null},"
		"\"vlat\":{\"plan\":[{\"knob\":\"a\",\"after\":\"1\"},{\"knob\":\"b\",\"after\":\"2\"},{\"knob\":\"c\",\"after\":\"3\"}]},"
		"\"tuned\":{\"plan\":null,\"apply\":[\"tuned-adm\",\"y\"]}}}");
	struct record ra = { .study = a }, rb = { .study = b };
	struct report pa = { .record = &ra }, pb = { .record = &rb };
	const struct versus_view v = { .a = &pa, .b = &pb };
	struct sink said = { 0 };

	(void) state;
	versus_levels(&v, hear, &said);
	assert_string_equal(said.text,
			    "host name: red / blue\n"
			    "VM, vcpus: 1 / 2\n"
			    "workload tcp-rr, rate: 0.0 / 1000.0\n"
			    "interference, busy: [\"stress-ng\",\"--cpu\",\"0\"] / [\"make\"]\n"
			    "tuning vlat, its plan has alone: b / b, c\n"
			    "tuning tuned, apply: [\"tuned-adm\",\"x\"] / [\"tuned-adm\",\"y\"]\n");
	sink_free(&said);
	versus_levels(&(struct versus_view){ .a = &pa, .b = &pa }, hear, &said);
	assert_null(said.text);
}

/* --- chance --- */

static double gauss(struct drand48_data *seed)
{
	double u, w;

	drand48_r(seed, &u);
	drand48_r(seed, &w);
	return sqrt(-2 * log(1 - u)) * cos(2 * M_PI * w);
}

/* One study of the same machine: ten combinations, the statistics of each run going up and down together. */
static struct analysis *same_again(struct drand48_data *seed, run_list *runs)
{
	static const char *const workloads[] = { "tcp-rr", "udp-rr", "wakeup", "tcp-crr", "more" };

	for (unsigned block = 1; block <= 10; block++)
		for (unsigned i = 0; i < 10; i++) {
			struct run *run = synthetic_run(runs, "native", workloads[i % 5], i < 5 ? "stock" : "vlat", block, 0);
			double common = gauss(seed);

			for (int m = METRIC_P50_NS; m <= METRIC_MAX_NS; m++)
				run->value[m] = 1e6 * exp(0.3 * common + 0.3 * gauss(seed));
		}
	return synthetic_analyse(runs, 10);
}

static void chance_claims_little(void **state)
{
	enum { STUDIES = 200 };
	struct drand48_data seed;
	unsigned claimed = 0, alone = 0;

	(void) state;
	srand48_r(3, &seed);
	for (unsigned s = 0; s < STUDIES; s++) {
		run_list runs[2] = { 0 };
		struct analysis *a = same_again(&seed, &runs[0]), *b = same_again(&seed, &runs[1]);
		struct versus v;
		size_t found = 0;

		versus_make(&v, a, b);
		assert_int_equal(v.rows.n, 40);
		for (size_t i = 0; i < v.rows.n; i++)
			found += v.rows.at[i].cmp.verdict == VERDICT_BETTER || v.rows.at[i].cmp.verdict == VERDICT_WORSE;
		claimed += found > 0;
		alone += found + v.by_chance > 0;
		versus_free(&v);
		analysis_free(a);
		analysis_free(b);
		vec_free(&runs[0]);
		vec_free(&runs[1]);
	}
	print_message("of %u pairs of equal studies %u claim a difference; row by row it would be %u\n", STUDIES, claimed, alone);
	assert_in_range(claimed, 1, STUDIES * 9 / 100); /* 5 %, and some standard errors */
	assert_true(alone > STUDIES / 2);
}

static char folder[] = "/tmp/vlat-compare-XXXXXX";

/* Relative names: the output repeats the folders'. */
static int make_folders(void **state)
{
	(void) state;
	if (!mkdtemp(folder) || chdir(folder) < 0 || fixture_write(fixture_find("welch"), "welch") < 0 ||
	    fixture_write(fixture_find("quick"), "quick") < 0 || fixture_write(fixture_find("quick"), "quick2") < 0)
		return -1;
	write_later("welch", "later");
	return 0;
}

static int remove_folders(void **state)
{
	(void) state;
	return dir_remove_all(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_are_found),
		cmocka_unit_test(as_text),
		cmocka_unit_test(too_little_to_tell),
		cmocka_unit_test(as_json),
		cmocka_unit_test(the_same_name_for_different_things),
		cmocka_unit_test(chance_claims_little),
	};

	return cmocka_run_group_tests(tests, make_folders, remove_folders);
}
