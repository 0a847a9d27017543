/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/audit_text.h"

#include <string.h>

#include "base/text.h"
#include "cmd/help.h"

#define LABEL_AT    6u
#define TEXT_AT     14u
#define MOST_GROUPS 4

static unsigned width_of(const struct term *t)
{
	return t->width ? t->width : 100;
}

static void put_label(struct sink *out, const char *label, const char *text, const struct term *t)
{
	if (!text || !text[0])
		return;
	sink_printf(out, "%*s%s%-7s%s ", (int) LABEL_AT, "", term_on(t, PAINT_DIM), label, term_off(t, PAINT_DIM));
	wrap_text(out, text, TEXT_AT, TEXT_AT, width_of(t));
}

static const char *plural(const struct audit_group *g, const struct knob *k)
{
	return g->n == 1 ? "" : k->unit ? k->unit : "places";
}

/* "15 interrupts: 0-3, wanted 0": the first target by name when there is one. */
static void put_group(const struct audit_group *g, const struct knob *k, struct sink *line)
{
	char now[VALUE_MAX + 64], want[VALUE_MAX + 64];

	if (g->n > 1)
		sink_printf(line, "%zu %s (%s, ...)", g->n, plural(g, k), g->first->target);
	else
		sink_put(line, g->first->target);
	audit_now(g->first, now, sizeof(now));
	audit_wanted(g->first, want, sizeof(want));
	if (now[0])
		sink_printf(line, ": %s", now);
	if (g->state == AUDIT_DIFFERS || g->state == AUDIT_BLOCKED)
		sink_printf(line, want[0] ? "; wanted: %s" : "%s", want);
	if (g->first->reason[0])
		sink_printf(line, "%s%s", now[0] || want[0] ? "; " : ": ", g->first->reason);
}

/* Those that are as the finding is; in full all of them. */
static void put_groups(const struct finding *f, bool all, const struct term *t, struct sink *out)
{
	size_t n = 0;

	while (n < f->n_groups && (all || f->groups[n].state == f->state))
		n++;
	for (size_t i = 0; i < n && (all || i < MOST_GROUPS); i++) {
		struct sink line = { 0 };

		if (!all && i + 1 == MOST_GROUPS && n > MOST_GROUPS)
			sink_printf(&line, "and %zu more: --explain %s", n - i, f->knob->id);
		else
			put_group(&f->groups[i], f->knob, &line);
		put_label(out, i ? "" : "now", line.text, t);
		sink_free(&line);
	}
}

static enum paint paint_of(const struct finding *f)
{
	switch (severity_of(f->effect)) {
	case SEVERITY_HIGH:
		return PAINT_BAD;
	case SEVERITY_MEDIUM:
		return PAINT_WARN;
	case SEVERITY_LOW:
	case SEVERITY_INFO:
		break;
	}
	return PAINT_BOLD;
}

static void put_marks(const struct knob *k, struct sink *out)
{
	sink_printf(out, "  [%s%s%s]\n", audit_takes(k), k->disruptive ? ", felt while it changes" : "",
		    k->security ? ", LOWERS SECURITY" : "");
}

static void put_finding(const struct audit *a, const struct finding *f, bool all, const struct term *t, struct sink *out)
{
	struct sink cure = { 0 };

	sink_printf(out, "%s%-6s%s %s%s%s: %s", term_on(t, paint_of(f)), severity_name(severity_of(f->effect)),
		    term_off(t, paint_of(f)), term_on(t, PAINT_BOLD), f->knob->id, term_off(t, PAINT_BOLD), f->knob->title);
	put_marks(f->knob, out);
	put_groups(f, all, t, out);
	put_label(out, "why", f->knob->why, t);
	put_label(out, "cost", f->knob->cost, t);
	put_label(out, "risk", f->knob->risk, t);
	audit_cure(a, f, &cure);
	put_label(out, "cure", cure.text, t);
	put_label(out, "note", f->knob->dispute, t);
	if (all)
		put_label(out, "source", f->knob->source, t);
	sink_free(&cure);
	sink_char(out, '\n');
}

static void put_head(const struct audit *a, struct sink *out)
{
	char iso[VALUE_MAX], house[VALUE_MAX];

	sink_printf(out, "Role %s%s. ", role_names[a->role], a->role_guessed ? " (guessed; --role chooses)" : "");
	if (a->split.possible)
		sink_printf(out, "CPUs for latency work: %s (%s); %s keep house.\n\n",
			    cpuset_list(&a->split.isolated, iso, sizeof(iso)), a->split.why,
			    cpuset_list(&a->split.housekeeping, house, sizeof(house)));
	else
		sink_printf(out, "No CPUs can be set apart: %s.\n\n", a->split.why);
}

/* Those that need no story: one line each, or all ids in one paragraph. */
static void put_rest(const struct audit *a, enum audit_state state, const char *title, bool each, const struct term *t,
		     struct sink *out)
{
	struct sink ids = { 0 };

	if (a->count[state] == 0)
		return;
	sink_printf(out, "%s (%zu)\n", title, a->count[state]);
	for (size_t i = 0; i < a->n; i++) {
		const struct finding *f = &a->at[i];

		if (f->state != state)
			continue;
		if (!each)
			sink_printf(&ids, "%s%s", ids.len ? ", " : "", f->knob->id);
		else if (f->n_groups)
			sink_printf(out, "  %-24s %s\n", f->knob->id, f->groups[0].first->reason);
	}
	if (ids.text)
		wrap_text(out, ids.text, 0, 2, width_of(t));
	sink_char(out, '\n');
	sink_free(&ids);
}

static void put_all(const struct audit *a, bool only_findings, const struct term *t, struct sink *out)
{
	for (size_t i = 0; i < a->n; i++) {
		if (a->at[i].state == AUDIT_DIFFERS)
			put_finding(a, &a->at[i], false, t, out);
	}
	put_rest(a, AUDIT_BLOCKED, "Blocked here", true, t, out);
	if (!only_findings) {
		put_rest(a, AUDIT_UNSEEN, "Cannot be seen from here", true, t, out);
		put_rest(a, AUDIT_OK, "As wanted", false, t, out);
		put_rest(a, AUDIT_ABSENT, "Not applicable here", false, t, out);
	}
	sink_put(out, "Summary: ");
	audit_summary(a, out);
}

void audit_text(const struct audit *a, bool only_findings, const struct term *t, struct sink *out)
{
	put_head(a, out);
	put_all(a, only_findings, t, out);
	sink_put(out, a->count[AUDIT_DIFFERS] ? ".\nvlat plan shows what vlat itself would change, and undo again.\n" : ".\n");
}

void audit_text_part(const struct audit *a, bool only_findings, const struct term *t, struct sink *out)
{
	put_all(a, only_findings, t, out);
	sink_put(out, ".\n");
}

void audit_explain(const struct audit *a, const struct term *t, struct sink *out)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct finding *f = &a->at[i];

		sink_printf(out, "%s: ", audit_state_name(f->state));
		put_finding(a, f, true, t, out);
	}
}
