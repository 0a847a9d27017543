/* SPDX-License-Identifier: Apache-2.0 */
#include "report/compose.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "report/figures.h"

enum tone verdict_tone(const struct change *c)
{
	if (!change_known(c) || c->few)
		return TONE_FLAT;
	switch (c->cmp.verdict) {
	case VERDICT_BETTER:
		return TONE_GOOD;
	case VERDICT_WORSE:
		return TONE_BAD;
	case VERDICT_NO_DIFFERENCE:
	case VERDICT_CANNOT_TELL:
		break;
	}
	return TONE_FLAT;
}

const char *sut_name(const struct doc *d, const char *sut)
{
	return d->script == SCRIPT_ASCII ? sut : sut_title(sut);
}

const char *workload_name(const struct doc *d, const char *workload)
{
	return d->script == SCRIPT_ASCII ? workload : workload_title(workload);
}

/* --- the answer --- */

/* What the card compares, where that is not plain. */
static char *answer_level(const struct analysis *a, const struct answer *w)
{
	if (w->by == FACTOR_TUNING)
		return xstrdup(several_tunings(a) || analysis_has_contrasts(a, FACTOR_DATAPATH) ||
					       analysis_has_contrasts(a, FACTOR_GUEST_KERNEL) ||
					       analysis_has_contrasts(a, FACTOR_PAGES)
				       ? w->tuning
				       : "");
	return xprintf("%s %s against %s%s%s", factor_title(w->by), w->to, w->from,
		       analysis_has_contrasts(a, FACTOR_TUNING) ? ", tuning " : "",
		       analysis_has_contrasts(a, FACTOR_TUNING) ? w->tuning : "");
}

static void fill_card(struct card *card, const struct doc *d, const struct report *r, const struct answer *w)
{
	const char *where = several_interferences(r->analysis) ? interference_title(w->interference) : "";
	const char *qualifier = report_qualifier(r, w->sut);
	AUTO_FREE char *place = place_text(r->analysis, w->place, w->by), *level = answer_level(r->analysis, w);
	struct sink text = { 0 }, sentence = { 0 };
	const struct change *c = w->headline;

	words_finding(&text, r->analysis, w, d->script);
	words_answer(&sentence, r->analysis, w, qualifier, d->script);
	card->title = xprintf("%s%s%s%s%s%s%s", sut_title(w->sut), *place ? ", " : "", place, *where ? ", " : "", where,
			      *level ? ": " : "", level);
	card->chip = *qualifier ? xstrdup(qualifier) : NULL;
	card->text = text.text;
	card->sentence = sentence.text;
	card->tone = c ? verdict_tone(c) : TONE_FLAT;
	card->verdict = xstrdup(!c ? "not measured" : c->few ? "no verdict" : change_verdict(c));
	if (!c)
		card->big = xstrdup("no result");
	else if (c->few || c->cmp.verdict == VERDICT_CANNOT_TELL)
		card->big = xstrdup(c->few ? "too few blocks" : "cannot tell");
	else
		card->big = xstrdup(format_change(c->cmp.ratio.est, d->script).text);
	card->of = c ? xprintf("%s of %s", metric_row(c->metric)->name, workload_times(w->times->workload)) : xstrdup("");
}

static void note_runs(struct doc *d, const struct report *r)
{
	const struct analysis *a = r->analysis;

	if (a->few)
		doc_note(d,
			 "%s: %zu block%s too few to conclude anything. Fewer than %d pairs of runs cannot reach a 95 %% "
			 "interval, whatever they show; 10 blocks are recommended. The numbers below are what was seen, not "
			 "verdicts.",
			 r->quick ? "Quick study" : "Short study", a->blocks, a->blocks == 1 ? " is" : "s are", ENOUGH_BLOCKS);
	if (a->n_missing > 0)
		doc_note(d, "The study is not finished: %zu of %zu runs are missing. vlat study --resume %s completes it.",
			 a->n_missing, a->n_runs, r->dir);
	if (a->n_failed > 0)
		doc_note(d, "Some runs failed and gave no numbers (%zu of %zu); they are listed under \"What is missing\".",
			 a->n_failed, a->n_runs);
	if (a->n_disturbed > 0)
		doc_note(d,
			 "Some runs were made on a disturbed machine (%zu of %zu: stolen time, throttling, or settings that "
			 "somebody changed). They count, and are marked: hollow in the pictures, listed under \"The platform\".",
			 a->n_disturbed, a->n_runs);
}

/* The reason alone, where it begins with what it is the reason of. */
static const char *why_translated(const struct platform *p)
{
	static const char what[] = "binary translation (TCG): ";

	return text_starts(p->accelerator_why.text, what) ? p->accelerator_why.text + strlen(what) : p->accelerator_why.text;
}

