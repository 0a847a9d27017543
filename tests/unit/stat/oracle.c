/* SPDX-License-Identifier: Apache-2.0 */
/* Every line of tests/golden/stat/oracle.txt: what numpy and scipy made of some inputs, and what vlat makes of them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stat/binomial.h"
#include "stat/compare.h"
#include "stat/histogram.h"

enum { MOST = 1100 };

struct line {
	char word[16];
	double in[MOST], out[8];
	size_t n_in, n_out;
};

static const struct line *at;           /* for messages */

static void near(double got, double want, double relative)
{
	if (!(fabs(got - want) <= relative * fabs(want) + 1e-300))
		fail_msg("%s %g %g...: got %.15g, wanted %.15g", at->word, at->in[0], at->in[1], got, want);
}

static void check_paired(const struct line *l)
{
	size_t n = (size_t) l->in[0];
	struct comparison c;

	assert_int_equal(l->n_in, 1 + 2 * n);
	compare_paired(&c, l->in + 1, l->in + 1 + n, n, 1, true);
	near(c.ratio.est, l->out[0], 1e-12);
	near(c.ratio.lo, l->out[1], 1e-12);
	near(c.ratio.hi, l->out[2], 1e-12);
	near(c.p, l->out[3], 1e-9);
}

static void check_unpaired(const struct line *l)
{
	size_t m = (size_t) l->in[0], n = (size_t) l->in[1];
	struct comparison c;

	assert_int_equal(l->n_in, 2 + m + n);
	compare_unpaired(&c, l->in + 2, m, l->in + 2 + m, n, 1, true);
	near(c.ratio.est, l->out[0], 1e-12);
	near(c.ratio.lo, l->out[1], 1e-12);
	near(c.ratio.hi, l->out[2], 1e-12);
	near(c.p, l->out[3], 1e-9);
}

static void check_median(const struct line *l)
{
	struct interval i = median_interval(l->in + 1, (size_t) l->in[0]);

	near(i.est, l->out[0], 1e-15);
	near(i.lo, l->out[1], 0);
	near(i.hi, l->out[2], 0);
}

static void check_ranks(const struct line *l)
{
	struct ranks r = quantile_ranks((uint64_t) l->in[0], l->in[1], 0.95);

	near((double) r.lo, l->out[0], 0);
	near((double) r.hi, l->out[1], 0);
	near(r.level, l->out[2], 1e-9);
}

/* Far tails too: relative, down to 1e-6 of everything. */
static void check_binomial(const struct line *l)
{
	double got = binomial_cdf((uint64_t) l->in[0], (uint64_t) l->in[1], l->in[2]);

	assert_true(fabs(got - l->out[0]) <= 1e-9 * l->out[0] + 1e-15);
}

static void check_histogram(const struct line *l)
{
	static const double qs[] = { 0.5, 0.9, 0.99, 0.999 };
	static struct histogram h;

	histogram_clear(&h);
	for (size_t i = 1; i < l->n_in; i++)
		histogram_add(&h, (uint64_t) l->in[i]);
	for (size_t i = 0; i < 4; i++)
		near(histogram_quantile(&h, qs[i]), l->out[i], 0.008);
	near(histogram_mean(&h), l->out[4], 1e-13);
	near(histogram_stddev(&h), l->out[5], 1e-12);
}

static const struct {
	const char *word;
	void (*check)(const struct line *l);
} checks[] = {
	{ "paired", check_paired }, { "unpaired", check_unpaired }, { "median", check_median },
	{ "ranks", check_ranks },   { "binomial", check_binomial }, { "histogram", check_histogram },
};

static void parse(struct line *l, char *text)
{
	bool out = false;
	char *save = NULL;

	*l = (struct line){ 0 };
	for (char *word = strtok_r(text, " \n", &save); word; word = strtok_r(NULL, " \n", &save)) {
		if (!l->word[0])
			snprintf(l->word, sizeof(l->word), "%s", word);
		else if (strcmp(word, "=") == 0)
			out = true;
		else if (out && l->n_out < 8)
			l->out[l->n_out++] = strtod(word, NULL);
		else if (l->n_in < MOST)
			l->in[l->n_in++] = strtod(word, NULL);
	}
}

static void every_line_agrees(void **state)
{
	FILE *f = fopen(SOURCE_ROOT "/tests/golden/stat/oracle.txt", "r");
	size_t lines[sizeof(checks) / sizeof(checks[0])] = { 0 }, cap = 0;
	static struct line l;
	char *text = NULL;

	(void) state;
	assert_non_null(f);
	at = &l;
	while (getline(&text, &cap, f) > 0) {
		parse(&l, text);
		for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
			if (strcmp(l.word, checks[i].word) == 0) {
				checks[i].check(&l);
				lines[i]++;
			}
	}
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		assert_true(lines[i] >= 4);
	free(text);
	fclose(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_line_agrees) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
