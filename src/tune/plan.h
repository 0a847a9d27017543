/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan - what a tuning level would change on this host, as data: made without
 * touching anything, printed, stored in cells, applied, verified, undone.
 *
 *	plan_make(&plan, fs, &facts, &split, &options, &err);
 *	plan_text(&plan, &sink);                        dry run: this is all that apply does
 *	plan_apply(&plan, journal, &err);               undone again when it fails
 *	plan_placement(&plan, &placement);              for the SUT
 *	... measure; plan_verify(&plan) tells what somebody changed since ...
 *	plan_revert(&plan, &err);
 */
#ifndef TUNE_PLAN_H
#define TUNE_PLAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/sink.h"
#include "host/facts.h"
#include "host/placement.h"
#include "host/split.h"
#include "journal/journal.h"

struct plan;
struct knob_own; /* knob/own.h */

struct plan_options {
	bool allow_insecure;            /* security-lowering knobs too; each is listed in every report */
	const char *const *insecure;    /* or only these of them: knob ids, NULL-terminated; NULL = none */
	const char *const *only;        /* knob ids, NULL-terminated; NULL = all but those that reset network cards */
	const char *const *except;      /* knob ids left out */
	const char *const *leave_alone; /* process ids or names whose tasks are never moved, NULL-terminated */
	const struct knob_own *own;     /* values in place of the table's, borrowed as long as the plan lives */
	size_t n_own;
	unsigned vm_memory_mb;          /* guest memory that huge pages are wanted for; 0 = no VM */
};

/* Pure but for reads through fs; the facts may come from another machine's copy. */
int plan_make(struct plan **ret, const struct fs *fs, const struct host_facts *facts, const struct cpu_split *split,
	      const struct plan_options *options, struct err *err);
void plan_free(struct plan *p);         /* accepts NULL; does not revert */

size_t plan_changes(const struct plan *p);              /* settings that apply would write */
bool plan_moves_tasks(const struct plan *p);            /* would apply take the isolated CPUs from ordinary tasks? */
void plan_text(const struct plan *p, struct sink *out); /* for people: what, before -> after, why, cost */
json_t *plan_json(const struct plan *p);                /* array of steps, docs/results.md; new reference */

/*
 * Each setting: intent in the journal (durable), write, read back, compare by
 * meaning.  What the kernel refuses becomes `blocked` and the rest goes on;
 * an error of the journal or of vlat undoes what this call did.  One vlat at a
 * time tunes a host: another one is waited for, up to a minute (-EBUSY then).
 */
/*
 * -EBUSY, with the card and why, when the plan would reset a network card that
 * carries the login or the default route.  plan_apply() asks it too, so that no
 * way leads around it, unless it was told that the tuning is put back when
 * nobody confirms it.
 */
int plan_check_lifelines(const struct plan *p, struct err *err);
void plan_may_reset(struct plan *p);
int plan_apply(struct plan *p, struct journal *j, struct err *err);
/* Reads everything again: 0, or the number of settings `changed since` (their steps say so). */
int plan_verify(struct plan *p, struct err *err);
int plan_revert(struct plan *p, struct err *err);

/*
 * After a CPU or a device came to a host whose plan is applied: settings for
 * which came() is true and which are not as wanted are journalled, written and
 * read back; groups that lost a CPU are mended.  The facts are of now.  Returns
 * how many were made so; negative only for an error of the journal or of vlat.
 */
typedef bool plan_came_fn(void *arg, const char *knob, const char *path);
int plan_renew(struct plan *p, const struct host_facts *facts, plan_came_fn *came, void *arg, struct err *err);

/* The folder of the groups that an applied plan confines one by one, and whose newcomers it would have to; false = none. */
bool plan_confined_groups(const struct plan *p, char *dir, size_t cap);

/* What it was made of; the plan's. */
const struct cpu_split *plan_split(const struct plan *p);
const struct fs *plan_fs(const struct plan *p);

/* What the measured threads get.  Asked of an unapplied plan: what it would be. */
void plan_placement(const struct plan *p, struct placement *ret);

#endif
