/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/text.h"
#include "report/gather.h"
#include "report/versus_out.h"

/* Whom to tell. */
struct telling {
	versus_remark_fn *each;
	void *arg;
};

static void __attribute__((format(printf, 2, 3))) tell(const struct telling *t, const char *fmt, ...)
{
	struct sink s = { 0 };
	va_list ap;

	va_start(ap, fmt);
	sink_vprintf(&s, fmt, ap);
	va_end(ap);
	t->each(t->arg, s.text);
	sink_free(&s);
}

static void same_study(const struct telling *t, const struct report *a, const struct report *b)
{
	if (*a->created && text_eq(a->created, b->created) && a->seed == b->seed && text_eq(a->study, b->study))
		tell(t, "A and B are the same study, made %s with seed %llu.", a->created, (unsigned long long) a->seed);
}

static void runs(const struct telling *t, const struct report *r, const char *which)
{
	const struct analysis *a = r->analysis;
	const struct {
		size_t n;
		const char *what;
	} rows[] = {
		{ a->n_failed, "failed" },
		{ a->n_missing, "have not been made" },
		{ a->n_disturbed, "were made on a disturbed machine; they count" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].n > 0)
			tell(t, "%zu of %zu runs of %s %s.", rows[i].n, a->n_runs, which, rows[i].what);
}

static void few_runs(const struct telling *t, const struct versus *v)
{
	size_t few = 0;

	for (size_t i = 0; i < v->rows.n; i++)
		few += !interval_bounded(v->rows.at[i].cmp.ratio);
	if (few > 0)
		tell(t,
		     "%zu of %zu comparisons have too few runs for a 95 %% interval. Four on either side give one; ten are "
		     "recommended.",
		     few, v->rows.n);
}

static void no_floor(const struct telling *t, const struct versus *v)
{
	struct words_seen without = { 0 };

	for (size_t i = 0; i < v->rows.n; i++)
		if (v->rows.at[i].cmp.floor <= 1)
			words_add(&without, v->rows.at[i].group->workload);
	if (*without.text)
		tell(t,
		     "No noise floor is known of %s: neither study has an A/A pair of it with enough blocks. Those verdicts rest "
		     "on the interval alone.",
		     without.text);
}

static void chance(const struct telling *t, const struct versus *v)
{
	if (v->by_chance > 0)
		tell(t,
		     "%zu comparison%s would come out better or worse if made alone, but so much is to be expected by chance "
		     "among %zu, and counts as \"cannot tell\".",
		     v->by_chance, v->by_chance == 1 ? "" : "s", v->rows.n);
}

void versus_remarks(const struct versus_view *v, versus_remark_fn *each, void *arg)
{
	const struct telling t = { .each = each, .arg = arg };

	same_study(&t, v->a, v->b);
	runs(&t, v->a, "A");
	runs(&t, v->b, "B");
	few_runs(&t, &v->versus);
	no_floor(&t, &v->versus);
	chance(&t, &v->versus);
}
