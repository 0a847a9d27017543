/* SPDX-License-Identifier: Apache-2.0 */
/* The audit for programs: docs/audit.md names every member. */
#include "audit/audit.h"
#include "base/text.h"

#define AUDIT_FORMAT 1

static void put_group(const struct audit *a, const struct audit_group *g, struct jsonw *w)
{
	struct sink cure = { 0 };
	char now[VALUE_MAX + 64], want[VALUE_MAX + 64];

	audit_now(g->first, now, sizeof(now));
	audit_wanted(g->first, want, sizeof(want));
	audit_group_cure(a, g, &cure);
	jw_object(w, NULL);
	jw_text(w, "target", g->first->target);
	jw_int(w, "count", (int64_t) g->n);
	jw_text(w, "state", audit_state_name(g->state));
	jw_text_or_null(w, "now", now);
	jw_text_or_null(w, "wanted", want);
	jw_text_or_null(w, "reason", g->first->reason);
	jw_text_or_null(w, "cure", cure.text);
	jw_end_object(w);
	sink_free(&cure);
}

/* What is known of the knob wherever it is looked at. */
static void put_knob(const struct knob *k, struct jsonw *w)
{
	jw_text(w, "why", k->why);
	jw_text(w, "cost", k->cost);
	jw_text_or_null(w, "risk", k->risk);
	jw_text(w, "takes_effect", audit_takes(k));
	jw_bool(w, "disruptive", k->disruptive);
	jw_bool(w, "lowers_security", k->security);
	jw_bool(w, "vlat_sets_it", knob_find(k->id) != NULL && k->when == KNOB_LIVE);
}

static void put_finding(const struct audit *a, const struct finding *f, struct jsonw *w)
{
	struct sink cure = { 0 };

	jw_object(w, NULL);
	jw_text(w, "knob", f->knob->id);
	jw_text(w, "title", f->knob->title);
	jw_text(w, "state", audit_state_name(f->state));
	jw_text(w, "severity", severity_name(severity_of(f->effect)));
	jw_int(w, "effect", (int) f->effect);
	jw_array(w, "targets");
	for (size_t i = 0; i < f->n_groups; i++)
		put_group(a, &f->groups[i], w);
	jw_end_array(w);
	put_knob(f->knob, w);
	if (f->state == AUDIT_DIFFERS || f->state == AUDIT_BLOCKED)
		audit_cure(a, f, &cure);
	jw_text_or_null(w, "cure", cure.text);
	jw_text_or_null(w, "sources_disagree", f->knob->dispute);
	jw_text(w, "source", f->knob->source);
	jw_end_object(w);
	sink_free(&cure);
}

static void put_summary(const struct audit *a, struct jsonw *w)
{
	jw_object(w, "summary");
	jw_int(w, "differs", (int64_t) a->count[AUDIT_DIFFERS]);
	jw_int(w, "blocked", (int64_t) a->count[AUDIT_BLOCKED]);
	jw_int(w, "cannot_see", (int64_t) a->count[AUDIT_UNSEEN]);
	jw_int(w, "ok", (int64_t) a->count[AUDIT_OK]);
	jw_int(w, "not_applicable", (int64_t) a->count[AUDIT_ABSENT]);
	jw_int(w, "high", (int64_t) a->differ[SEVERITY_HIGH]);
	jw_int(w, "medium", (int64_t) a->differ[SEVERITY_MEDIUM]);
	jw_int(w, "low", (int64_t) a->differ[SEVERITY_LOW]);
	jw_int(w, "info", (int64_t) a->differ[SEVERITY_INFO]);
	jw_end_object(w);
}

void audit_json(const struct audit *a, bool only_findings, struct jsonw *w, const char *name)
{
	char iso[VALUE_MAX], house[VALUE_MAX];

	jw_object(w, name);
	jw_int(w, "format", AUDIT_FORMAT);
	jw_text(w, "role", role_names[a->role]);
	jw_bool(w, "role_guessed", a->role_guessed);
	jw_text(w, "kernel", a->machine->host.kernel.release);
	jw_text(w, "isolated_cpus", cpuset_list(&a->split.isolated, iso, sizeof(iso)));
	jw_text(w, "housekeeping_cpus", cpuset_list(&a->split.housekeeping, house, sizeof(house)));
	jw_text(w, "cpus_why", a->split.why);
	put_summary(a, w);
	jw_array(w, "findings");
	for (size_t i = 0; i < a->n; i++) {
		if (!only_findings || a->at[i].state == AUDIT_DIFFERS || a->at[i].state == AUDIT_BLOCKED)
			put_finding(a, &a->at[i], w);
	}
	jw_end_array(w);
	jw_end_object(w);
}
