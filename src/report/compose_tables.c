/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of a report: the original experiment, percentiles, noise, every comparison. */
#include <math.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "report/compose.h"
#include "report/published.h"

static const char *metric_name(const struct doc *d, enum metric m)
{
	return d->script == SCRIPT_ASCII ? metric_row(m)->brief : metric_row(m)->name;
}

/* The first cell of a row: SUT and workload once, then empty, which a grouped table reads as "the same". */
static void group_cell_but(struct table *t, const struct group **last, const struct doc *d, const struct report *r,
			   const struct group *g, enum factor except)
{
	AUTO_FREE char *place = place_text(r->analysis, g, except);
	bool first = *last != g, several = several_interferences(r->analysis);

	*last = g;
	if (!first) {
		table_cell(t, TONE_PLAIN, "%s", "");
		return;
	}
	table_cell(t, TONE_PLAIN, "%s%s%s%s", sut_name(d, g->sut), *place ? ", " : "", place,
		   *report_qualifier(r, g->sut) ? " (TCG)" : "");
	table_sub(t, "%s%s%s", workload_name(d, g->workload), several ? ", " : "",
		  several ? interference_title(g->interference) : "");
}

static void group_cell(struct table *t, const struct group **last, const struct doc *d, const struct report *r,
		       const struct group *g)
{
	group_cell_but(t, last, d, r, g, FACTORS);
}

/* --- the experiment of 2015 --- */

static const struct column experiment_columns[] = {
	{ .title = "System" },
	{ .title = "Measure" },
	{ .title = "Baseline", .number = true },
	{ .title = "Tuned", .number = true, .below = true },
	{ .title = "Change", .number = true },
	{ .title = "Verdict" },
	{ .title = "In 2015", .number = true },
};

static void change_cells(struct table *t, const struct change *c, enum script script)
{
	enum unit unit = metric_row(c->metric)->unit;

	table_cell(t, TONE_PLAIN, "%s", format_value(c->before, unit, script).text);
	table_cell(t, TONE_PLAIN, "%s", format_value(c->after, unit, script).text);
	table_cell(t, TONE_PLAIN, "%s", format_change(c->cmp.ratio.est, script).text);
	if (change_known(c))
		table_sub(t, "%s", format_range(c->cmp.ratio, script).text);
	table_cell(t, verdict_tone(c), "%s", change_verdict(c));
}

/* "median", and the tuning level where there are several. */
static void measure_cell(struct table *t, const struct doc *d, const struct report *r, const struct contrast *c, enum metric m)
{
	table_cell(t, TONE_PLAIN, "%s", metric_name(d, m));
	if (several_tunings(r->analysis))
		table_sub(t, "%s", c->tuned->tuning);
}

static void experiment_rows(struct table *t, const struct group **last, const struct doc *d, const struct report *r,
			    const struct group *g)
{
	static const enum metric stream[] = { METRIC_MEDIAN_BPS, METRIC_STDDEV_BPS },
				 times[] = { METRIC_P50_NS, METRIC_STDDEV_NS };

	for (size_t k = 0; k < g->n_contrasts && g->contrasts[k].by == FACTOR_TUNING; k++) {
		for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
			enum metric m = g->stream ? stream[i] : times[i];
			double published = published_ratio(g->sut, g->workload, m);

			group_cell(t, last, d, r, g);
			measure_cell(t, d, r, &g->contrasts[k], m);
			change_cells(t, &g->contrasts[k].change[m], d->script);
			table_cell(t, TONE_PLAIN, "%s", isfinite(published) ? format_change(published, d->script).text : "-");
		}
	}
}

/* What was asked in 2015, over the datapath of 2015. */
static bool in_experiment(const struct group *g)
{
	return (text_eq(g->workload, "tcp-stream") || text_eq(g->workload, "tcp-rr")) && g->n_contrasts > 0 &&
	       g->contrasts[0].by == FACTOR_TUNING && (!*g->datapath || text_eq(g->datapath, "bridge"));
}

static size_t experiment_groups(const struct report *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->analysis->n_groups; i++)
		n += in_experiment(&r->analysis->groups[i]);
	return n;
}

static const char *only_tuning(const struct report *r)
{
	for (size_t i = 0; i < r->n_answers; i++)
		if (r->answers[i].by == FACTOR_TUNING)
			return r->answers[i].tuning;
	return "-";
}

