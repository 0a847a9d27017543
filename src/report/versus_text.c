/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"
#include "report/versus_out.h"

const char *versus_verdict(const struct versus_row *row)
{
	return interval_bounded(row->cmp.ratio) ? verdict_name(row->cmp.verdict) : "too few runs";
}

static void put_study(struct doc *d, const char *label, const struct report *r)
{
	char length[32] = "several lengths";

	if (isfinite(r->duration_s))
		text_seconds(length, sizeof(length), r->duration_s);
	doc_pair(d, label, "%s (%s, %s, %zu block%s, runs of %s, vlat %s)", r->dir, r->study, r->created, r->blocks,
		 r->blocks == 1 ? "" : "s", length, r->version);
}

static void put_difference(void *arg, const struct versus_differs *d)
{
	doc_item(arg, "%s: %s in A, %s in B", d->name, *d->a ? d->a : "unknown", *d->b ? d->b : "unknown");
}

static void put_differences(struct doc *d, const struct versus_view *v)
{
	size_t before;

	doc_section(d, "differs", "Differences", "Not the same in A and B");
	before = d->blocks.n;
	versus_differs(v, put_difference, d);
	if (d->blocks.n == before)
		doc_para(d, "Nothing that was recorded: machine, kernel and settings look alike.");
}

/* What is not the usual of a system: ", macvtap, rt", or nothing. */
static const char *versus_place(const struct group *g, char *buf, size_t cap)
{
	const char *datapath = text_eq(g->datapath, "bridge") ? "" : g->datapath;
	const char *kernel = text_eq(g->guest_kernel, "standard") ? "" : g->guest_kernel;
	const char *pages = text_eq(g->pages, "tuning") ? "" : g->pages;

	(void) text_print(buf, cap, "%s%s%s%s%s%s", *datapath ? ", " : "", datapath, *kernel ? ", guest kernel " : "", kernel,
			  *pages ? ", pages " : "", pages);
	return buf;
}

static enum tone tone_of(const struct versus_row *r)
{
	static const enum tone of[] = {
		[VERDICT_BETTER] = TONE_GOOD,
		[VERDICT_WORSE] = TONE_BAD,
		[VERDICT_NO_DIFFERENCE] = TONE_FLAT,
		[VERDICT_CANNOT_TELL] = TONE_FLAT,
	};

	return of[r->cmp.verdict];
}

static const struct column columns[] = {
	{ .title = "what" },
	{ .title = "tuning" },
	{ .title = "statistic" },
	{ .title = "A", .number = true },
	{ .title = "B", .number = true },
	{ .title = "change", .number = true },
	{ .title = "95 % interval", .number = true },
	{ .title = "verdict" },
};

/* One arm's statistics stand together under its first row. */
static void put_row(struct table *t, const struct versus_row *r, bool first)
{
	const struct metric_row *m = metric_row(r->metric);
	char place[96];

	table_cell(t, TONE_PLAIN, "%s", first ? r->group->sut : "");
	if (first)
		table_sub(t, "%s, %s%s", r->group->workload, r->group->interference,
			  versus_place(r->group, place, sizeof(place)));
	table_cell(t, TONE_PLAIN, "%s", first ? r->a->tuning : "");
	table_cell(t, TONE_PLAIN, "%s", m->brief);
	table_cell(t, TONE_PLAIN, "%s", format_value(r->before, m->unit, SCRIPT_ASCII).text);
	table_cell(t, TONE_PLAIN, "%s", format_value(r->after, m->unit, SCRIPT_ASCII).text);
	table_cell(t, tone_of(r), "%s", format_change(r->cmp.ratio.est, SCRIPT_ASCII).text);
	table_cell(t, TONE_PLAIN, "%s", format_range(r->cmp.ratio, SCRIPT_ASCII).text);
	table_cell(t, tone_of(r), "%s", versus_verdict(r));
}

static bool is_change(const struct versus_row *r)
{
	return r->cmp.verdict == VERDICT_BETTER || r->cmp.verdict == VERDICT_WORSE;
}

static size_t count(const struct versus *v, size_t n[4])
{
	for (size_t i = 0; i < v->rows.n; i++)
		n[v->rows.at[i].cmp.verdict]++;
	return n[VERDICT_BETTER] + n[VERDICT_WORSE];
}

static void put_sum(struct doc *d, const struct versus *v)
{
	size_t n[4] = { 0 };

	count(v, n);
	doc_para(d, "Of %zu comparisons %zu came out worse, %zu better and %zu without a difference; %zu cannot tell.", v->rows.n,
		 n[VERDICT_WORSE], n[VERDICT_BETTER], n[VERDICT_NO_DIFFERENCE], n[VERDICT_CANNOT_TELL]);
}

static void put_remark(void *arg, const char *text)
{
	doc_note(arg, "%s", text);
}

static void put_changes(struct doc *d, const struct versus *v, bool only_changes)
{
	const struct versus_row *above = NULL;
	size_t n[4] = { 0 };
	struct table *t;

	doc_section(d, "changes", "Changes", "From A to B");
	if (only_changes && count(v, n) == 0) {
		doc_para(d, "Nothing came out better or worse.");
		return;
	}
	if (v->rows.n == 0) {
		doc_note(d, "The two studies have no combination in common that gave results: nothing can be compared.");
		return;
	}
	t = doc_table(d, columns, ARRAY_SIZE(columns), "Medians over the runs of each study; change of B against A.");
	t->grouped = true;
	for (size_t i = 0; i < v->rows.n; i++) {
		if (only_changes && !is_change(&v->rows.at[i]))
			continue;
		put_row(t, &v->rows.at[i], !above || v->rows.at[i].a != above->a);
		above = &v->rows.at[i];
	}
}

static void put_lone(struct doc *d, const struct versus *v)
{
	for (size_t i = 0; i < v->lone.n; i++) {
		const struct versus_lone *l = &v->lone.at[i];
		char place[96];

		doc_item(d, "Only %s has results of %s, %s, %s host%s, tuning %s.", l->in_b ? "B" : "A", l->group->sut,
			 l->group->workload, l->group->interference, versus_place(l->group, place, sizeof(place)),
			 l->arm->tuning);
	}
}

int versus_text(const struct versus_view *v, struct sink *out, const struct text_options *o, struct err *err)
{
	struct doc d = { .script = SCRIPT_ASCII, .title = xstrdup("Two studies compared") };
	int r;

	put_study(&d, "A", v->a);
	put_study(&d, "B", v->b);
	put_sum(&d, &v->versus);
	versus_remarks(v, put_remark, &d);
	put_differences(&d, v);
	put_changes(&d, &v->versus, v->only_changes);
	put_lone(&d, &v->versus);
	doc_para(&d,
		 "Runs of two studies share no block, so whatever else changed on the machine in between counts as change. The "
		 "interval inverts the Mann-Whitney test on logarithms, for which three runs on either side are too few; a "
		 "verdict needs all of it beyond what two identical arms differed by in either study.");
	r = doc_text(&d, out, o, err);
	doc_free(&d);
	return r;
}
