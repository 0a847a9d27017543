/* SPDX-License-Identifier: Apache-2.0 */
#include "report/words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"

bool several_interferences(const struct analysis *a)
{
	for (size_t i = 1; i < a->n_groups; i++)
		if (!text_eq(a->groups[i].interference, a->groups[0].interference))
			return true;
	return false;
}

bool several_tunings(const struct analysis *a)
{
	for (size_t i = 0; i < a->n_groups; i++) {
		size_t n = 0;

		for (size_t k = 0; k < a->groups[i].n_contrasts; k++)
			n += a->groups[i].contrasts[k].by == FACTOR_TUNING;
		if (n > 1)
			return true;
	}
	return false;
}

const char *factor_title(enum factor f)
{
	static const char *const titles[FACTORS] = {
		[FACTOR_SUT] = "system",        [FACTOR_INTERFERENCE] = "interference", [FACTOR_WORKLOAD] = "workload",
		[FACTOR_DATAPATH] = "datapath", [FACTOR_GUEST_KERNEL] = "guest kernel", [FACTOR_PAGES] = "pages",
		[FACTOR_TUNING] = "tuning",
	};

	return titles[f];
}

/* The name of a datapath says what it is; "rt" or "2m" alone would not. */
char *place_text(const struct analysis *a, const struct group *g, enum factor except)
{
	struct sink s = { 0 };

	for (enum factor f = FACTOR_DATAPATH; f <= FACTOR_PAGES; f++)
		if (f != except && *group_level(g, f) && analysis_varies(a, f))
			sink_printf(&s, "%s%s%s%s", s.len ? ", " : "", f == FACTOR_DATAPATH ? "" : factor_title(f),
				    f == FACTOR_DATAPATH ? "" : " ", group_level(g, f));
	return s.text ? s.text : xstrdup("");
}

const char *change_verdict(const struct change *c)
{
	if (!change_known(c))
		return "not compared";
	return c->few ? "too few blocks" : verdict_name(c->cmp.verdict);
}

/* The workload that a sentence is about: that of the original experiment, else any with times, else any. */
static int worth(const struct group *g)
{
	return text_eq(g->workload, "tcp-rr") ? 3 : !g->stream ? 2 : 1;
}

static const struct change *known(const struct change *c)
{
	return change_known(c) ? c : NULL;
}

/* Let one contrast of the answer's SUT and level add what it knows. */
static void answer_add(struct answer *w, const struct group *g, const struct contrast *c)
{
	if (g->stream && !w->rate)
		w->rate = known(&c->change[METRIC_MEDIAN_BPS]);
	if (!contrast_headline(c) || (w->headline && worth(w->times) >= worth(g)))
		return;
	w->times = g;
	w->headline = contrast_headline(c);
	w->tail = known(&c->change[METRIC_P999_NS]);
}

static void answer_count(struct answer *w, const struct group *g)
{
	for (size_t i = 0; i < g->n_arms; i++) {
		w->n_planned += g->arms[i].n_runs;
		w->n_ok += g->arms[i].n_ok;
	}
}

static bool same_place(const struct group *g, const struct answer *w)
{
	for (enum factor f = FACTOR_SUT; f < FACTOR_TUNING; f++)
		if (f != FACTOR_WORKLOAD && !text_eq(group_level(g, f), group_level(w->place, f)))
			return false;
	return true;
}

static bool same_contrast(const struct contrast *c, const struct answer *w)
{
	return c->by == w->by && text_eq(c->tuned->tuning, w->tuning);
}

const struct contrast *answer_contrast(const struct answer *w, const struct group *g)
{
	for (size_t i = 0; same_place(g, w) && i < g->n_contrasts; i++)
		if (same_contrast(&g->contrasts[i], w))
			return &g->contrasts[i];
	return NULL;
}

static void answer_fill(struct answer *w, const struct analysis *a)
{
	for (size_t i = 0; i < a->n_groups; i++) {
		const struct group *g = &a->groups[i];
		const struct contrast *c = answer_contrast(w, g);

		if (!same_place(g, w))
			continue;
		answer_count(w, g);
		if (c)
			answer_add(w, g, c);
	}
	if (w->rate == w->headline)
		w->rate = NULL;
}

