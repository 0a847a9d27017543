/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/plot.h"
#include "report/svg.h"

static void assert_near(double a, double b)
{
	assert_true(fabs(a - b) < 1e-9);
}

static void test_log_scale(void **state)
{
	struct scale s = scale_log(12e3, 9.3e6, 0, 300);

	(void) state;
	assert_true(s.lo == 1e4 && s.hi == 1e7);
	assert_near(scale_at(&s, 1e4), 0);
	assert_near(scale_at(&s, 1e7), 300);
	assert_near(scale_at(&s, 1e5), 100);
	/* outside and nonsense: the edge */
	assert_near(scale_at(&s, 1e12), 300);
	assert_near(scale_at(&s, -1), 0);
	assert_near(scale_at(&s, NAN), 0);
	assert_near(scale_at(&s, INFINITY), 300);
}

static void test_scale_of_nonsense(void **state)
{
	static const double bad[] = { 0, -1, NAN, INFINITY, -INFINITY, 1e300, 5e-324 };

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(bad); k++) {
			struct scale s = scale_log(bad[i], bad[k], 0, 100);
			double ticks[8];

			assert_true(s.lo > 0 && s.hi > s.lo && isfinite(s.hi));
			assert_true(scale_ticks(&s, ticks, ARRAY_SIZE(ticks)) <= ARRAY_SIZE(ticks));
		}
	}
}

static void check_ticks(double lo, double hi, const double *want, size_t n_want)
{
	struct scale s = { .lo = lo, .hi = hi, .to = 1, .log = true };
	double ticks[8];
	size_t n = scale_ticks(&s, ticks, ARRAY_SIZE(ticks));

	assert_int_equal(n, n_want);
	for (size_t i = 0; i < n; i++)
		assert_near(ticks[i] / want[i], 1);
}

static void test_ticks(void **state)
{
	(void) state;
	check_ticks(1e4, 1e7, (double[]){ 1e4, 1e5, 1e6, 1e7 }, 4);
	check_ticks(1e4, 1e5, (double[]){ 1e4, 2e4, 5e4, 1e5 }, 4);
	check_ticks(2e4, 1e6, (double[]){ 3e4, 1e5, 3e5, 1e6 }, 4);
}

static void test_shapes_are_plain_text(void **state)
{
	struct sink s = { 0 };

	(void) state;
	svg_line(&s, "gr", 1, 2.04, -0.04, 4.06);
	svg_polyline(&s, "cv", (struct point[]){ { 0, 1 }, { NAN, INFINITY } }, 2);
	svg_polyline(&s, "cv", NULL, 0);
	svg_text(&s, "ax", 5, 6, "end", "<a & b>");
	svg_mark(&s, "dt", MARK_DISC, 1, 2, 3, "\"x\"");
	assert_string_equal(s.text, "<line class=\"gr\" x1=\"1\" y1=\"2\" x2=\"0\" y2=\"4.1\"/>\n"
				    "<path class=\"cv\" d=\"M0 1L0 0\"/>\n"
				    "<text class=\"ax\" x=\"5\" y=\"6\" text-anchor=\"end\">&lt;a &amp; b&gt;</text>\n"
				    "<g><circle class=\"dt\" cx=\"1\" cy=\"2\" r=\"3\"/><title>&quot;x&quot;</title></g>\n");
	sink_free(&s);
}

static unsigned occurrences(const char *text, const char *word)
{
	unsigned n = 0;

	for (const char *p = text; (p = strstr(p, word)); p += strlen(word))
		n++;
	return n;
}

/* A failed run is a cross, a disturbed one is hollow, a run of a block that the study does not have is not drawn. */
static void test_strip_shows_every_run(void **state)
{
	const struct plot_dot dots[] = {
		{ .value = 1e5, .block = 1, .note = "one" },
		{ .value = 2e5, .block = 2, .disturbed = true, .note = "two" },
		{ .value = NAN, .block = 3, .note = "three" },
		{ .value = 1e5, .block = 9, .note = "nine" },
	};
	const struct plot_row row = { .name = "stock", .median = 1.5e5, .at = dots, .n = ARRAY_SIZE(dots) };
	const struct plot_strip strip = { .text = { "s", "t", "d" }, .at = &row, .n = 1, .blocks = 3, .lo = 1e5, .hi = 2e5 };
	struct sink s = { 0 };

	(void) state;
	plot_strip(&s, &strip);
	assert_int_equal(occurrences(s.text, "class=\"dt\""), 1);
	assert_int_equal(occurrences(s.text, "class=\"ds\""), 1);
	assert_int_equal(occurrences(s.text, "class=\"xx\""), 1);
	assert_int_equal(occurrences(s.text, "class=\"md\""), 1);
	assert_null(strstr(s.text, "nine"));
	sink_free(&s);
}

