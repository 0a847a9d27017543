/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit - what stands between a machine and low, steady latency, ranked.
 *
 * Pure but for reads through fs: knobs (knob/) say what is and what its role
 * wants, this room judges, ranks, counts and names the cure.  A capture gives
 * the answer that the machine gives.
 */
#ifndef AUDIT_AUDIT_H
#define AUDIT_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/jsonw.h"
#include "host/facts.h"
#include "host/split.h"
#include "knob/knob.h"

enum audit_state { AUDIT_DIFFERS, AUDIT_BLOCKED, AUDIT_UNSEEN, AUDIT_OK, AUDIT_ABSENT, AUDIT_STATE_COUNT };
const char *audit_state_name(enum audit_state s); /* "differs" "blocked" "cannot see" "ok" "not applicable" */

/* Targets of one knob that look the same: shown as one. */
struct audit_group {
	enum audit_state state;
	const struct setting *first;
	size_t n;
};

struct finding {
	const struct knob *knob;
	enum audit_state state;
	unsigned effect; /* in this role */
	struct settings settings;
	struct audit_group *groups; /* owned; differing ones first */
	size_t n_groups;
};

struct audit {
	enum role role;
	bool role_guessed;
	const struct machine_facts *machine; /* borrowed */
	struct cpu_split split;
	struct finding *at; /* ranked: by state, then expected effect; owned */
	size_t n;
	size_t count[AUDIT_STATE_COUNT];
	size_t differ[SEVERITY_HIGH + 1]; /* of those that differ */
};

enum audit_scope { AUDIT_HOST, AUDIT_VMS, AUDIT_CONTAINERS };

struct audit_options {
	const char *role;          /* NULL = guessed */
	const struct cpuset *cpus; /* for latency work; NULL or empty = proposed from topology */
	const char *only;          /* one knob; NULL = all */
	enum audit_scope scope;
	const char *which; /* of the scope: process id, name, container; NULL = all */
	bool names;        /* of containers, out of files that hold more than names: not for what is passed on */
};

/* The machine is borrowed as long as the audit lives. */
int audit_make(struct audit **ret, const struct fs *fs, const struct machine_facts *machine, const struct audit_options *o,
	       struct err *err);
void audit_free(struct audit *a); /* accepts NULL */

/* Texts of one setting and one finding. */
const char *audit_now(const struct setting *s, char *buf, size_t cap);
const char *audit_wanted(const struct setting *s, char *buf, size_t cap);
void audit_cure(const struct audit *a, const struct finding *f, struct sink *out);
/* What the first of these, and those like it, need; false when that is the knob's own cure. */
bool audit_group_cure(const struct audit *a, const struct audit_group *g, struct sink *out);
const char *audit_takes(const struct knob *k); /* "live", "at boot", ... */
/* "23 differ (4 high, 9 medium, 10 low), 1 blocked, ..." */
void audit_summary(const struct audit *a, struct sink *out);

/* docs/audit.md; as the member `name` of an object that is open, NULL: for itself. */
void audit_json(const struct audit *a, bool only_findings, struct jsonw *w, const char *name);

#endif
