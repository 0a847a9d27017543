/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes between arms.  Values are paired by block, because runs of one block
 * lie within minutes of each other and share what the machine did meanwhile.
 *
 * The noise floor of a statistic is taken from the A/A pair of the same group
 * where there is one; otherwise from the noisiest A/A pair of the same workload,
 * and the report says which.  No A/A pair of that workload: no floor.
 */
#include "report/change.h"

#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"

struct pairs {
	double *a, *b; /* [n], by block */
	size_t n;
};

static double value_of(const struct run *r, enum metric m)
{
	return r->state == RUN_OK ? r->value[m] : NAN;
}

/* Blocks where both arms have a value; both arms are sorted by block, a block run twice counts once. */
static struct pairs make_pairs(const struct arm *a, const struct arm *b, enum metric m)
{
	size_t most = a->n_runs < b->n_runs ? a->n_runs : b->n_runs;
	struct pairs p = { .a = xalloc(most + 1, sizeof(double)), .b = xalloc(most + 1, sizeof(double)) };
	size_t i = 0, k = 0;

	while (i < a->n_runs && k < b->n_runs) {
		const struct run *x = &a->runs[i], *y = &b->runs[k];

		if (x->block != y->block || !isfinite(value_of(x, m))) {
			i += x->block <= y->block;
			k += x->block > y->block;
		} else if (!isfinite(value_of(y, m))) {
			k++;
		} else {
			p.a[p.n] = x->value[m];
			p.b[p.n++] = y->value[m];
			while (i < a->n_runs && a->runs[i].block == y->block)
				i++;
			k++;
		}
	}
	return p;
}

static void pairs_free(struct pairs *p)
{
	free(p->a);
	free(p->b);
}

static void own_floor(struct group *g)
{
	const struct arm *base = NULL;

	for (size_t i = 0; i < g->n_arms; i++)
		if (g->again && !g->arms[i].again && g->arms[i].look == g->again->look)
			base = &g->arms[i];
	for (int m = 0; m < METRIC_N; m++) {
		struct pairs p;

		g->floor[m] = NAN;
		if (!base || !metric_row((enum metric) m)->compared)
			continue;
		p = make_pairs(base, g->again, (enum metric) m);
		if (p.n > 0)
			g->floor[m] = compare_floor(p.a, p.b, p.n);
		pairs_free(&p);
	}
}

static const struct group *noisiest(const struct analysis *a, const struct group *g, enum metric m, bool same_sut)
{
	const struct group *best = NULL;

	for (size_t i = 0; i < a->n_groups; i++) {
		const struct group *other = &a->groups[i];

		if (isfinite(other->floor[m]) && text_eq(other->workload, g->workload) &&
		    (!same_sut || text_eq(other->sut, g->sut)) && (!best || other->floor[m] > best->floor[m]))
			best = other;
	}
	return best;
}

const struct group *analysis_floor(const struct analysis *a, const struct group *g, enum metric m)
{
	const struct group *own;

	if (isfinite(g->floor[m]))
		return g;
	own = noisiest(a, g, m, true);
	return own ? own : noisiest(a, g, m, false);
}

const char *group_level(const struct group *g, enum factor f)
{
	switch (f) {
	case FACTOR_SUT:
		return g->sut;
	case FACTOR_INTERFERENCE:
		return g->interference;
	case FACTOR_WORKLOAD:
		return g->workload;
	case FACTOR_DATAPATH:
		return g->datapath;
	case FACTOR_GUEST_KERNEL:
		return g->guest_kernel;
	case FACTOR_PAGES:
		return g->pages;
	case FACTOR_TUNING:
	case FACTORS:
		break;
	}
	return "";
}

bool analysis_varies(const struct analysis *a, enum factor f)
{
	const char *first = NULL;

	for (size_t i = 0; i < a->n_groups; i++) {
		const char *level = group_level(&a->groups[i], f);

		if (*level && first && !text_eq(level, first))
			return true;
		first = *level ? level : first;
	}
	return false;
}

bool analysis_has_contrasts(const struct analysis *a, enum factor by)
{
	for (size_t i = 0; i < a->n_groups; i++)
		for (size_t k = 0; k < a->groups[i].n_contrasts; k++)
			if (a->groups[i].contrasts[k].by == by)
				return true;
	return false;
}