void compose_experiment(struct doc *d, const struct report *r)
{
	const struct group *last = NULL;
	bool translated = false;
	struct table *t;

	if (experiment_groups(r) == 0)
		return;
	for (size_t i = 0; i < r->platforms.n; i++)
		translated = translated || r->platforms.at[i].translated;
	doc_section(d, "experiment", "Experiment of 2015", "The experiment of 2015, on this machine");
	doc_source(d, PUBLISHED_URL,
		   "In 2015 the same question was put to KVM guests and Docker containers on a Linux bridge: what does tuning "
		   "change in TCP throughput and in request/response times? The last column has the changes published then "
		   "(%s). Native processes were not published, and of the request/response times only the standard deviation.",
		   PUBLISHED_NAME);
	t = doc_table(d, experiment_columns, ARRAY_SIZE(experiment_columns),
		      "Medians over the runs. A change is what a typical block shows, not the quotient of two medians; below it "
		      "its 95 %% interval. Baseline: %s. Tuned: %s.",
		      *r->analysis->baseline ? r->analysis->baseline : "the first tuning level",
		      several_tunings(r->analysis) ? "the level named" : only_tuning(r));
	t->grouped = true;
	for (size_t i = 0; i < r->analysis->n_groups; i++)
		if (in_experiment(&r->analysis->groups[i]))
			experiment_rows(t, &last, d, r, &r->analysis->groups[i]);
	doc_para(d,
		 "Compare directions and orders of magnitude, not digits: here client and server are processes on one host, "
		 "joined by a bridge between network namespaces%s. That is not the hardware, the kernel or the network of 2015.",
		 translated ? ", and the guests run under binary translation" : "");
}

/* --- percentiles --- */

static const struct column percentile_columns[] = {
	{ .title = "System" },
	{ .title = "Tuning" },
	{ .title = "p50", .number = true },
	{ .title = "p99", .number = true },
	{ .title = "p99.9", .number = true },
	{ .title = "Max", .number = true },
	{ .title = "Std. dev.", .number = true },
	{ .title = "Runs", .number = true },
};

static void percentile_row(struct table *t, const struct group **last, const struct doc *d, const struct report *r,
			   const struct group *g, const struct arm *arm)
{
	static const enum metric shown[] = { METRIC_P50_NS, METRIC_P99_NS, METRIC_P999_NS };

	group_cell(t, last, d, r, g);
	table_cell(t, TONE_PLAIN, "%s%s", arm->tuning, arm->again ? " again" : "");
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
		table_cell(t, TONE_PLAIN, "%s", format_value(arm->median[shown[i]].est, UNIT_NS, d->script).text);
	table_cell(t, TONE_PLAIN, "%s", format_value(arm->worst, UNIT_NS, d->script).text);
	table_cell(t, TONE_PLAIN, "%s", format_value(arm->median[METRIC_STDDEV_NS].est, UNIT_NS, d->script).text);
	if (arm->n_ok == arm->n_runs)
		table_cell(t, TONE_PLAIN, "%zu", arm->n_ok);
	else
		table_cell(t, TONE_PLAIN, "%zu of %zu", arm->n_ok, arm->n_runs);
	if (arm->n_disturbed > 0)
		table_sub(t, "%zu disturbed", arm->n_disturbed);
}

void compose_percentiles(struct doc *d, const struct report *r)
{
	const struct group *last = NULL;
	struct table *t = doc_table(d, percentile_columns, ARRAY_SIZE(percentile_columns),
				    "Medians over the runs; the maximum is the largest of all runs.");

	t->grouped = true;
	for (size_t i = 0; i < r->analysis->n_groups; i++) {
		const struct group *g = &r->analysis->groups[i];

		for (size_t k = 0; !g->stream && k < g->n_arms; k++)
			percentile_row(t, &last, d, r, g, &g->arms[k]);
	}
}

/* --- the noise floor --- */

static const struct column floor_columns[] = {
	{ .title = "System" },
	{ .title = "Measure" },
	{ .title = "Two identical arms differ by up to", .number = true },
};

static void floor_rows(struct table *t, const struct group **last, const struct doc *d, const struct report *r,
		       const struct group *g)
{
	for (int m = 0; m < METRIC_N; m++) {
		if (!isfinite(g->floor[m]))
			continue;
		group_cell(t, last, d, r, g);
		table_cell(t, TONE_PLAIN, "%s", metric_name(d, (enum metric) m));
		table_cell(t, TONE_PLAIN, "%s", format_floor(g->floor[m], d->script).text);
	}
}

static bool has_floor(const struct group *g)
{
	for (int m = 0; m < METRIC_N; m++)
		if (isfinite(g->floor[m]))
			return true;
	return false;
}