/* c NULL: any answer about that place will do. */
static bool have_answer(const struct answer *w, size_t n, const struct group *g, const struct contrast *c)
{
	for (size_t i = 0; i < n; i++)
		if (same_place(g, &w[i]) && (!c || same_contrast(c, &w[i])))
			return true;
	return false;
}

/* Others are compared with it: the answers stand there. */
static bool is_reference(const struct analysis *a, const struct group *g)
{
	for (size_t i = 0; i < a->n_groups; i++)
		for (size_t k = 0; k < a->groups[i].n_contrasts; k++) {
			const struct contrast *c = &a->groups[i].contrasts[k];

			if (c->by != FACTOR_TUNING && c->base >= g->arms && c->base < g->arms + g->n_arms)
				return true;
		}
	return false;
}

struct answer *answers_make(const struct analysis *a, size_t *ret_n)
{
	VEC(struct answer) list = { 0 };

	for (size_t i = 0; i < a->n_groups; i++) {
		const struct group *g = &a->groups[i];
		struct answer w = {
			.place = g, .sut = g->sut, .interference = g->interference, .tuning = "", .by = FACTOR_TUNING
		};

		for (size_t k = 0; k < g->n_contrasts; k++) {
			const struct contrast *c = &g->contrasts[k];

			w.tuning = c->tuned->tuning;
			w.by = c->by;
			w.from = c->from;
			w.to = c->to;
			if (!have_answer(list.at, list.n, g, c))
				*vec_add(&list) = w;
		}
		if (g->n_contrasts == 0 && !is_reference(a, g) && !have_answer(list.at, list.n, g, NULL))
			*vec_add(&list) = w;
	}
	for (size_t i = 0; i < list.n; i++)
		answer_fill(&list.at[i], a);
	*ret_n = list.n;
	return list.at;
}

/* Who acts in the sentence. */
static void put_subject(struct sink *out, const struct analysis *a, const struct answer *w)
{
	if (w->by != FACTOR_TUNING) {
		sink_printf(out, "%s %s instead of %s", factor_title(w->by), w->to, w->from);
		if (analysis_has_contrasts(a, FACTOR_TUNING))
			sink_printf(out, " (tuning %s)", w->tuning);
		return;
	}
	if (text_eq(w->tuning, "vlat") && !several_tunings(a))
		sink_put(out, "tuning");
	else
		sink_printf(out, "tuning level %s", w->tuning);
}

static void put_what(struct sink *out, const struct answer *w, const struct change *c)
{
	const struct metric_row *row = metric_row(c->metric);

	if (row->spread)
		sink_printf(out, "the spread (standard deviation) of %s", workload_times(w->times->workload));
	else
		sink_printf(out, "the %s of %s", row->name, workload_times(w->times->workload));
}

/* "95.8 to 98.0": the interval of a cut or a rise, as sizes, the smaller first; the unit stands before the bracket. */
static void put_sizes(struct sink *out, const struct change *c)
{
	struct interval r = c->cmp.ratio;
	bool fell = r.est < 1;

	sink_put(out, format_sizes(fell ? r.hi : r.lo, fell ? r.lo : r.hi).text);
}

static void put_range(struct sink *out, const struct change *c, enum script script)
{
	sink_printf(out, "95 %% interval %s", format_range(c->cmp.ratio, script).text);
	if (c->cmp.floor > 1)
		sink_printf(out, ", two identical arms differ by up to %s", format_floor(c->cmp.floor, script).text);
}

static void put_from_to(struct sink *out, const struct change *c, enum script script)
{
	enum unit unit = metric_row(c->metric)->unit;

	sink_printf(out, "from %s to %s", format_value(c->before, unit, script).text, format_value(c->after, unit, script).text);
}

static void put_headline(struct sink *out, const struct analysis *a, const struct answer *w, enum script script)
{
	const struct change *c = w->headline;

	switch (c->cmp.verdict) {
	case VERDICT_BETTER:
	case VERDICT_WORSE:
		put_subject(out, a, w);
		sink_put(out, c->cmp.ratio.est < 1 ? " cut " : " raised ");
		put_what(out, w, c);
		sink_printf(out, " by %s (95 %% interval ", format_size(c->cmp.ratio.est, script).text);
		put_sizes(out, c);
		sink_char(out, ')');
		return;
	case VERDICT_NO_DIFFERENCE:
		put_subject(out, a, w);
		sink_put(out, " made no difference to ");
		break;
	case VERDICT_CANNOT_TELL:
		sink_put(out, "it cannot be told whether ");
		put_subject(out, a, w);
		sink_put(out, " changed ");
		break;
	}
	put_what(out, w, c);
	sink_put(out, " (");
	put_range(out, c, script);
	sink_char(out, ')');
}

