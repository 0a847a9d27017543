/* SPDX-License-Identifier: Apache-2.0 */
#include "report/versus.h"

#include <math.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "stat/rank.h"

/* What a study of format 1 did not record, it did not vary: it is the usual. */
static bool same_level(const char *a, const char *b, const char *usual)
{
	return text_eq(*a ? a : usual, *b ? b : usual);
}

static const struct group *find_group(const struct analysis *in, const struct group *like)
{
	for (size_t i = 0; i < in->n_groups; i++) {
		const struct group *g = &in->groups[i];

		if (text_eq(g->sut, like->sut) && same_level(g->datapath, like->datapath, "bridge") &&
		    same_level(g->guest_kernel, like->guest_kernel, "standard") && same_level(g->pages, like->pages, "tuning") &&
		    text_eq(g->interference, like->interference) && text_eq(g->workload, like->workload))
			return g;
	}
	return NULL;
}

/* An arm with results at all; one whose every run failed can be compared with nothing. */
static const struct arm *find_arm(const struct group *g, const char *tuning)
{
	for (size_t i = 0; g && i < g->n_arms; i++)
		if (!g->arms[i].again && g->arms[i].n_ok > 0 && text_eq(g->arms[i].tuning, tuning))
			return &g->arms[i];
	return NULL;
}

static size_t take_values(const struct arm *arm, enum metric m, double **ret)
{
	size_t n = 0;

	*ret = xalloc(arm->n_runs + 1, sizeof(**ret));
	for (size_t i = 0; i < arm->n_runs; i++)
		if (arm->runs[i].state == RUN_OK)
			(*ret)[n++] = arm->runs[i].value[m];
	return n;
}

/* The noisier of the two studies sets the floor; one without an A/A pair of that workload has none. */
static double floor_of(const struct analysis *a, const struct group *g, enum metric m)
{
	const struct group *from = analysis_floor(a, g, m);

	return from ? fmax(1, from->floor[m]) : 1;
}

static void compare_arms(struct versus *v, const struct versus_row *of, double floor)
{
	const struct metric_row *row = metric_row(of->metric);
	AUTO_FREE double *a = NULL, *b = NULL;
	size_t na = take_values(of->a, of->metric, &a), nb = take_values(of->b, of->metric, &b);
	struct versus_row *r = vec_add(&v->rows);

	*r = *of;
	r->before = of->a->median[of->metric].est;
	r->after = of->b->median[of->metric].est;
	compare_unpaired(&r->cmp, a, na, b, nb, floor, row->lower_is_better);
}

static void compare_group(struct versus *v, const struct analysis *a, const struct analysis *b, const struct group *g,
			  const struct group *other)
{
	for (size_t i = 0; i < g->n_arms; i++) {
		struct versus_row of = { .group = g, .a = find_arm(g, g->arms[i].tuning) };

		of.b = of.a ? find_arm(other, of.a->tuning) : NULL;
		if (of.a != &g->arms[i] || !of.b)
			continue;
		for (int m = 0; m < METRIC_N; m++) {
			const struct metric_row *row = metric_row((enum metric) m);

			of.metric = (enum metric) m;
			if (row->compared && row->stream == g->stream)
				compare_arms(v, &of, fmax(floor_of(a, g, of.metric), floor_of(b, other, of.metric)));
		}
	}
}

static void add_lone(struct versus *v, const struct analysis *in, const struct analysis *other, bool in_b)
{
	for (size_t i = 0; i < in->n_groups; i++) {
		const struct group *g = &in->groups[i], *partner = find_group(other, g);

		for (size_t k = 0; k < g->n_arms; k++)
			if (find_arm(g, g->arms[k].tuning) == &g->arms[k] && !find_arm(partner, g->arms[k].tuning))
				*vec_add(&v->lone) = (struct versus_lone){ .group = g, .arm = &g->arms[k], .in_b = in_b };
	}
}

/* The largest of the sorted p-values on or under the line that rises from 0 to the wanted rate; negative = none is. */
static double largest_believed(const double *p, size_t n)
{
	for (size_t k = n; k > 0; k--)
		if (p[k - 1] <= VERSUS_FALSE_DISCOVERIES * (double) k / (double) n)
			return p[k - 1];
	return -1;
}

static void leave_out_chance(struct versus *v)
{
	AUTO_FREE double *p = xalloc(v->rows.n + 1, sizeof(*p));
	double most;
	size_t n = 0;

	for (size_t i = 0; i < v->rows.n; i++)
		if (isfinite(v->rows.at[i].cmp.p))
			p[n++] = v->rows.at[i].cmp.p;
	sort_doubles(p, n);
	most = largest_believed(p, n);
	for (size_t i = 0; i < v->rows.n; i++) {
		struct comparison *c = &v->rows.at[i].cmp;

		if ((c->verdict == VERDICT_BETTER || c->verdict == VERDICT_WORSE) && !(c->p <= most)) {
			c->verdict = VERDICT_CANNOT_TELL;
			v->by_chance++;
		}
	}
}

void versus_make(struct versus *ret, const struct analysis *a, const struct analysis *b)
{
	*ret = (struct versus){ 0 };
	for (size_t i = 0; i < a->n_groups; i++) {
		const struct group *other = find_group(b, &a->groups[i]);

		if (other)
			compare_group(ret, a, b, &a->groups[i], other);
	}
	leave_out_chance(ret);
	add_lone(ret, a, b, false);
	add_lone(ret, b, a, true);
}

void versus_free(struct versus *v)
{
	vec_free(&v->rows);
	vec_free(&v->lone);
}
