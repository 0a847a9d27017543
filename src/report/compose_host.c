/* SPDX-License-Identifier: Apache-2.0 */
/* The second half of a report: where it was measured, what tuning did there, what is missing, how to repeat it. */
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/spawn.h"
#include "base/text.h"
#include "record/record.h"
#include "report/compose.h"
#include "report/gather.h"

enum { MOST_LISTED = 40 }; /* disturbed or failed runs shown one by one */

/* --- the platform --- */

static const struct column platform_columns[] = {
	{ .title = "System" },
	{ .title = "Accelerator" },
	{ .title = "Clock source" },
	{ .title = "Governor" },
	{ .title = "Median steal", .number = true },
	{ .title = "Most steal", .number = true, .below = true },
	{ .title = "Throttled", .number = true },
	{ .title = "Disturbed", .number = true },
};

static const char *or_dash(const char *text)
{
	return *text ? text : "-";
}

static void percent_cell(struct table *t, double percent)
{
	if (isfinite(percent))
		table_cell(t, TONE_PLAIN, "%.1f %%", percent);
	else
		table_cell(t, TONE_PLAIN, "not told");
}

static void platform_row(struct table *t, const struct doc *d, const struct platform *p)
{
	table_cell(t, TONE_PLAIN, "%s", sut_name(d, p->sut));
	table_cell(t, TONE_PLAIN, "%s",
		   text_eq(p->accelerator.text, "tcg") ? "TCG: binary translation" : or_dash(p->accelerator.text));
	table_cell(t, TONE_PLAIN, "%s", or_dash(p->clocksource.text));
	if (*p->guest_clocksource.text)
		table_sub(t, "guest: %s", p->guest_clocksource.text);
	table_cell(t, TONE_PLAIN, "%s", or_dash(p->governor.text));
	percent_cell(t, p->steal_median);
	percent_cell(t, p->steal_max);
	table_cell(t, TONE_PLAIN, "%.0f times", p->throttled);
	table_cell(t, TONE_PLAIN, "%zu of %zu", p->n_disturbed, p->n);
}

static const struct column run_columns[] = {
	{ .title = "Run" },    { .title = "Block", .number = true }, { .title = "System" }, { .title = "Workload" },
	{ .title = "Tuning" }, { .title = "Why", .prose = true },
};

static bool is_disturbed(const struct run *run)
{
	return run->state == RUN_OK && run->disturbed;
}

static bool is_failed(const struct run *run)
{
	return run->state == RUN_FAILED;
}

static void run_table(struct doc *d, const struct report *r, bool (*wanted)(const struct run *), size_t n, const char *what)
{
	struct table *t = doc_table(d, run_columns, ARRAY_SIZE(run_columns), "%s%s", what,
				    n > MOST_LISTED ? " (the first 40; report.json has all)" : "");

	for (size_t i = 0; i < r->analysis->n_runs && table_rows(t) < MOST_LISTED; i++) {
		const struct run *run = &r->analysis->runs[i];

		if (!wanted(run))
			continue;
		table_cell(t, TONE_PLAIN, "%u", run->id);
		table_cell(t, TONE_PLAIN, "%u", run->block);
		table_cell(t, TONE_PLAIN, "%s", sut_name(d, run->sut));
		table_cell(t, TONE_PLAIN, "%s", workload_name(d, run->workload));
		table_cell(t, TONE_PLAIN, "%s%s", run->tuning, run->again ? " again" : "");
		table_cell(t, TONE_PLAIN, "%s", *run->why ? run->why : "no reason recorded");
	}
}

void compose_platform(struct doc *d, const struct report *r)
{
	struct table *t;

	doc_section(d, "platform", "Platform", "The platform");
	doc_para(d, "A number is only as good as the machine was quiet. Steal is time that a hypervisor below this host took "
		    "from its CPUs; throttled counts the times the processor slowed itself down for heat or power.");
	t = doc_table(d, platform_columns, ARRAY_SIZE(platform_columns), "The machine while each system was measured.");
	for (size_t i = 0; i < r->platforms.n; i++)
		platform_row(t, d, &r->platforms.at[i]);
	for (size_t i = 0; i < r->platforms.n; i++)
		if (*r->platforms.at[i].accelerator_why.text)
			doc_pair(d, "Accelerator, because", "%s", r->platforms.at[i].accelerator_why.text);
	for (size_t i = 0; i < r->host.n; i++)
		doc_pair(d, r->host.at[i].name, "%s", r->host.at[i].value);
	if (r->analysis->n_disturbed > 0)
		run_table(d, r, is_disturbed, r->analysis->n_disturbed, "Disturbed runs");
}

/* --- what tuning did --- */

