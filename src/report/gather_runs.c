/* SPDX-License-Identifier: Apache-2.0 */
/* What the cells say about the machine and about the plans in force, run by run. */
#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "record/record.h"
#include "report/gather.h"

static int by_value(const void *a, const void *b)
{
	double x = *(const double *) a, y = *(const double *) b;

	return x < y ? -1 : x > y;
}

static void add_platform(struct platform *p, const struct run *run, const json_t *of)
{
	double throttled = gather_number(of, "throttled");

	p->n++;
	p->n_disturbed += run->disturbed;
	p->throttled += isfinite(throttled) ? throttled : 0;
	p->translated = p->translated || text_eq(gather_text(of, "accelerator"), "tcg");
	words_add(&p->accelerator, gather_text(of, "accelerator"));
	words_add(&p->accelerator_why, gather_text(of, "accelerator_why"));
	words_add(&p->clocksource, gather_text(of, "clocksource"));
	words_add(&p->guest_clocksource, gather_text(of, "guest_clocksource"));
	words_add(&p->governor, gather_text(of, "governor"));
}

/* One platform a SUT, from its runs that gave a result; scratch holds a number for each run. */
static struct platform platform_of(const struct analysis *a, const char *sut, double *scratch)
{
	struct platform p = { .sut = sut, .steal_median = NAN, .steal_max = NAN };
	size_t n = 0;

	for (size_t i = 0; i < a->n_runs; i++) {
		const struct run *run = &a->runs[i];
		double steal;

		if (run->state != RUN_OK || !text_eq(run->sut, sut))
			continue;
		add_platform(&p, run, run->cell->platform);
		steal = gather_number(run->cell->platform, "steal_percent");
		if (isfinite(steal))
			scratch[n++] = steal;
	}
	if (n > 0) {
		qsort(scratch, n, sizeof(*scratch), by_value);
		p.steal_median = n % 2 ? scratch[n / 2] : (scratch[n / 2 - 1] + scratch[n / 2]) / 2;
		p.steal_max = scratch[n - 1];
	}
	return p;
}

void gather_platforms(struct report *r)
{
	const struct analysis *a = r->analysis;
	AUTO_FREE double *scratch = xalloc(a->n_runs + 1, sizeof(*scratch));

	for (size_t i = 0; i < a->n_groups; i++)
		if (!report_platform(r, a->groups[i].sut))
			*vec_add(&r->platforms) = platform_of(a, a->groups[i].sut, scratch);
}

/* The command line of a rival tuner, for reading. */
static char *command_text(const json_t *words)
{
	struct sink s = { 0 };
	const json_t *word;
	size_t i;

	json_array_foreach (words, i, word)
		if (json_is_string(word))
			sink_printf(&s, "%s%s", i > 0 ? " " : "", json_string_value(word));
	return s.text;
}

void gather_levels(struct report *r, const char *const *names, size_t n)
{
	const json_t *tunings = json_object_get(r->record->study, "tunings");

	for (size_t i = 0; i < n; i++) {
		const json_t *meant = json_object_get(tunings, names[i]);
		struct level *level = vec_add(&r->levels);

		level->name = names[i];
		level->command = command_text(json_object_get(meant, "apply"));
		for (size_t k = 0; k < r->analysis->n_runs; k++) {
			const struct run *run = &r->analysis->runs[k];

			if (run->state == RUN_OK && text_eq(run->tuning, names[i]))
				gather_plan(level, run->cell->plan, run->sut);
		}
		if (level->n_plans == 0)
			gather_plan(level, json_object_get(meant, "plan"), "");
	}
}