/* A bound that is known ends in a bar, one that is open or beyond the axis in an arrow head; the verdict chooses the shape. */
static void test_changes_show_the_interval(void **state)
{
	struct plot_change c = { .label = "l",
				 .value = "v",
				 .ratio = { 0.1, 0.05, 0.2 },
				 .floor = 1.1,
				 .published = 0.02,
				 .verdict = VERDICT_BETTER };
	const struct plot_changes p = { .text = { "c", "t", "d" }, .at = &c, .n = 1, .lo = 0.01, .hi = 10 };
	struct sink s = { 0 };

	(void) state;
	plot_changes(&s, &p);
	assert_int_equal(occurrences(s.text, "<line class=\"wh\""), 3);
	assert_int_equal(occurrences(s.text, "class=\"vb\""), 1);
	assert_int_equal(occurrences(s.text, "class=\"fl\""), 1);
	assert_int_equal(occurrences(s.text, "class=\"pb\""), 1);
	sink_free(&s);

	c = (struct plot_change){ .label = "l",
				  .value = "v",
				  .ratio = { 0.1, -INFINITY, INFINITY },
				  .floor = 1,
				  .published = NAN,
				  .verdict = VERDICT_CANNOT_TELL };
	plot_changes(&s, &p);
	assert_int_equal(occurrences(s.text, "class=\"wh\""), 0);
	assert_int_equal(occurrences(s.text, "class=\"pt\""), 1);
	assert_int_equal(occurrences(s.text, "class=\"vc\""), 1);
	assert_int_equal(occurrences(s.text, "class=\"fl\""), 0);
	assert_int_equal(occurrences(s.text, "class=\"pb\""), 0);
	sink_free(&s);

	c.ratio.hi = 0.2; /* open below, and beyond the axis above */
	plot_changes(&s, &(struct plot_changes){ .text = p.text, .at = &c, .n = 1, .lo = 0.01, .hi = 0.15 });
	assert_int_equal(occurrences(s.text, "<line class=\"wh\""), 1);
	assert_int_equal(occurrences(s.text, "<path class=\"wh\""), 2);
	sink_free(&s);
}

/* However many nines an axis has, its labels keep apart and stay within the picture. */
static void test_labels_of_nines_keep_apart(void **state)
{
	const double nines[] = { 0.1, 1 }, ns[] = { 1e4, 1e5 };
	const struct plot_curve c = { .name = "stock", .nines = nines, .mid = ns, .lo = ns, .hi = ns, .n = 2 };

	(void) state;
	for (double hi = 0.6; hi < 8; hi += 0.1) {
		struct plot_curves p = {
			.text = { "p", "t", "d" }, .at = &c, .n = 1, .ns_lo = 1e4, .ns_hi = 1e5, .nines_hi = hi
		};
		struct sink s = { 0 };
		double end = 0;

		plot_curves(&s, &p);
		for (const char *at = s.text; (at = strstr(at, "<text class=\"ax\" x=\"")); at++) {
			double x = strtod(at + strlen("<text class=\"ax\" x=\""), NULL);
			const char *text = strchr(at, '>') + 1;
			double width = 5.8 * (double) strcspn(text, "<");
			const char *anchor = strstr(at, "text-anchor=\"end\"");
			double start = anchor && anchor < text ? x - width : x - width / 2;

			if (!strchr(text, '%') || strchr(text, '%') > strchr(text, '<'))
				continue;
			assert_true(start >= end);
			end = start + width;
			assert_true(end <= PLOT_WIDTH + 1);
		}
		assert_true(end > 0);
		sink_free(&s);
	}
}

/* Whatever the numbers, the picture has no "nan", no "inf", and everything is closed. */
static void test_curves_of_nonsense(void **state)
{
	const double bad[] = { NAN, -1, 0, INFINITY, 1e300 }, nines[] = { 0, 1, NAN, 1e9, -4 };
	const struct plot_curve c = { .name = "</svg>", .nines = nines, .mid = bad, .lo = bad, .hi = bad, .n = 5 };
	const struct plot_curves p = {
		.text = { "p", "<t>", "d" }, .at = &c, .n = 1, .ns_lo = NAN, .ns_hi = -5, .nines_hi = NAN
	};
	struct sink s = { 0 };

	(void) state;
	plot_curves(&s, &p);
	assert_null(strstr(s.text, "nan"));
	assert_null(strstr(s.text, "inf"));
	assert_int_equal(occurrences(s.text, "</svg>"), 1);
	assert_int_equal(occurrences(s.text, "<g "), occurrences(s.text, "</g>"));
	assert_non_null(strstr(s.text, "&lt;t&gt;"));
	sink_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log_scale),
		cmocka_unit_test(test_scale_of_nonsense),
		cmocka_unit_test(test_ticks),
		cmocka_unit_test(test_shapes_are_plain_text),
		cmocka_unit_test(test_strip_shows_every_run),
		cmocka_unit_test(test_changes_show_the_interval),
		cmocka_unit_test(test_labels_of_nines_keep_apart),
		cmocka_unit_test(test_curves_of_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