static const struct column step_columns[] = {
	{ .title = "Outcome" },
	{ .title = "Setting" },
	{ .title = "Where", .code = true },
	{ .title = "Before", .code = true },
	{ .title = "After", .code = true, .below = true },
	{ .title = "Why", .prose = true },
	{ .title = "Cost", .prose = true, .below = true },
};

/* Outcomes that say most come first; one that is not known here comes last, under its own name. */
static const struct outcome {
	const char *state, *title;
	bool changed; /* the host was changed */
} outcomes[] = {
	{ .state = "done", .title = "changed", .changed = true },
	{ .state = "changed since", .title = "changed, then by somebody else too", .changed = true },
	{ .state = "todo", .title = "planned" },
	{ .state = "blocked", .title = "refused" },
	{ .state = "failed", .title = "not kept by the kernel" },
	{ .state = "same", .title = "already so" },
	{ .state = "not applicable", .title = "not applicable" },
};

static size_t rank_of(const struct step *s)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(outcomes) && !text_eq(outcomes[i].state, s->state))
		i++;
	return i;
}

static bool has_changed(const struct step *s)
{
	return rank_of(s) < ARRAY_SIZE(outcomes) && outcomes[rank_of(s)].changed;
}

static void why_cell(struct table *t, const struct level *level, const struct step *s)
{
	struct sink sub = { 0 };

	table_cell(t, TONE_PLAIN, "%s", s->why);
	if (*s->reason)
		sink_printf(&sub, "Reason: %s. ", s->reason);
	if (s->seen < level->n_plans)
		sink_printf(&sub, "In %zu of %zu runs (%s).", s->seen, level->n_plans, s->suts.text);
	if (sub.len)
		table_sub(t, "%s", sub.text);
	sink_free(&sub);
}

/* On a terminal a setting has only its short name, and its cost stands below the reason. */
static void step_row(struct table *t, const struct doc *d, const struct level *level, const struct step *s, const char *outcome)
{
	bool terminal = d->script == SCRIPT_ASCII;

	table_cell(t, TONE_PLAIN, "%s", outcome);
	table_cell(t, TONE_PLAIN, "%s", *s->title && !terminal ? s->title : s->knob);
	if (*s->title && !terminal)
		table_sub(t, "%s", s->knob);
	table_cell(t, TONE_PLAIN, "%s", s->target);
	table_cell(t, TONE_PLAIN, "%s", s->before);
	table_cell(t, TONE_PLAIN, "%s", s->after);
	why_cell(t, level, s);
	table_cell(t, TONE_PLAIN, "%s%s", terminal ? "Cost: " : "", or_dash(s->cost));
	if (s->security)
		table_sub(t, "Lowers security.");
}

/* All steps of one outcome under its name; unknown ones each under their own. */
static void outcome_rows(struct table *t, const struct doc *d, const struct level *level, size_t rank)
{
	const char *last = NULL;

	for (size_t i = 0; i < level->steps.n; i++) {
		const struct step *s = &level->steps.at[i];
		const char *title = rank < ARRAY_SIZE(outcomes) ? outcomes[rank].title : or_dash(s->state);

		if (rank_of(s) != rank)
			continue;
		step_row(t, d, level, s, last && text_eq(last, title) ? "" : title);
		last = title;
	}
}

static void say_security(struct doc *d, const struct level *level)
{
	size_t n = 0;

	for (size_t i = 0; i < level->steps.n; i++) {
		const struct step *s = &level->steps.at[i];

		if (!s->security || !has_changed(s))
			continue;
		n++;
		doc_note(d, "Lowers security: %s (%s), from %s to %s. It was asked for.", *s->title ? s->title : s->knob, s->knob,
			 s->before, s->after);
	}
	if (n == 0)
		doc_para(d, "No setting that lowers security was changed.");
}

static size_t count_changed(const struct level *level)
{
	size_t n = 0;

	for (size_t i = 0; i < level->steps.n; i++)
		n += has_changed(&level->steps.at[i]);
	return n;
}

static void compose_level(struct doc *d, const struct level *level)
{
	size_t n = count_changed(level);
	struct table *t;

	doc_heading(d, "Tuning level %s", level->name);
	if (level->command)
		doc_para(d, "Applied by a command of the study: %s", level->command);
	else if (level->steps.n == 0)
		doc_para(d, "Changes nothing: the host as it is.");
	if (level->steps.n == 0)
		return;
	if (level->n_plans == 0)
		doc_para(d, "No run at this level gave a result; this is what was planned.");
	else
		doc_para(d,
			 "%zu setting%s changed for the runs at this level and put back after them; settings that look alike "
			 "count once.",
			 n, n == 1 ? " was" : "s were");
	if (level->n_plans > 0)
		say_security(d, level);
	t = doc_table(d, step_columns, ARRAY_SIZE(step_columns), "The plan of level %s, setting by setting.", level->name);
	t->grouped = true;
	for (size_t rank = 0; rank <= ARRAY_SIZE(outcomes); rank++)
		outcome_rows(t, d, level, rank);
}

