/* SPDX-License-Identifier: Apache-2.0 */
/* Percentile curves over runs of known samples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

#include "base/vec.h"
#include "report/figures.h"

/* n samples 1000, 2000, ... n * 1000 ns, all times `factor`. */
static struct histogram *ramp(unsigned n, unsigned factor)
{
	struct histogram *h = calloc(1, sizeof(*h));

	histogram_clear(h);
	for (unsigned i = 1; i <= n; i++)
		histogram_add(h, 1000ull * i * factor);
	return h;
}

struct scene {
	struct run runs[5];
	struct histogram *h[5];
	struct arm arm;
};

static void scene_add(struct scene *s, unsigned n, unsigned factor)
{
	s->h[s->arm.n_runs] = ramp(n, factor);
	s->runs[s->arm.n_runs] = (struct run){ .times = s->h[s->arm.n_runs] };
	s->arm.n_runs++;
	s->arm.n_ok++;
	s->arm.runs = s->runs;
}

static void scene_free(struct scene *s)
{
	for (size_t i = 0; i < s->arm.n_runs; i++)
		free(s->h[i]);
}

static size_t point_at(const struct curve *c, double nines)
{
	for (size_t i = 0; i < c->n; i++)
		if (fabs(c->nines[i] - nines) < 1e-9)
			return i;
	fail_msg("the curve of %zu points has none at %g", c->n, nines);
	return 0;
}

static void assert_about(double value, double want)
{
	if (fabs(value / want - 1) > 0.01)
		fail_msg("%g, not %g", value, want);
}

static void test_median_and_range_over_runs(void **state)
{
	struct scene s = { 0 };
	struct curve c;
	size_t i;

	(void) state;
	scene_add(&s, 1000, 1);
	scene_add(&s, 1000, 3);
	scene_add(&s, 1000, 2);
	c = curve_make(&s.arm);
	i = point_at(&c, 1); /* 90 % */
	assert_about(c.mid[i], 1.8e6);
	assert_about(c.lo[i], 0.9e6);
	assert_about(c.hi[i], 2.7e6);
	assert_true(fabs(c.nines[c.n - 1] - 3) < 1e-9); /* 1000 samples: three nines, and not one more */
	curve_free(&c);
	scene_free(&s);
}

static void test_short_runs_do_not_bend_it_down(void **state)
{
	struct scene s = { 0 };
	struct curve c;

	(void) state;
	scene_add(&s, 10000, 1);
	scene_add(&s, 10000, 1);
	scene_add(&s, 10, 100000); /* very slow, and therefore short */
	scene_add(&s, 20, 100000);
	scene_add(&s, 10000, 1);
	s.runs[4].state = RUN_FAILED;
	c = curve_make(&s.arm);
	assert_true(fabs(c.nines[c.n - 1] - 4) < 1e-9);
	for (size_t i = 1; i < c.n; i++)
		assert_true(c.mid[i] >= c.mid[i - 1] && c.lo[i] >= c.lo[i - 1] && c.hi[i] >= c.hi[i - 1]);
	curve_free(&c);
	scene_free(&s);
}

static void test_nothing_to_draw(void **state)
{
	struct scene s = { 0 };
	struct curve c = curve_make(&s.arm);

	(void) state;
	assert_int_equal(c.n, 0);
	curve_free(&c);
	scene_add(&s, 0, 1);
	c = curve_make(&s.arm);
	assert_int_equal(c.n, 0);
	curve_free(&c);
	scene_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_median_and_range_over_runs),
		cmocka_unit_test(test_short_runs_do_not_bend_it_down),
		cmocka_unit_test(test_nothing_to_draw),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
