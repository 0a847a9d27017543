/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tuner - from a wish ("vm-host, level safe, CPUs 2-7") to the plan that it
 * means on this machine, or on a copy of another.  The wish is what is kept:
 * for the next boot, in a saved plan; the plan is made of it anew.
 */
#ifndef CMD_TUNER_H
#define CMD_TUNER_H

#include <jansson.h>
#include <stdbool.h>

#include "base/cpuset.h"
#include "base/err.h"
#include "base/fs.h"
#include "host/facts.h"
#include "host/split.h"
#include "profile/profile.h"
#include "tune/plan.h"

#define USER_PROFILES "/etc/vlat/profiles"

/* Texts are borrowed when a command line made it, owned after wish_from_json(). */
struct tune_wish {
	const char *profile;    /* NULL = none: all knobs, as the tuning level `vlat` of studies and runs */
	const char *level;      /* NULL = as the profile says */
	const char *only, *skip;        /* "knob,knob"; NULL = all, none */
	struct cpuset cpus;     /* to isolate; empty = as the profile says */
	bool insecure;          /* all knobs that lower security too */
	bool take_over;         /* stop and mask programs that set the same things */
	unsigned vm_memory_mb;
};

json_t *wish_to_json(const struct tune_wish *w);        /* new reference; "format" 1 */
/* Strict: an unknown or wrongly typed member is an error. wish_free() afterwards. */
int wish_from_json(const json_t *o, struct tune_wish *ret, struct err *err);
void wish_free(struct tune_wish *w);                    /* only of wish_from_json(); accepts a zeroed one */

struct knob_ids;        /* lists of knob ids, NULL-terminated */

struct tuner {
	const char *user_profiles;      /* folder; NULL = USER_PROFILES; kept by tuner_make() */
	const struct tune_wish *wish;   /* borrowed */
	struct profile *profile;        /* NULL = none */
	enum level level;
	struct fs fs;
	struct host_facts facts;
	struct cpu_split split;
	struct knob_ids *only, *skip, *chosen;
	struct plan *plan;
};
#define TUNER_INIT                                                                                                               \
	{                                                                                                                        \
		.fs = {.root = -1 }                                                                                              \
	}

/*
 * Profile, facts, CPUs and plan; nothing is changed.  fs: a copied machine,
 * the tuner's from then on; NULL = this one.  tuner_free() also when it failed.
 */
int tuner_make(struct tuner *t, const struct tune_wish *wish, const struct fs *fs, struct err *err);
void tuner_free(struct tuner *t);

#endif