static void fill_change(struct change *c, const struct analysis *a, const struct group *g, const struct contrast *of)
{
	struct pairs p = make_pairs(of->base, of->tuned, c->metric);
	double floor = 1;

	c->floor_from = analysis_floor(a, g, c->metric);
	if (c->floor_from && c->floor_from->floor[c->metric] > 1)
		floor = c->floor_from->floor[c->metric];
	if (p.n > 0)
		compare_paired(&c->cmp, p.a, p.b, p.n, floor, metric_row(c->metric)->lower_is_better);
	c->before = p.n > 0 ? median_interval(p.a, p.n).est : NAN;
	c->after = p.n > 0 ? median_interval(p.b, p.n).est : NAN;
	c->few = c->cmp.n < ENOUGH_BLOCKS;
	pairs_free(&p);
}

static void add_contrast(struct analysis *a, struct group *g, const struct contrast *like)
{
	struct contrast *c = &g->contrasts[g->n_contrasts++];

	*c = *like;
	for (int m = 0; m < METRIC_N; m++) {
		const struct metric_row *row = metric_row((enum metric) m);

		c->change[m] = (struct change){ .metric = (enum metric) m,
						.before = NAN,
						.after = NAN,
						.cmp = { .ratio = INTERVAL_NONE, .floor = 1, .p = NAN } };
		if (row->compared && row->stream == g->stream)
			fill_change(&c->change[m], a, g, c);
	}
}

static void tunings_of(struct analysis *a, struct group *g)
{
	for (size_t k = 0; g->base && k < g->n_arms; k++)
		if (&g->arms[k] != g->base && !g->arms[k].again)
			add_contrast(a, g,
				     &(struct contrast){ .by = FACTOR_TUNING,
							 .from = g->base->tuning,
							 .to = g->arms[k].tuning,
							 .base = g->base,
							 .tuned = &g->arms[k] });
}

/* Alike in all but one factor. */
static bool differs_only_in(const struct group *g, const struct group *h, enum factor by)
{
	for (enum factor f = FACTOR_SUT; f < FACTOR_TUNING; f++)
		if (f != by && !text_eq(group_level(g, f), group_level(h, f)))
			return false;
	return !text_eq(group_level(g, by), group_level(h, by));
}

static const struct arm *arm_at(const struct group *g, const char *tuning)
{
	for (size_t i = 0; i < g->n_arms; i++)
		if (!g->arms[i].again && text_eq(g->arms[i].tuning, tuning))
			return &g->arms[i];
	return NULL;
}

/* Against the first group that has another level and all else alike; groups are in the study's order. */
static void levels_of(struct analysis *a, struct group *g, enum factor by)
{
	const struct group *first = a->groups;

	while (first < g && !differs_only_in(first, g, by))
		first++;
	for (size_t k = 0; first < g && k < g->n_arms; k++) {
		const struct arm *base = g->arms[k].again ? NULL : arm_at(first, g->arms[k].tuning);

		if (base)
			add_contrast(a, g,
				     &(struct contrast){ .by = by,
							 .from = group_level(first, by),
							 .to = group_level(g, by),
							 .base = base,
							 .tuned = &g->arms[k] });
	}
}

void analyse_changes(struct analysis *a)
{
	for (size_t i = 0; i < a->n_groups; i++)
		own_floor(&a->groups[i]);
	for (size_t i = 0; i < a->n_groups; i++) {
		struct group *g = &a->groups[i];

		g->contrasts = xalloc(4 * g->n_arms + 1, sizeof(*g->contrasts));
		tunings_of(a, g);
		for (enum factor by = FACTOR_DATAPATH; by <= FACTOR_PAGES; by++)
			levels_of(a, g, by);
	}
}

bool change_known(const struct change *c)
{
	return c->cmp.n > 0 && isfinite(c->cmp.ratio.est) && c->cmp.ratio.est > 0;
}

const struct change *contrast_headline(const struct contrast *c)
{
	static const enum metric order[] = { METRIC_STDDEV_NS, METRIC_P50_NS, METRIC_MEDIAN_BPS, METRIC_STDDEV_BPS };

	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		if (change_known(&c->change[order[i]]))
			return &c->change[order[i]];
	return NULL;
}
