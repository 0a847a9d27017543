/* SPDX-License-Identifier: Apache-2.0 */
/* report.json: docs/report.md says what each member means. What is not known is null, never left out. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "report/published.h"
#include "report/report.h"

static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *count(size_t n)
{
	return json_integer((json_int_t) n);
}

static json_t *percent(double ratio)
{
	return number((ratio - 1) * 100);
}

static void set(json_t *object, const char *member, json_t *value)
{
	json_object_set_new(object, member, value ? value : json_null());
}

static void set_text(json_t *object, const char *member, const char *text)
{
	set(object, member, json_string(text));
}

static json_t *interval_json(struct interval i)
{
	json_t *j = json_object();

	set(j, "est", number(i.est));
	set(j, "low", number(i.lo));
	set(j, "high", number(i.hi));
	return j;
}

static json_t *study_json(const struct report *r)
{
	json_t *j = json_object();

	set_text(j, "name", r->study);
	set_text(j, "title", r->title);
	set_text(j, "created", r->created);
	set_text(j, "vlat", r->version);
	set(j, "seed", json_integer((json_int_t) r->seed));
	set(j, "blocks", count(r->blocks));
	set(j, "quick", json_boolean(r->quick));
	set(j, "duration_s", number(r->duration_s));
	set(j, "warmup_s", number(r->warmup_s));
	return j;
}

static json_t *counts_json(size_t runs, size_t ok, size_t failed, size_t missing, size_t disturbed)
{
	json_t *j = json_object();

	set(j, "planned", count(runs));
	set(j, "ok", count(ok));
	set(j, "failed", count(failed));
	set(j, "missing", count(missing));
	set(j, "disturbed", count(disturbed));
	return j;
}

static void set_place(json_t *j, const struct group *g)
{
	set_text(j, "datapath", g->datapath);
	set(j, "guest_kernel", *g->guest_kernel ? json_string(g->guest_kernel) : NULL);
	set(j, "pages", *g->pages ? json_string(g->pages) : NULL);
}

static json_t *answer_json(const struct report *r, const struct answer *w)
{
	json_t *j = json_object();
	struct sink sentence = { 0 };
	const struct change *c = w->headline;

	words_answer(&sentence, r->analysis, w, report_qualifier(r, w->sut), SCRIPT_ASCII);
	set_text(j, "sut", w->sut);
	set_text(j, "interference", w->interference);
	set_place(j, w->place);
	set_text(j, "tuning", w->tuning);
	set_text(j, "by", factor_title(w->by));
	set_text(j, "against", w->by == FACTOR_TUNING ? r->analysis->baseline : w->from);
	set_text(j, "sentence", sentence.text);
	set_text(j, "verdict", c ? change_verdict(c) : "not measured");
	set(j, "workload", c ? json_string(w->times->workload) : NULL);
	set(j, "statistic", c ? json_string(metric_row(c->metric)->id) : NULL);
	set(j, "change_percent", c ? percent(c->cmp.ratio.est) : NULL);
	sink_free(&sentence);
	return j;
}

static json_t *arm_json(const struct arm *arm, bool stream)
{
	json_t *j = json_object(), *medians = json_object();

	set_text(j, "tuning", arm->tuning);
	set(j, "again", json_boolean(arm->again));
	set(j, "runs", counts_json(arm->n_runs, arm->n_ok, arm->n_failed, arm->n_missing, arm->n_disturbed));
	for (int m = 0; m < METRIC_N; m++)
		if (metric_row((enum metric) m)->stream == stream)
			set(medians, metric_row((enum metric) m)->id, interval_json(arm->median[m]));
	set(j, "median_over_runs", medians);
	set(j, "largest_ns", number(arm->worst));
	return j;
}

static json_t *change_json(const struct group *g, const struct contrast *of, const struct change *c)
{
	const struct metric_row *row = metric_row(c->metric);
	json_t *j = json_object();

	set_text(j, "tuning", of->tuned->tuning);
	set_text(j, "by", factor_title(of->by));
	set_text(j, "against", of->from);
	set_text(j, "statistic", row->id);
	set(j, "lower_is_better", json_boolean(row->lower_is_better));
	set(j, "blocks", count(c->cmp.n));
	set(j, "baseline", number(c->before));
	set(j, "tuned", number(c->after));
	set(j, "ratio", interval_json(c->cmp.ratio));
	set(j, "change_percent", percent(c->cmp.ratio.est));
	set(j, "level", number(c->cmp.level));
	set(j, "p", number(c->cmp.p));
	set(j, "noise_ratio", c->cmp.floor > 1 ? number(c->cmp.floor) : NULL);
	set(j, "noise_of", c->floor_from ? json_string(c->floor_from->sut) : NULL);
	set_text(j, "verdict", change_verdict(c));
	set(j, "published_2015_percent", percent(published_ratio(g->sut, g->workload, c->metric)));
	return j;
}

static json_t *group_json(const struct group *g)
{
	json_t *j = json_object(), *arms = json_array(), *changes = json_array();

	set_text(j, "sut", g->sut);
	set_place(j, g);
	set_text(j, "interference", g->interference);
	set_text(j, "workload", g->workload);
	for (size_t i = 0; i < g->n_arms; i++)
		json_array_append_new(arms, arm_json(&g->arms[i], g->stream));
	for (size_t i = 0; i < g->n_contrasts; i++)
		for (int m = 0; m < METRIC_N; m++)
			if (metric_row((enum metric) m)->compared && metric_row((enum metric) m)->stream == g->stream)
				json_array_append_new(changes, change_json(g, &g->contrasts[i], &g->contrasts[i].change[m]));
	set(j, "arms", arms);
	set(j, "changes", changes);
	return j;
}

static json_t *platform_json(const struct platform *p)
{
	json_t *j = json_object();

	set_text(j, "sut", p->sut);
	set_text(j, "accelerator", p->accelerator.text);
	set_text(j, "accelerator_why", p->accelerator_why.text);
	set(j, "binary_translation", json_boolean(p->translated));
	set_text(j, "clocksource", p->clocksource.text);
	set_text(j, "guest_clocksource", p->guest_clocksource.text);
	set_text(j, "governor", p->governor.text);
	set(j, "steal_percent_median", number(p->steal_median));
	set(j, "steal_percent_max", number(p->steal_max));
	set(j, "throttled", number(p->throttled));
	set(j, "runs", count(p->n));
	set(j, "disturbed", count(p->n_disturbed));
	return j;
}

static json_t *level_json(const struct level *level)
{
	json_t *j = json_object(), *steps = json_array();

	for (size_t i = 0; i < level->steps.n; i++) {
		const struct step *s = &level->steps.at[i];
		json_t *step = json_object();

		set_text(step, "knob", s->knob);
		set_text(step, "title", s->title);
		set_text(step, "target", s->target);
		set_text(step, "before", s->before);
		set_text(step, "after", s->after);
		set_text(step, "state", s->state);
		set_text(step, "reason", s->reason);
		set_text(step, "why", s->why);
		set_text(step, "cost", s->cost);
		set(step, "security", json_boolean(s->security));
		set(step, "runs", count(s->seen));
		json_array_append_new(steps, step);
	}
	set_text(j, "name", level->name);
	set(j, "runs", count(level->n_plans));
	set(j, "command", level->command ? json_string(level->command) : NULL);
	set(j, "steps", steps);
	return j;
}

static json_t *run_json(const struct run *run)
{
	json_t *j = json_object();

	set(j, "id", json_integer(run->id));
	set(j, "block", json_integer(run->block));
	set_text(j, "sut", run->sut);
	set_text(j, "datapath", run->datapath);
	set(j, "guest_kernel", *run->guest_kernel ? json_string(run->guest_kernel) : NULL);
	set(j, "pages", *run->pages ? json_string(run->pages) : NULL);
	set_text(j, "interference", run->interference);
	set_text(j, "workload", run->workload);
	set_text(j, "tuning", run->tuning);
	set(j, "again", json_boolean(run->again));
	set_text(j, "why", run->why);
	return j;
}

static void set_runs(json_t *j, const struct analysis *a)
{
	json_t *failed = json_array(), *disturbed = json_array();

	for (size_t i = 0; i < a->n_runs; i++) {
		const struct run *run = &a->runs[i];

		if (run->state == RUN_FAILED)
			json_array_append_new(failed, run_json(run));
		else if (run->state == RUN_OK && run->disturbed)
			json_array_append_new(disturbed, run_json(run));
	}
	set(j, "failed", failed);
	set(j, "disturbed", disturbed);
}

static json_t *unavailable_json(const struct report *r)
{
	json_t *all = json_array();

	for (size_t i = 0; i < r->unavailable.n; i++) {
		json_t *j = json_object();

		const struct unavailable *u = &r->unavailable.at[i];

		set_text(j, "sut", u->sut);
		set(j, "datapath", *u->datapath ? json_string(u->datapath) : NULL);
		set(j, "guest_kernel", *u->guest_kernel ? json_string(u->guest_kernel) : NULL);
		set(j, "pages", *u->pages ? json_string(u->pages) : NULL);
		set_text(j, "why", u->why);
		set_text(j, "cure", u->cure);
		json_array_append_new(all, j);
	}
	return all;
}

static json_t *host_json(const struct report *r)
{
	json_t *j = json_object();

	for (size_t i = 0; i < r->host.n; i++)
		set_text(j, r->host.at[i].name, r->host.at[i].value);
	return j;
}

/* An array of one reading of each element. */
#define ARRAY_OF(n, each)                                                                                                        \
	__extension__({                                                                                                          \
		json_t *array_ = json_array();                                                                                   \
                                                                                                                                 \
		for (size_t i = 0; i < (n); i++)                                                                                 \
			json_array_append_new(array_, each);                                                                     \
		array_;                                                                                                          \
	})

int report_json(const struct report *r, struct sink *out, struct err *err)
{
	const struct analysis *a = r->analysis;
	json_t *j = json_object();
	AUTO_FREE char *text = NULL;

	set(j, "format", json_integer(1));
	set(j, "study", study_json(r));
	set(j, "runs", counts_json(a->n_runs, a->n_ok, a->n_failed, a->n_missing, a->n_disturbed));
	set(j, "too_few_blocks", json_boolean(a->few));
	set(j, "answers", ARRAY_OF(r->n_answers, answer_json(r, &r->answers[i])));
	set(j, "groups", ARRAY_OF(a->n_groups, group_json(&a->groups[i])));
	set(j, "platforms", ARRAY_OF(r->platforms.n, platform_json(&r->platforms.at[i])));
	set(j, "tunings", ARRAY_OF(r->levels.n, level_json(&r->levels.at[i])));
	set_runs(j, a);
	set(j, "unavailable", unavailable_json(r));
	set(j, "host", host_json(r));
	text = json_dumps(j, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
	json_decref(j);
	if (!text)
		return err_set(err, -ENOMEM, "cannot write the report as JSON: out of memory");
	sink_put(out, text);
	sink_char(out, '\n');
	return 0;
}