static void note_platform(struct doc *d, const struct report *r)
{
	for (size_t i = 0; i < r->platforms.n; i++) {
		const struct platform *p = &r->platforms.at[i];

		if (p->translated)
			doc_note(d,
				 "%s ran under QEMU's binary translation (TCG), not on hardware virtualisation%s%s. Their "
				 "numbers show what tuning does to scheduling and interference; they say little about the "
				 "speed of KVM guests.",
				 sut_title(p->sut), *p->accelerator_why.text ? ": " : "", why_translated(p));
	}
	for (size_t i = 0; i < r->unavailable.n; i++) {
		const struct unavailable *u = &r->unavailable.at[i];

		doc_note(d, "%s were not measured: %s%s%s", u->what, u->why, *u->cure ? ". Cure: " : "", u->cure);
	}
}

void compose_answer(struct doc *d, const struct report *r)
{
	doc_section(d, "answer", "Answer", "The answer");
	for (size_t i = 0; i < r->n_answers; i++)
		fill_card(doc_card(d), d, r, &r->answers[i]);
	if (r->n_answers == 0)
		doc_para(d, "The study holds no run, so there is nothing to say.");
	note_runs(d, r);
	note_platform(d, r);
}

/* --- the whole --- */

/* "2026-11-22T16:40:00Z" as a person writes it; anything else stays what it is. */
static char *date_text(const char *stamp)
{
	static const char *const months[] = { "January", "February", "March",     "April",   "May",      "June",
					      "July",    "August",   "September", "October", "November", "December" };
	unsigned year, month, day, hour, minute;
	int end = 0;

	if (sscanf(stamp, "%4u-%2u-%2uT%2u:%2u:%*2u%n", &year, &month, &day, &hour, &minute, &end) == 5 && end > 0 &&
	    month >= 1 && month <= 12 && text_eq(stamp + end, "Z"))
		return xprintf("%u %s %u, %02u:%02u UTC", day, months[month - 1], year, hour, minute);
	return xstrdup(stamp);
}

static void compose_top(struct doc *d, const struct report *r)
{
	const struct analysis *a = r->analysis;

	d->title = xstrdup(*r->title ? r->title : r->study);
	d->kicker = xprintf("vlat study: %s", r->study);
	if (*r->created) {
		AUTO_FREE char *date = date_text(r->created);

		doc_fact(d, "%s", date);
	}
	for (size_t i = 0; i < r->host.n && i < 3; i++)
		doc_fact(d, "%s", r->host.at[i].value);
	doc_fact(d, "%zu block%s, %zu runs", a->blocks, a->blocks == 1 ? "" : "s", a->n_runs);
	doc_fact(d, "seed %llu", (unsigned long long) r->seed);
	d->footer = xprintf("Made by vlat %s from %s (results format 1). Nothing in this report was loaded from a network.",
			    VLAT_VERSION, r->dir);
}

/* Sections that would be empty are left out. */
static bool compares(const struct report *r)
{
	for (size_t i = 0; i < r->n_answers; i++)
		if (r->answers[i].headline)
			return true;
	return false;
}

static bool has_times(const struct report *r)
{
	for (size_t i = 0; i < r->analysis->n_groups; i++)
		if (!r->analysis->groups[i].stream)
			return true;
	return false;
}

static void compose_changes(struct doc *d, const struct report *r)
{
	doc_section(d, "changes", "Changes", "How large the changes are");
	doc_para(d, "Each change with its 95 %% interval. The axis is logarithmic: halving and doubling are equally far from no "
		    "change.");
	figures_changes(d, r);
	doc_key(d);
}

static void compose_distribution(struct doc *d, const struct report *r, bool pictures)
{
	doc_section(d, "distribution", "Percentiles", "From the typical to the worst");
	if (pictures && r->analysis->n_ok > 0) {
		doc_para(d, "Both axes are logarithmic, so that the slowest one in a thousand has as much room as the first "
			    "half. The line is the median over runs, the band reaches from the lowest to the highest run.");
		figures_curves(d, r);
	}
	compose_percentiles(d, r);
}

static void compose_runs(struct doc *d, const struct report *r)
{
	doc_section(d, "runs", "Every run", "Every run");
	doc_para(d, "One mark a run, the first block at the top, the last at the bottom; the line is the median. Hollow: "
		    "the machine was disturbed. Cross: the run failed.");
	figures_strips(d, r);
}

void compose(struct doc *d, const struct report *r, bool pictures)
{
	compose_top(d, r);
	compose_answer(d, r);
	compose_experiment(d, r);
	if (pictures && compares(r))
		compose_changes(d, r);
	if (has_times(r))
		compose_distribution(d, r, pictures);
	if (pictures && r->analysis->n_ok > 0)
		compose_runs(d, r);
	compose_floor(d, r);
	compose_platform(d, r);
	compose_tuning(d, r);
	compose_gaps(d, r);
	compose_comparisons(d, r);
	compose_reproduce(d, r);
	compose_method(d, r);
}
