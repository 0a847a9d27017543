/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model - a results folder, read and analysed: all that any form of the report
 * shows.  Texts are borrowed from the record, or owned where noted.
 */
#ifndef REPORT_MODEL_H
#define REPORT_MODEL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/vec.h"
#include "report/analyse.h"
#include "report/words.h"

/* Distinct words that runs agree on or not: "tcg", or "kvm, tcg" when they differ. */
struct words_seen {
	char text[200];
};

/* How the machine was while one SUT was measured; over its runs that gave a result. */
struct platform {
	const char *sut;
	struct words_seen accelerator, accelerator_why, clocksource, guest_clocksource, governor;
	double steal_median, steal_max; /* percent of the measured CPUs' time; NAN = not told */
	double throttled;               /* events, all runs together */
	size_t n, n_disturbed;
	bool translated; /* some run under binary translation (TCG) */
};

/* One step of a tuning level's plan. */
struct step {
	const char *knob, *title, *target, *before, *after, *state, *reason, *why, *cost;
	bool security;          /* lowers a protection */
	struct words_seen suts; /* measured with this step */
	size_t seen, plan;      /* runs with it; the last of them, as a plan's number */
};

struct level {
	const char *name;
	VEC(struct step) steps; /* alike in knob, state and values, whatever numbers the target has */
	size_t n_plans;         /* runs that recorded a plan; 0: steps are what the study meant to do */
	char *command;          /* owned: a rival tuner's command line; NULL */
};

struct unavailable {
	const char *sut, *datapath, *guest_kernel, *pages, *why, *cure; /* "" = all of them */
	char what[160];                                                 /* "Virtual machines over vf" */
};

struct fact {
	char *name, *value; /* owned */
};

struct histogram;
struct record;

struct report {
	struct record *record;         /* owned */
	VEC(struct histogram *) times; /* owned: of the runs */
	struct analysis *analysis;     /* owned */
	struct answer *answers;        /* owned */
	size_t n_answers;
	const char *dir, *study, *title, *created, *version;
	uint64_t seed;
	size_t blocks;
	bool quick;
	double duration_s, warmup_s; /* of a run; NAN where workloads differ in it */
	VEC(struct platform) platforms;
	VEC(struct level) levels;
	VEC(struct unavailable) unavailable;
	VEC(struct fact) host;
};

/* Takes the record, also when it fails: then it is freed. The record's own numbers are believed; that its parts fit together is
 * not. */
int report_make(struct report **ret, struct record *record, struct err *err);
void report_free(struct report *r); /* accepts NULL */

const struct platform *report_platform(const struct report *r, const char *sut); /* NULL */
/* "QEMU TCG, binary translation" where that SUT ran so, else "". */
const char *report_qualifier(const struct report *r, const char *sut);

#endif
