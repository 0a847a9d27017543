/* SPDX-License-Identifier: Apache-2.0 */
#include "report/figures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "report/plot.h"
#include "report/published.h"

/* The range that the panels of one row share, grown value by value. */
struct range {
	double lo, hi;
};
#define RANGE_EMPTY                                                                                                              \
	{                                                                                                                        \
		.lo = INFINITY, .hi = -INFINITY                                                                                  \
	}

static void grow(struct range *r, double v)
{
	if (!isfinite(v) || v <= 0)
		return;
	r->lo = v < r->lo ? v : r->lo;
	r->hi = v > r->hi ? v : r->hi;
}

/* What stands below a panel's title: what else the reader must know about these runs. */
static char *subtitle(const struct report *r, const struct group *g)
{
	const char *qualifier = report_qualifier(r, g->sut);
	AUTO_FREE char *place = place_text(r->analysis, g, FACTORS);

	return xprintf("%s%s%s%s%s", place, *place ? ", " : "", interference_title(g->interference), *qualifier ? ", " : "",
		       qualifier);
}

static char *arm_name(const struct arm *arm)
{
	return arm->again ? xprintf("%s again (A/A)", arm->tuning) : xstrdup(arm->tuning);
}

/* Is this group the first with its workload? Then a row of panels begins here. */
static bool starts_row(const struct analysis *a, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (text_eq(a->groups[k].workload, a->groups[i].workload))
			return false;
	return true;
}

static bool in_row(const struct group *g, const struct group *first)
{
	return text_eq(g->workload, first->workload);
}

/* --- percentile curves --- */

struct arm_curves {
	struct curve at[PLOT_ARMS];
	struct plot_curve plot[PLOT_ARMS];
	size_t n;
};

static struct arm_curves curves_of(const struct group *g)
{
	struct arm_curves set = { .n = 0 };

	for (size_t i = 0; i < g->n_arms && set.n < PLOT_ARMS; i++) {
		struct curve c;

		if (g->arms[i].again)
			continue;
		c = curve_make(&g->arms[i]);
		if (c.n < 2) {
			curve_free(&c);
			continue;
		}
		set.at[set.n] = c;
		set.plot[set.n++] = (struct plot_curve){ .name = g->arms[i].tuning,
							 .arm = g->arms[i].look,
							 .nines = c.nines,
							 .mid = c.mid,
							 .lo = c.lo,
							 .hi = c.hi,
							 .n = c.n };
	}
	return set;
}

static void curves_free(struct arm_curves *set)
{
	for (size_t i = 0; i < set->n; i++)
		curve_free(&set->at[i]);
}

static void describe_arms(struct sink *desc, const struct group *g)
{
	for (size_t i = 0; i < g->n_arms; i++) {
		const struct arm *arm = &g->arms[i];

		if (!isfinite(arm->median[METRIC_P50_NS].est))
			continue;
		sink_printf(desc, "%s%s: median %s, 99 %% within %s, 99.9 %% within %s.", desc->len ? " " : "", arm->tuning,
			    format_value(arm->median[METRIC_P50_NS].est, UNIT_NS, SCRIPT_UNICODE).text,
			    format_value(arm->median[METRIC_P99_NS].est, UNIT_NS, SCRIPT_UNICODE).text,
			    format_value(arm->median[METRIC_P999_NS].est, UNIT_NS, SCRIPT_UNICODE).text);
	}
}

static void put_curves(struct doc *d, const struct report *r, const struct group *g, const struct range *ns, double nines,
		       size_t id)
{
	struct arm_curves set = curves_of(g);
	AUTO_FREE char *sub = subtitle(r, g);
	AUTO_FREE char *title = xprintf("%s: percentiles of %s", sut_title(g->sut), workload_times(g->workload));
	struct sink svg = { 0 }, desc = { 0 };
	char name[32];

	snprintf(name, sizeof(name), "fig-curve-%zu", id);
	describe_arms(&desc, g);
	if (set.n > 0) {
		plot_curves(&svg, &(struct plot_curves){ .text = { name, title, desc.text ? desc.text : "" },
							 .at = set.plot,
							 .n = set.n,
							 .ns_lo = ns->lo,
							 .ns_hi = ns->hi,
							 .nines_hi = nines });
		doc_figure(d, sut_title(g->sut), sub, &svg);
	}
	sink_free(&desc);
	curves_free(&set);
}

static void curves_row(struct doc *d, const struct report *r, const struct group *first, size_t *id)
{
	const struct analysis *a = r->analysis;
	struct range ns = RANGE_EMPTY, nines = RANGE_EMPTY;

	for (size_t i = 0; i < a->n_groups; i++) {
		struct arm_curves set = { .n = 0 };

		if (!in_row(&a->groups[i], first))
			continue;
		set = curves_of(&a->groups[i]);
		for (size_t k = 0; k < set.n; k++) {
			for (size_t p = 0; p < set.at[k].n; p++) {
				grow(&ns, set.at[k].lo[p]);
				grow(&ns, set.at[k].hi[p]);
			}
			grow(&nines, set.at[k].nines[set.at[k].n - 1]);
		}
		curves_free(&set);
	}
	if (!(nines.hi > 0))
		return;
	doc_heading(d, "%s", workload_title(first->workload));
	for (size_t i = 0; i < a->n_groups; i++)
		if (in_row(&a->groups[i], first))
			put_curves(d, r, &a->groups[i], &ns, nines.hi, ++*id);
}

