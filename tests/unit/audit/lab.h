/* SPDX-License-Identifier: Apache-2.0 */
/* lab - a machine as a folder, changed a little, and audited. Include after cmocka.h. */
#ifndef AUDIT_LAB_H
#define AUDIT_LAB_H

#include <jansson.h>

#include "../../hosts/tree.h"
#include "audit/audit.h"

struct lab {
	char dir[64];
	struct fs fs;
	struct machine_facts machine;
	struct audit *audit;
};

static inline void lab_open(struct lab *lab, const char *host)
{
	*lab = (struct lab){ 0 };
	tree_open(host, lab->dir, &lab->fs);
}

static inline void lab_put(struct lab *lab, const char *path, const char *text)
{
	tree_put(lab->dir, path, text);
}

static inline int lab_try(struct lab *lab, const struct audit_options *o, struct err *err)
{
	int r;

	audit_free(lab->audit);
	lab->audit = NULL;
	machine_facts_free(&lab->machine);
	lab->machine = (struct machine_facts){ 0 };
	r = machine_facts_read(&lab->fs, &lab->machine, err);
	return r < 0 ? r : audit_make(&lab->audit, &lab->fs, &lab->machine, o, err);
}

static inline void lab_audit(struct lab *lab, const char *role, const char *only)
{
	struct audit_options o = { .role = role, .only = only };
	struct err err = { 0 };

	if (lab_try(lab, &o, &err) < 0)
		fail_msg("%s", err.text);
}

/* As a program reads it; new reference. */
static inline json_t *lab_json(const struct audit *a, bool only_findings)
{
	struct sink out = { 0 };
	struct jsonw w = { .out = &out };
	json_error_t error;
	json_t *read;

	audit_json(a, only_findings, &w, NULL);
	read = json_loads(out.text, JSON_REJECT_DUPLICATES, &error);
	if (!read)
		fail_msg("line %d: %s", error.line, error.text);
	sink_free(&out);
	return read;
}

/* The one finding that was asked for. */
static inline const struct finding *lab_finding(struct lab *lab, const char *role, const char *id)
{
	lab_audit(lab, role, id);
	assert_int_equal(lab->audit->n, 1);
	return &lab->audit->at[0];
}

static inline void lab_is(struct lab *lab, const char *role, const char *id, enum audit_state state, const char *now)
{
	const struct finding *f = lab_finding(lab, role, id);
	char text[VALUE_MAX];

	if (f->state != state)
		fail_msg("%s is \"%s\", not \"%s\": %s", id, audit_state_name(f->state), audit_state_name(state),
			 f->n_groups ? f->groups[0].first->reason : "");
	if (!now)
		return;
	audit_now(f->groups[0].first, text, sizeof(text));
	if (!strstr(text, now) && !strstr(f->groups[0].first->reason, now))
		fail_msg("%s shows \"%s\" (%s), not \"%s\"", id, text, f->groups[0].first->reason, now);
}

static inline void lab_cure(struct lab *lab, const char *role, const char *id, const char *cure)
{
	const struct finding *f = lab_finding(lab, role, id);
	struct sink out = { 0 };

	audit_cure(lab->audit, f, &out);
	assert_non_null(out.text);
	if (!strstr(out.text, cure))
		fail_msg("the cure of %s is \"%s\", without \"%s\"", id, out.text, cure);
	sink_free(&out);
}

static inline void lab_close(struct lab *lab)
{
	audit_free(lab->audit);
	machine_facts_free(&lab->machine);
	tree_close(lab->dir, &lab->fs);
}

#endif
