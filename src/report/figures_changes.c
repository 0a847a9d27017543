/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "report/figures.h"
#include "report/plot.h"
#include "report/published.h"

/* A row's value in words: "-97.1 %, better". */
static char *change_value(const struct change *c)
{
	return xprintf("%s, %s", format_change(c->cmp.ratio.est, SCRIPT_UNICODE).text, change_verdict(c));
}

typedef VEC(struct plot_change) rows;

static void add_rows(rows *list, const struct group *g, const struct contrast *of)
{
	const char *heading = workload_title(g->workload);

	for (int m = 0; m < METRIC_N; m++) {
		const struct change *c = &of->change[m];

		if (!change_known(c))
			continue;
		*vec_add(list) = (struct plot_change){
			.heading = heading,
			.label = metric_row((enum metric) m)->name,
			.value = change_value(c),
			.ratio = c->cmp.ratio,
			.floor = c->cmp.floor,
			.published = of->by == FACTOR_TUNING ? published_ratio(g->sut, g->workload, (enum metric) m) : NAN,
			.verdict = c->few ? VERDICT_CANNOT_TELL : c->cmp.verdict,
		};
		heading = NULL;
	}
}

static void rows_of(rows *list, const struct report *r, const struct answer *w)
{
	for (size_t i = 0; i < r->analysis->n_groups; i++) {
		const struct group *g = &r->analysis->groups[i];
		const struct contrast *c = answer_contrast(w, g);

		if (c)
			add_rows(list, g, c);
	}
}

static void rows_free(rows *list)
{
	for (size_t i = 0; i < list->n; i++)
		free((char *) list->at[i].value);
	vec_free(list);
}

static void grow(double *lo, double *hi, double ratio)
{
	if (!isfinite(ratio) || ratio <= 0)
		return;
	*lo = fmin(*lo, ratio);
	*hi = fmax(*hi, ratio);
}

/* All panels share one axis. It reaches beyond what it must hold, at least from -50 % to +100 %, at most five decades each way.
 */
static void common_axis(const struct report *r, double *lo, double *hi)
{
	*lo = 0.5;
	*hi = 2;
	for (size_t i = 0; i < r->n_answers; i++) {
		rows list = { 0 };

		rows_of(&list, r, &r->answers[i]);
		for (size_t k = 0; k < list.n; k++) {
			grow(lo, hi, list.at[k].ratio.est);
			grow(lo, hi, list.at[k].ratio.lo);
			grow(lo, hi, list.at[k].ratio.hi);
			grow(lo, hi, list.at[k].published);
		}
		rows_free(&list);
	}
	*lo = fmax(*lo / 1.15, 1e-5);
	*hi = fmin(*hi * 1.15, 1e5);
}

static void describe(struct sink *desc, const rows *list)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct plot_change *c = &list->at[i];

		sink_printf(desc, "%s%s%s%s: %s, 95 %% interval %s.", i > 0 ? " " : "", c->heading ? c->heading : "",
			    c->heading ? ": " : "", c->label, c->value, format_range(c->ratio, SCRIPT_UNICODE).text);
	}
}

/* "vlat against stock", "macvtap against bridge, tuning vlat" */
static char *compared(const struct report *r, const struct answer *w)
{
	bool tuned = w->by != FACTOR_TUNING && analysis_has_contrasts(r->analysis, FACTOR_TUNING);

	if (w->by == FACTOR_TUNING)
		return xprintf("%s against %s", w->tuning, r->analysis->baseline);
	return xprintf("%s against %s%s%s", w->to, w->from, tuned ? ", tuning " : "", tuned ? w->tuning : "");
}

static void put_panel(struct doc *d, const struct report *r, const struct answer *w, double lo, double hi, size_t id)
{
	const char *where = several_interferences(r->analysis) ? interference_title(w->interference) : "";
	const char *qualifier = report_qualifier(r, w->sut);
	AUTO_FREE char *place = place_text(r->analysis, w->place, w->by), *what = compared(r, w);
	AUTO_FREE char *sub = xprintf("%s%s%s%s%s%s%s", place, *place ? ", " : "", where, *where ? ", " : "", qualifier,
				      *qualifier ? ", " : "", what);
	AUTO_FREE char *title = xprintf("%s: change of %s", sut_title(w->sut), what);
	struct sink svg = { 0 }, desc = { 0 };
	rows list = { 0 };
	char name[32];

	rows_of(&list, r, w);
	if (list.n > 0) {
		snprintf(name, sizeof(name), "fig-change-%zu", id);
		describe(&desc, &list);
		plot_changes(&svg, &(struct plot_changes){
					   .text = { name, title, desc.text }, .at = list.at, .n = list.n, .lo = lo, .hi = hi });
		doc_figure(d, sut_title(w->sut), sub, &svg);
	}
	sink_free(&desc);
	rows_free(&list);
}

void figures_changes(struct doc *d, const struct report *r)
{
	double lo, hi;

	common_axis(r, &lo, &hi);
	for (size_t i = 0; i < r->n_answers; i++)
		put_panel(d, r, &r->answers[i], lo, hi, i + 1);
}
