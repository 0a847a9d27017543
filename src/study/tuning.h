/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tuning - one level of the factor `tuning`, applied for one launch group.
 *
 *	stock      nothing is changed
 *	vlat       vlat's own plan (tune/plan.h)
 *	commands   somebody else's tuner: one argument vector applies, one reverts
 */
#ifndef STUDY_TUNING_H
#define STUDY_TUNING_H

#include <jansson.h>

#include "base/err.h"
#include "base/sink.h"
#include "host/placement.h"
#include "journal/journal.h"
#include "tune/plan.h"

enum tuning_kind { TUNING_STOCK, TUNING_VLAT, TUNING_COMMANDS };

struct tuning_level {
	const char *name;
	enum tuning_kind kind;
	const char *const *apply, *const *revert; /* TUNING_COMMANDS */
	struct plan_options options;              /* TUNING_VLAT */
};

extern const struct tuning_level tuning_stock, tuning_vlat;

/* Where vlat's plan comes from: this machine; read once per run, since tuning itself changes what is read. */
struct tuning_host {
	struct fs fs;
	struct host_facts facts;
	struct cpu_split split;
};
int tuning_host_read(struct tuning_host *ret, struct err *err);
void tuning_host_free(struct tuning_host *h);

/* -EPERM where the level needs root and the process has none, -ENOENT when its program is missing. */
int tuning_available(const struct tuning_level *level, struct err *err);

struct tuning;
int tuning_apply(struct tuning **ret, const struct tuning_level *level, const struct tuning_host *host, struct journal *j,
		 struct err *err);
void tuning_placement(const struct tuning *t, struct placement *ret); /* zeroed for stock and commands */
/* Settings somebody changed while the tuning was in force; 0 = none. */
int tuning_verify(struct tuning *t, struct err *err);
json_t *tuning_json(const struct tuning *t); /* steps with their states, null for stock; new reference */
/* Back to what was; what cannot be undone stays in the journal. */
int tuning_revert(struct tuning *t, struct err *err);
void tuning_free(struct tuning *t); /* accepts NULL; does not revert */

/* What applying would do, without doing it: JSON for study.json, text for people (out may be NULL). */
int tuning_preview(const struct tuning_level *level, const struct tuning_host *host, json_t **ret, struct sink *out,
		   struct err *err);

#endif