static void put_outcome(struct sink *out, const struct change *c, enum script script)
{
	enum unit unit = metric_row(c->metric)->unit;

	switch (c->few ? VERDICT_CANNOT_TELL : c->cmp.verdict) {
	case VERDICT_BETTER:
	case VERDICT_WORSE:
		sink_put(out, c->cmp.ratio.est < 1 ? " fell " : " rose ");
		put_from_to(out, c, script);
		return;
	case VERDICT_NO_DIFFERENCE:
		sink_printf(out, " stayed the same (%s)", format_value(c->after, unit, script).text);
		return;
	case VERDICT_CANNOT_TELL:
		sink_printf(out, " cannot be told apart (%s before, %s after)", format_value(c->before, unit, script).text,
			    format_value(c->after, unit, script).text);
		return;
	}
}

static bool decided(const struct change *c)
{
	return !c->few && (c->cmp.verdict == VERDICT_BETTER || c->cmp.verdict == VERDICT_WORSE);
}

static void put_tail(struct sink *out, const struct answer *w, enum script script)
{
	if (!w->tail || w->tail == w->headline)
		return;
	if (decided(w->headline) && decided(w->tail) && w->tail->cmp.verdict == w->headline->cmp.verdict) {
		sink_put(out, " and the 99.9th percentile ");
		put_from_to(out, w->tail, script);
	} else {
		sink_put(out, "; the 99.9th percentile");
		put_outcome(out, w->tail, script);
	}
}

static void put_few(struct sink *out, const struct analysis *a, const struct answer *w, enum script script)
{
	const struct change *c = w->headline;

	sink_printf(out, "%zu block%s too few to conclude; ", c->cmp.n, c->cmp.n == 1 ? " is" : "s are");
	put_what(out, w, c);
	sink_put(out, " went ");
	put_from_to(out, c, script);
	sink_put(out, " with ");
	put_subject(out, a, w);
	if (w->tail && w->tail != c) {
		sink_put(out, ", the 99.9th percentile ");
		put_from_to(out, w->tail, script);
	}
}

static void put_finding(struct sink *out, const struct analysis *a, const struct answer *w, enum script script)
{
	if (!w->headline && w->n_ok == 0) {
		sink_printf(out, "not measured, none of %zu runs gave a result", w->n_planned);
	} else if (!w->headline) {
		sink_printf(out, "nothing to compare, no block has both a run at %s and one at %s",
			    *a->baseline ? a->baseline : "the first tuning level",
			    *w->tuning ? w->tuning : "another tuning level");
	} else if (w->headline->few) {
		put_few(out, a, w, script);
	} else {
		put_headline(out, a, w, script);
		put_tail(out, w, script);
		if (w->rate) {
			sink_put(out, "; median TCP throughput");
			put_outcome(out, w->rate, script);
		}
	}
	sink_char(out, '.');
}

void words_answer(struct sink *out, const struct analysis *a, const struct answer *w, const char *qualifier, enum script script)
{
	AUTO_FREE char *place = place_text(a, w->place, w->by);
	const char *all[] = { place, several_interferences(a) ? interference_title(w->interference) : "", qualifier };
	bool any = false;

	sink_put(out, sut_title(w->sut));
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		if (!*all[i])
			continue;
		sink_printf(out, "%s%s", any ? ", " : " (", all[i]);
		any = true;
	}
	sink_put(out, any ? "): " : ": ");
	put_finding(out, a, w, script);
}

void words_finding(struct sink *out, const struct analysis *a, const struct answer *w, enum script script)
{
	size_t start = out->len;

	put_finding(out, a, w, script);
	if (out->text[start] >= 'a' && out->text[start] <= 'z')
		out->text[start] = (char) (out->text[start] - 'a' + 'A');
}
