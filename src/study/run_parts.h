/* SPDX-License-Identifier: Apache-2.0 */
/* run_parts - what the run*.c files share; private to them. */
#ifndef STUDY_RUN_PARTS_H
#define STUDY_RUN_PARTS_H

#include <jansson.h>

#include "journal/journal.h"
#include "study/launch.h"
#include "study/progress.h"
#include "study/run.h"

struct run_missing { /* a SUT that is not there */
	enum sut_kind kind;
	char why[512];
};

struct study_run {
	struct run_wish wish;
	char *source, *what; /* the study file's text, and its name for messages */
	char *dir;
	bool resumed;
	struct study_spec *spec;
	struct matrix order;
	struct run_missing missing[SUT_KINDS];
	size_t n_missing;
	bool gone[SUT_KINDS]; /* was there when the study began, and is not now */
	json_t *study;        /* study.json of a resumed study */
};

/* Take the missing SUTs out of the spec and put the rest in order. */
int study_run_arrange(struct study_run *r, struct err *err);
json_t *study_run_order(const struct study_run *r);
int study_run_json(const struct study_run *r, const struct tuning_host *host, json_t **ret, struct err *err);
void study_run_note_missing(struct study_run *r, enum sut_kind kind, const struct err *why);
bool study_run_needs_peer(const struct study_spec *spec);

/* What one process needs to go through the groups. */
struct runner {
	struct study_run *run;
	int lock; /* machine_lock() */
	struct journal *journal;
	struct tuning_host host;
	struct sut_kit *kit;
	struct progress progress;
	const struct run_watch *watch;
	struct run_summary summary;
};

/* Ask every SUT for its slow parts; those that fail are noted as missing. */
int runner_prepare_suts(struct runner *w, struct err *err);
void runner_tell(const struct runner *w, const char *doing, const struct matrix_cell *c, const char *text);
int runner_groups(struct runner *w, struct err *err);

#endif
