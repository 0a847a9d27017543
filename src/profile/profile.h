/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile - what a tuning wishes for, as a file: which CPUs are set apart, how
 * far it may go, which knobs it takes and leaves.  docs/tune.md has the keys.
 *
 * A profile may inherit from one other; its own keys then replace the other's,
 * its lists are added to them.  Files are found by name in the folders given,
 * the first that has one wins.
 */
#ifndef PROFILE_PROFILE_H
#define PROFILE_PROFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cpuset.h"
#include "base/err.h"
#include "host/cpu.h"
#include "host/split.h"
#include "knob/own.h"

enum level { LEVEL_SAFE, LEVEL_STANDARD, LEVEL_EXTREME, LEVEL_COUNT };
extern const char *const level_names[LEVEL_COUNT + 1]; /* "safe", "standard", "extreme", NULL */

struct profile_knob {
	char *id;         /* is in the knob table */
	enum level level; /* the lowest level that takes it */
};

struct profile {
	char *name, *title, *inherits;
	char *isolated; /* an expression (cpu_expr.h); NULL = by topology */
	bool has_level;
	enum level level;           /* when the user says nothing */
	struct profile_knob *knobs; /* at another level than standard */
	size_t n_knobs;
	char **skip, **insecure; /* NULL-terminated, never NULL */
	size_t n_skip, n_insecure;
	struct knob_own *own; /* `set`: values in place of the table's */
	size_t n_own;
};

/* One file's text, without what it inherits.  Errors name `what`, line and column. */
int profile_parse(struct profile **ret, const char *text, size_t len, const char *what, struct err *err);

/*
 * By name, with all it inherits.  -ENOENT names the profiles there are, -ELOOP
 * a circle.  A file that others than root may write is refused (-EPERM) when
 * `strict`: whoever writes it could tune the host.
 */
struct profile_folder {
	const char *path;
	bool strict;
};
int profile_load(struct profile **ret, const struct profile_folder *folders, size_t n, const char *name, struct err *err);
void profile_free(struct profile *p); /* accepts NULL */

/* The level at which a knob is taken: LEVEL_COUNT = never (skipped). */
enum level profile_level_of(const struct profile *p, const char *id);
/* Its CPUs on this machine, checked as the user's own would be. */
int profile_split(const struct profile *p, const struct cpu_facts *cpus, struct cpu_split *ret, struct err *err);

#endif