void compose_floor(struct doc *d, const struct report *r)
{
	const struct analysis *a = r->analysis;
	const struct group *last = NULL;
	size_t n_pairs = 0, n_floors = 0;
	struct table *t;

	for (size_t i = 0; i < a->n_groups; i++) {
		n_pairs += a->groups[i].again != NULL;
		n_floors += has_floor(&a->groups[i]);
	}
	doc_section(d, "noise", "Noise", "How much two identical arms differ");
	if (n_floors == 0) {
		doc_para(d, "%s, so the noise between identical arms is not known; verdicts rest on the intervals alone.",
			 n_pairs ? "The A/A pair has too few blocks for an interval" : "The study has no A/A pair");
		return;
	}
	doc_para(d,
		 "The baseline was measured twice in every block, as if it were two things (A/A). What differs between the two "
		 "is noise, and no change within it is called better or worse. A system without a pair of its own is held "
		 "against the noisiest pair of the same workload; a workload without any pair has only its interval.");
	t = doc_table(d, floor_columns, ARRAY_SIZE(floor_columns),
		      "The noise floor: the 95 %% interval of the change between two identical arms lies within it.");
	t->grouped = true;
	for (size_t i = 0; i < a->n_groups; i++)
		if (has_floor(&a->groups[i]))
			floor_rows(t, &last, d, r, &a->groups[i]);
}

/* --- every comparison --- */

static const struct column level_columns[] = {
	{ .title = "System" },
	{ .title = "Measure" },
	{ .title = "First", .number = true },
	{ .title = "This one", .number = true, .below = true },
	{ .title = "Change", .number = true },
	{ .title = "Verdict" },
	{ .title = "Noise", .below = true },
	{ .title = "Blocks", .number = true },
};

static const struct column comparison_columns[] = {
	{ .title = "System" },
	{ .title = "Measure" },
	{ .title = "Baseline", .number = true },
	{ .title = "Tuned", .number = true, .below = true },
	{ .title = "Change", .number = true },
	{ .title = "Verdict" },
	{ .title = "Noise", .below = true },
	{ .title = "Blocks", .number = true },
};

/* "median", and what is compared where that is not plain from the table: the tuning, the level. */
static void compared_cell(struct table *t, const struct doc *d, const struct report *r, const struct contrast *c, enum metric m)
{
	if (c->by == FACTOR_TUNING) {
		measure_cell(t, d, r, c, m);
		return;
	}
	table_cell(t, TONE_PLAIN, "%s", metric_name(d, m));
	if (analysis_has_contrasts(r->analysis, FACTOR_TUNING))
		table_sub(t, "%s against %s, tuning %s", c->to, c->from, c->tuned->tuning);
	else
		table_sub(t, "%s against %s", c->to, c->from);
}

static void comparison_rows(struct table *t, const struct group **last, const struct doc *d, const struct report *r,
			    const struct group *g, const struct contrast *of)
{
	for (int m = 0; m < METRIC_N; m++) {
		const struct change *c = &of->change[m];

		if (!metric_row((enum metric) m)->compared || metric_row((enum metric) m)->stream != g->stream)
			continue;
		group_cell_but(t, last, d, r, g, of->by);
		compared_cell(t, d, r, of, (enum metric) m);
		change_cells(t, c, d->script);
		table_cell(t, TONE_PLAIN, "%s", c->cmp.floor > 1 ? format_floor(c->cmp.floor, d->script).text : "no A/A");
		if (c->floor_from && c->floor_from != g)
			table_sub(t, "of %s", c->floor_from->sut);
		table_cell(t, TONE_PLAIN, "%zu", c->cmp.n);
	}
}

static void comparison_table(struct doc *d, const struct report *r, enum factor by)
{
	const struct group *last = NULL;
	AUTO_FREE char *what =
		by == FACTOR_TUNING ? xstrdup("")
				    : xprintf("Each %s against the first of the study that its system has. ", factor_title(by));
	struct table *t = doc_table(d, by == FACTOR_TUNING ? comparison_columns : level_columns, ARRAY_SIZE(comparison_columns),
				    "%sMedians over the blocks compared. A change is what a typical block shows, not the "
				    "quotient of two medians; below it its 95 %% interval. Noise: what two identical arms "
				    "differ by.",
				    what);

	t->grouped = true;
	for (size_t i = 0; i < r->analysis->n_groups; i++) {
		const struct group *g = &r->analysis->groups[i];

		for (size_t k = 0; k < g->n_contrasts; k++)
			if (g->contrasts[k].by == by)
				comparison_rows(t, &last, d, r, g, &g->contrasts[k]);
	}
}

void compose_comparisons(struct doc *d, const struct report *r)
{
	static const enum factor all[] = { FACTOR_TUNING, FACTOR_DATAPATH, FACTOR_GUEST_KERNEL, FACTOR_PAGES };
	bool others = false;

	doc_section(d, "comparisons", "Comparisons", "Every comparison");
	for (size_t i = 1; i < ARRAY_SIZE(all); i++)
		others = others || analysis_has_contrasts(r->analysis, all[i]);
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (analysis_has_contrasts(r->analysis, all[i]) || (i == 0 && !others))
			comparison_table(d, r, all[i]);
}