void figures_curves(struct doc *d, const struct report *r)
{
	size_t id = 0;

	for (size_t i = 0; i < r->analysis->n_groups; i++)
		if (starts_row(r->analysis, i))
			curves_row(d, r, &r->analysis->groups[i], &id);
}

/* --- strips --- */

static enum metric strip_metric(const struct group *g)
{
	return g->stream ? METRIC_MEDIAN_BPS : METRIC_STDDEV_NS;
}

static char *dot_note(const struct run *run, enum metric m)
{
	struct formatted value = format_value(run->value[m], metric_row(m)->unit, SCRIPT_UNICODE);

	if (run->state != RUN_OK)
		return xprintf("block %u, run %u: %s%s%s", run->block, run->id, run->state == RUN_MISSING ? "not run" : "failed",
			       *run->why ? ": " : "", run->why);
	return xprintf("block %u, run %u: %s%s%s", run->block, run->id, value.text, run->disturbed ? ", disturbed: " : "",
		       run->disturbed ? run->why : "");
}

static void strip_row(struct plot_row *row, const struct arm *arm, enum metric m)
{
	struct plot_dot *dots = xalloc(arm->n_runs + 1, sizeof(*dots));
	size_t n = 0;

	for (size_t i = 0; i < arm->n_runs; i++) {
		const struct run *run = &arm->runs[i];

		if (run->state == RUN_MISSING)
			continue;
		dots[n++] = (struct plot_dot){ .value = run->state == RUN_OK ? run->value[m] : NAN,
					       .block = run->block,
					       .disturbed = run->disturbed,
					       .note = dot_note(run, m) };
	}
	*row = (struct plot_row){ .name = arm_name(arm), .arm = arm->look, .median = arm->median[m].est, .at = dots, .n = n };
}

static void strip_row_free(struct plot_row *row)
{
	for (size_t i = 0; i < row->n; i++)
		free((char *) row->at[i].note);
	free((struct plot_dot *) row->at);
	free((char *) row->name);
}

static void describe_rows(struct sink *desc, const struct group *g, enum metric m)
{
	for (size_t i = 0; i < g->n_arms; i++) {
		const struct arm *arm = &g->arms[i];

		sink_printf(desc, "%s%s%s: %zu runs, median %s.", i > 0 ? " " : "", arm->tuning, arm->again ? " again" : "",
			    arm->n_ok, format_value(arm->median[m].est, metric_row(m)->unit, SCRIPT_UNICODE).text);
	}
}

static void put_strip(struct doc *d, const struct report *r, const struct group *g, const struct range *v, size_t id)
{
	enum metric m = strip_metric(g);
	AUTO_FREE char *sub = subtitle(r, g);
	AUTO_FREE char *title =
		xprintf("%s: %s of %s in every run", sut_title(g->sut), metric_row(m)->name, workload_times(g->workload));
	struct plot_row *rows = xalloc(g->n_arms + 1, sizeof(*rows));
	struct sink svg = { 0 }, desc = { 0 };
	char name[32];

	snprintf(name, sizeof(name), "fig-runs-%zu", id);
	describe_rows(&desc, g, m);
	for (size_t i = 0; i < g->n_arms; i++)
		strip_row(&rows[i], &g->arms[i], m);
	plot_strip(&svg, &(struct plot_strip){ .text = { name, title, desc.text ? desc.text : "" },
					       .at = rows,
					       .n = g->n_arms,
					       .blocks = (unsigned) r->analysis->blocks,
					       .lo = v->lo,
					       .hi = v->hi,
					       .unit = metric_row(m)->unit });
	doc_figure(d, sut_title(g->sut), sub, &svg);
	for (size_t i = 0; i < g->n_arms; i++)
		strip_row_free(&rows[i]);
	free(rows);
	sink_free(&desc);
}

static struct range values_of(const struct group *g)
{
	struct range v = RANGE_EMPTY;

	for (size_t k = 0; k < g->n_arms; k++)
		for (size_t n = 0; n < g->arms[k].n_runs; n++)
			grow(&v, g->arms[k].runs[n].value[strip_metric(g)]);
	return v;
}

/* Times share one axis. Throughput does not: a slow system's runs would shrink to a dot beside a fast one's. */
static void strips_row(struct doc *d, const struct report *r, const struct group *first, size_t *id)
{
	const struct analysis *a = r->analysis;
	struct range all = RANGE_EMPTY;

	for (size_t i = 0; i < a->n_groups; i++) {
		struct range v = values_of(&a->groups[i]);

		if (!in_row(&a->groups[i], first))
			continue;
		grow(&all, v.lo);
		grow(&all, v.hi);
	}
	if (!(all.hi > 0))
		return;
	doc_heading(d, "%s: %s of each run", workload_title(first->workload), metric_row(strip_metric(first))->name);
	for (size_t i = 0; i < a->n_groups; i++) {
		struct range own = values_of(&a->groups[i]);

		if (in_row(&a->groups[i], first) && own.hi > 0)
			put_strip(d, r, &a->groups[i], a->groups[i].stream ? &own : &all, ++*id);
	}
}

void figures_strips(struct doc *d, const struct report *r)
{
	size_t id = 0;

	for (size_t i = 0; i < r->analysis->n_groups; i++)
		if (starts_row(r->analysis, i))
			strips_row(d, r, &r->analysis->groups[i], &id);
}
