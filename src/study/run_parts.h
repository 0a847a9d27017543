/* SPDX-License-Identifier: Apache-2.0 */
/* run_parts - what the run*.c files share; private to them. */
#ifndef STUDY_RUN_PARTS_H
#define STUDY_RUN_PARTS_H

#include <jansson.h>

#include "base/vec.h"
#include "journal/journal.h"
#include "study/launch.h"
#include "study/progress.h"
#include "study/run.h"

/* A SUT that is not there, or one level of a factor of it: all systems that agree with what is not NULL are left out. */
struct run_missing {
	const char *level[SPEC_FACTORS]; /* static texts */
	char why[512], cure[256];
};
typedef VEC(struct run_missing) missing_list;

bool missing_holds(const missing_list *list, const struct sut_system *system);
void missing_add(missing_list *list, const struct sut_system *system, enum sut_part part, const char *why);
char *missing_text(const struct run_missing *m, char *buf, size_t cap); /* "vm over vf" */
json_t *missing_json(const missing_list *list);                         /* "unavailable" of study.json; new reference */
int missing_take(missing_list *list, const json_t *study, struct err *err);

struct study_run {
	struct run_wish wish;
	char *source, *what; /* the study file's text, and its name for messages */
	char *dir;
	bool resumed;
	struct study_spec *spec;
	struct matrix order;
	missing_list missing;
	missing_list gone; /* were there when the study began, and are not now */
	json_t *study;                /* study.json of a resumed study */
};

/* Take the missing systems out of the spec and put the rest in order. */
int study_run_arrange(struct study_run *r, struct err *err);
json_t *study_run_order(const struct study_run *r);
int study_run_json(const struct study_run *r, const struct tuning_host *host, json_t **ret, struct err *err);
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

/* Ask every system for its slow parts; those that fail are noted as missing. */
int runner_prepare_systems(struct runner *w, struct err *err);
void runner_tell(const struct runner *w, const char *doing, const struct matrix_cell *c, const char *text);
int runner_groups(struct runner *w, struct err *err);

#endif
