/* SPDX-License-Identifier: Apache-2.0 */
/* The audit for programs: docs/audit.md names every member. */
#include "audit/audit.h"
#include "base/text.h"

#define AUDIT_FORMAT 1

static json_t *text_or_null(const char *text)
{
	return text && text[0] ? json_string(text) : json_null();
}

static json_t *group_json(const struct audit *a, const struct audit_group *g)
{
	struct sink cure = { 0 };
	json_t *o;
	char now[VALUE_MAX + 64], want[VALUE_MAX + 64];

	audit_now(g->first, now, sizeof(now));
	audit_wanted(g->first, want, sizeof(want));
	audit_group_cure(a, g, &cure);
	o = json_pack("{s:s, s:I, s:s, s:o, s:o, s:o, s:o}", "target", g->first->target, "count", (json_int_t) g->n, "state",
			 audit_state_name(g->state), "now", text_or_null(now), "wanted", text_or_null(want), "reason",
			 text_or_null(g->first->reason), "cure", text_or_null(cure.text));
	sink_free(&cure);
	return o;
}

static json_t *finding_json(const struct audit *a, const struct finding *f)
{
	const struct knob *k = f->knob;
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:i}", "knob", k->id, "title", k->title, "state", audit_state_name(f->state),
			      "severity", severity_name(severity_of(f->effect)), "effect", (int) f->effect);
	json_t *targets = json_array();
	struct sink cure = { 0 };

	for (size_t i = 0; i < f->n_groups; i++)
		json_array_append_new(targets, group_json(a, &f->groups[i]));
	json_object_set_new(o, "targets", targets);
	json_object_set_new(o, "why", json_string(k->why));
	json_object_set_new(o, "cost", json_string(k->cost));
	json_object_set_new(o, "risk", text_or_null(k->risk));
	json_object_set_new(o, "takes_effect", json_string(audit_takes(k)));
	json_object_set_new(o, "disruptive", json_boolean(k->disruptive));
	json_object_set_new(o, "lowers_security", json_boolean(k->security));
	json_object_set_new(o, "vlat_sets_it", json_boolean(knob_find(k->id) != NULL && k->when == KNOB_LIVE));
	if (f->state == AUDIT_DIFFERS || f->state == AUDIT_BLOCKED)
		audit_cure(a, f, &cure);
	json_object_set_new(o, "cure", text_or_null(cure.text));
	json_object_set_new(o, "sources_disagree", text_or_null(k->dispute));
	json_object_set_new(o, "source", json_string(k->source));
	sink_free(&cure);
	return o;
}

static json_t *summary_json(const struct audit *a)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "differs", (json_int_t) a->count[AUDIT_DIFFERS],
			 "blocked", (json_int_t) a->count[AUDIT_BLOCKED], "cannot_see", (json_int_t) a->count[AUDIT_UNSEEN], "ok",
			 (json_int_t) a->count[AUDIT_OK], "not_applicable", (json_int_t) a->count[AUDIT_ABSENT], "high",
			 (json_int_t) a->differ[SEVERITY_HIGH], "medium", (json_int_t) a->differ[SEVERITY_MEDIUM], "low",
			 (json_int_t) a->differ[SEVERITY_LOW], "info", (json_int_t) a->differ[SEVERITY_INFO]);
}

json_t *audit_json(const struct audit *a, bool only_findings)
{
	char iso[VALUE_MAX], house[VALUE_MAX];
	json_t *list = json_array(), *o;

	for (size_t i = 0; i < a->n; i++) {
		if (!only_findings || a->at[i].state == AUDIT_DIFFERS || a->at[i].state == AUDIT_BLOCKED)
			json_array_append_new(list, finding_json(a, &a->at[i]));
	}
	o = json_pack("{s:i, s:s, s:b, s:s, s:s, s:s, s:s}", "format", AUDIT_FORMAT, "role", role_names[a->role], "role_guessed",
		      a->role_guessed, "kernel", a->machine->host.kernel.release, "isolated_cpus",
		      cpuset_list(&a->split.isolated, iso, sizeof(iso)), "housekeeping_cpus",
		      cpuset_list(&a->split.housekeeping, house, sizeof(house)), "cpus_why", a->split.why);
	json_object_set_new(o, "summary", summary_json(a));
	json_object_set_new(o, "findings", list);
	return o;
}