void compose_tuning(struct doc *d, const struct report *r)
{
	if (r->levels.n == 0)
		return;
	doc_section(d, "tuning", "What tuning did", "What the tuning did to this host");
	for (size_t i = 0; i < r->levels.n; i++)
		compose_level(d, &r->levels.at[i]);
}

/* --- what is missing --- */

void compose_gaps(struct doc *d, const struct report *r)
{
	const struct analysis *a = r->analysis;

	doc_section(d, "missing", "What is missing", "What is missing");
	if (a->n_failed == 0 && a->n_missing == 0 && r->unavailable.n == 0) {
		doc_para(d, "Nothing: each of the %zu runs gave a result.", a->n_runs);
		return;
	}
	for (size_t i = 0; i < r->unavailable.n; i++) {
		const struct unavailable *u = &r->unavailable.at[i];

		doc_item(d, "%s: unavailable. %s%s%s", u->what, u->why, *u->cure ? ". Cure: " : "", u->cure);
	}
	if (a->n_missing > 0)
		doc_item(d, "%zu of %zu runs have not been made.", a->n_missing, a->n_runs);
	if (a->n_failed > 0)
		run_table(d, r, is_failed, a->n_failed, "Failed runs: counted, and without numbers");
}

/* --- how to repeat it --- */

static void put_lengths(struct doc *d, const struct report *r)
{
	const json_t *list = json_object_get(json_object_get(r->record->study, "levels"), "workloads"), *one;
	size_t i;

	if (isfinite(r->duration_s)) {
		doc_pair(d, "One run", "%g s measured after %g s of warm-up", r->duration_s,
			 isfinite(r->warmup_s) ? r->warmup_s : 0);
		return;
	}
	json_array_foreach (list, i, one)
		if (isfinite(gather_number(one, "duration_s")))
			doc_pair(d, "One run", "%s: %g s measured after %g s of warm-up", gather_text(one, "name"),
				 gather_number(one, "duration_s"),
				 isfinite(gather_number(one, "warmup_s")) ? gather_number(one, "warmup_s") : 0);
}

void compose_reproduce(struct doc *d, const struct report *r)
{
	AUTO(argv_free) struct argv compare = { 0 };
	AUTO_FREE char *line = NULL, *commands = NULL;

	/* A folder may have any name: the line is to be typed as it stands. */
	argv_add_all(&compare, (const char *const[]){ "vlat", "compare", r->dir, "again", NULL });
	line = argv_text(&compare);
	commands = xprintf("vlat study %s --seed %llu%s --out again\nvlat report again --html report.html\n%s\n",
			   text_is_name(r->study) ? r->study : "FILE.yaml", (unsigned long long) r->seed,
			   r->quick ? " --quick" : "", line);
	doc_section(d, "reproduce", "Repeat it", "How to repeat this");
	doc_para(d, "The same seed gives the same order of runs. A study that does not come with vlat is named by its file. The "
		    "whole specification is in study.json, every run with all its samples in cells/.");
	doc_pre(d, commands);
	doc_pair(d, "vlat", "%s", or_dash(r->version));
	doc_pair(d, "Study", "%s, made %s", r->study, or_dash(r->created));
	doc_pair(d, "Seed", "%llu", (unsigned long long) r->seed);
	doc_pair(d, "Runs", "%zu in %zu blocks; each block holds every combination once, in random order", r->analysis->n_runs,
		 r->analysis->blocks);
	put_lengths(d, r);
}

void compose_method(struct doc *d, const struct report *r)
{
	(void) r;
	doc_section(d, "method", "Method", "How to read these numbers");
	doc_item(d, "The run is the replicate, not the sample: each run gives one median, one standard deviation, one 99.9th "
		    "percentile. Runs are compared in pairs of the same block.");
	doc_item(d, "A change is a Hodges-Lehmann estimate on log ratios; its interval inverts the Wilcoxon signed-rank test. "
		    "Standard deviations are compared in the same way, one a run.");
	doc_item(d,
		 "Better or worse is said only when the whole interval lies beyond no change and beyond the noise between "
		 "identical arms. No difference: the whole interval lies within %.0f %% of no change. Cannot tell: neither. "
		 "Each verdict errs about once in twenty where nothing changed, and this report holds many.",
		 (COMPARE_MARGIN - 1) * 100);
	doc_item(d, "Each sample is kept in a histogram whose buckets are within 0.8 %% of the value. A 99.9th percentile needs "
		    "at least 1000 samples a run; the maximum is what was seen, not an estimate.");
	doc_item(d, "Below six blocks no verdict is given: even six pairs that all agree only just reach the 95 %% level.");
}
