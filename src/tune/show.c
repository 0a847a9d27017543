/* SPDX-License-Identifier: Apache-2.0 */
/* A plan for people and for cells: settings that look the same become one line. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "knob/doc.h"
#include "tune/internal.h"

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool looks_same(const struct setting *a, const struct setting *b)
{
	return a->kind == b->kind && a->state == b->state && same_text(a->before, b->before) && same_text(a->after, b->after) &&
	       strcmp(a->reason, b->reason) == 0;
}

void step_shown(const struct step *s, shown_vec *out)
{
	for (size_t i = 0; i < s->settings.n; i++) {
		const struct setting *one = &s->settings.at[i];
		struct shown *found = NULL;

		for (size_t k = 0; s->knob->unit && k < out->n && !found; k++)
			found = looks_same(out->at[k].first, one) ? &out->at[k] : NULL;
		if (!found) {
			found = vec_add(out);
			found->first = one;
		}
		found->n++;
	}
	for (size_t k = 0; k < out->n; k++) {
		struct shown *w = &out->at[k];

		if (w->n == 1)
			text_print(w->target, sizeof(w->target), "%s", w->first->target);
		else
			text_print(w->target, sizeof(w->target), "%zu %s", w->n, s->knob->unit);
	}
}

static const char *one_value(const struct setting *s, const char *raw, char *buf, size_t cap)
{
	if (!raw)
		return "";
	if (s->kind == SETTING_GROUP && raw == s->after) { /* lines "FILE VALUE" */
		text_print(buf, cap, "%s", raw[0] ? raw : "made");
		for (char *c = buf; *c; c++)
			*c = *c == '\n' ? (c[1] ? ',' : '\0') : *c;
		return buf;
	}
	value_clean(s->form, raw, buf, cap);
	return buf[0] ? buf : "(empty)";
}

json_t *plan_json(const struct plan *p)
{
	json_t *steps = json_array();
	char before[VALUE_MAX], after[VALUE_MAX];

	for (size_t i = 0; i < p->steps.n; i++) {
		const struct knob *k = p->steps.at[i].knob;
		shown_vec list = { 0 };

		step_shown(&p->steps.at[i], &list);
		for (size_t w = 0; w < list.n; w++) {
			const struct setting *s = list.at[w].first;

			json_array_append_new(steps,
					      json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:b}", "knob",
							k->id, "title", k->title, "target", list.at[w].target, "before",
							one_value(s, s->before, before, sizeof(before)), "after",
							one_value(s, s->after, after, sizeof(after)), "state",
							setting_state_name(s->state), "reason", s->reason, "why", k->why, "cost",
							k->cost, "security", k->security, "when",
							k->when == KNOB_START ? "start" : "live", "disruptive", k->disruptive));
		}
		vec_free(&list);
	}
	return steps;
}

static bool has_state(const struct step *s, enum setting_state state)
{
	for (size_t i = 0; i < s->settings.n; i++) {
		if (s->settings.at[i].state == state)
			return true;
	}
	return false;
}

static void put_step(const struct step *s, enum setting_state state, struct sink *out)
{
	char before[VALUE_MAX], after[VALUE_MAX];
	shown_vec list = { 0 };

	sink_printf(out, "  %s: %s%s%s\n", s->knob->id, s->knob->title, s->knob->security ? " [LOWERS SECURITY]" : "",
		    s->knob->disruptive ? " [felt while it changes]" : "");
	step_shown(s, &list);
	for (size_t i = 0; i < list.n; i++) {
		const struct setting *one = list.at[i].first;

		if (one->state != state)
			continue;
		sink_printf(out, "      %s", list.at[i].target);
		if (one->before && one->after)
			sink_printf(out, ": %s -> %s", one_value(one, one->before, before, sizeof(before)),
				    one_value(one, one->after, after, sizeof(after)));
		if (one->reason[0])
			sink_printf(out, " (%s)", one->reason);
		sink_put(out, "\n");
	}
	if (state == SETTING_TODO || state == SETTING_DONE || state == SETTING_CHANGED)
		sink_printf(out, "      why: %s\n      cost: %s\n", s->knob->why, s->knob->cost);
	vec_free(&list);
}

/* Steps stand in the order in which they are applied, so a family may come twice. */
static void put_section(const struct plan *p, enum setting_state state, struct sink *out, const char *title,
			bool (*takes)(const struct step *))
{
	const char *family = NULL;

	for (size_t i = 0; i < p->steps.n; i++) {
		const struct step *s = &p->steps.at[i];
		const char *its = knob_family(s->knob->id);

		if (!has_state(s, state) || (takes && !takes(s)))
			continue;
		if (!family)
			sink_printf(out, "\n%s\n", title);
		if (takes && (!family || !text_eq(family, its)))
			sink_printf(out, " %s\n", its);
		family = its;
		put_step(s, state, out);
	}
}

static bool is_live(const struct step *s)
{
	return s->knob->when != KNOB_START;
}

static bool is_at_start(const struct step *s)
{
	return s->knob->when == KNOB_START;
}

static bool is_all_same(const struct step *s)
{
	for (size_t i = 0; i < s->settings.n; i++) {
		if (s->settings.at[i].state != SETTING_SAME)
			return false;
	}
	return s->settings.n > 0;
}

/* One line for everything that needs no line of its own. */
static void put_same(const struct plan *p, struct sink *out)
{
	bool any = false;

	for (size_t i = 0; i < p->steps.n; i++) {
		if (!is_all_same(&p->steps.at[i]))
			continue;
		sink_printf(out, "%s%s", any ? " " : "\nAs wanted already\n  ", p->steps.at[i].knob->id);
		any = true;
	}
	if (any)
		sink_put(out, "\n");
}

void plan_text(const struct plan *p, struct sink *out)
{
	char house[512], iso[512];

	cpuset_list(&p->split.housekeeping, house, sizeof(house));
	cpuset_list(&p->split.isolated, iso, sizeof(iso));
	sink_printf(out, cpuset_count(&p->split.housekeeping) == 1 ? "CPU %s keeps house, " : "CPUs %s keep house, ",
		    house);
	sink_printf(out, cpuset_count(&p->split.isolated) == 1 ? "CPU %s is isolated" : "CPUs %s are isolated", iso);
	sink_printf(out, " (%s).\n", p->split.why);
	put_section(p, SETTING_TODO, out, "To be done at once, in this order", is_live);
	put_section(p, SETTING_TODO, out, "To be done for each measured process when it starts", is_at_start);
	put_section(p, SETTING_DONE, out, "Done", NULL);
	put_section(p, SETTING_CHANGED, out, "Changed by somebody since", NULL);
	put_section(p, SETTING_FAILED, out, "Failed", NULL);
	put_section(p, SETTING_BLOCKED, out, "Blocked", NULL);
	put_section(p, SETTING_ABSENT, out, "Not applicable", NULL);
	put_same(p, out);
	if (p->left_out)
		sink_printf(out, "\nLeft out: %zu knobs that lower security.\n", p->left_out);
}
