/* SPDX-License-Identifier: Apache-2.0 */
/*
 * knob - one thing on a host that affects latency: how it is read, what is
 * wanted of it and why, what that costs: the one source for plan, revert, docs
 * and reports.  It lists settings (setting.h), which reads and never writes.
 * Most knobs are "a file with a value": a row of data, which needs no code.
 */
#ifndef KNOB_KNOB_H
#define KNOB_KNOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/value.h"
#include "host/facts.h"
#include "host/split.h"
#include "knob/role.h"
#include "knob/setting.h"

enum knob_when {
	KNOB_LIVE,     /* takes effect when written; undone by revert */
	KNOB_START,    /* given to the measured threads when they start */
	KNOB_BOOT,     /* kernel command line: reported, never changed */
	KNOB_OTHER,    /* another program's business: reported */
	KNOB_MODULE,   /* when a module is loaded, with no VM running */
	KNOB_VM,       /* when a virtual machine starts: its command line */
	KNOB_FIRMWARE, /* set-up of the firmware, or other hardware */
	KNOB_WHEN_COUNT,
};

struct knob;
struct knob_own;
struct knob_options {
	unsigned vm_memory_mb;          /* huge pages wanted for this much guest memory; 0 = none */
	const char *const *leave_alone; /* pids or names of processes whose tasks are not touched */
	const struct knob_own *own;     /* own.h: values in place of the table's; n_own of them */
	size_t n_own;
};

struct knob_ctx {
	const struct fs *fs;
	const struct host_facts *facts;
	const struct cpu_split *split;
	const struct knob_options *options;
	const char *run;   /* names control groups: "vlat-RUN" */
	bool grouped;      /* iso.partition is going to confine ordinary tasks, or has */
	bool applying;     /* listing in the middle of applying: what is, not what will be */
	bool plain_groups; /* no v2 partition: it was tried and came out invalid */
	bool auditing;     /* only look: what `role` wants, without root where that can be */
	enum role role;
	struct look *look; /* what several knobs read, read once; set when auditing (look.h) */
};

typedef int knob_list_fn(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err);

/* A "file with a value". */
enum knob_per { PER_HOST, PER_ISOLATED_CPU, PER_POLICY, PER_NODE, PER_NAME };

struct knob_file {
	const char *path; /* "%s" stands for the CPU number, policy or node by `per` */
	enum knob_per per;
	enum value_form form;
	const char *want; /* literal; "@house": the housekeeping CPUs in the form; or */
	bool (*choose)(const struct knob_ctx *c, const char *now, char *buf, size_t cap); /* false: leave it as it is */
	const char *follower; /* a file whose number the kernel works out anew when this one is written; NULL = none */
};

/* A kernel parameter whose effect shows nowhere else. */
struct knob_boot {
	const char *name;
	const char *absent; /* what the kernel does without it: "0", "" = nothing */
	enum value_form form;
};

struct knob {
	const char *id;                /* "iso.timer_migration": family, dot, name */
	const char *title;             /* what it is: "timers move to other CPUs" */
	const char *why, *cost, *risk; /* sentences without full stop; risk may be NULL */
	const char *source;            /* where that is known from */
	const char *unit;              /* plural of its targets: "interrupts" */
	const char *refusal;           /* what a refused write means here; NULL = what errno says */
	enum knob_when when;
	bool security;  /* lowers a protection: only with allow_insecure */
	bool first;     /* makes groups or mounts, or must be done when those are made: what comes after is listed anew */
	unsigned order; /* knobs are applied in ascending order, see table.c */
	const struct knob_file *files;
	size_t n_files;
	knob_list_fn *list; /* NULL = the files above; with it, they are those that take a value of one's own */

	/* For the audit, which also knows knobs that the tuning leaves alone (look_*.c). */
	struct role_want role[ROLE_COUNT];
	struct knob_boot boot;
	const char *cure;         /* NULL = made of the files or the parameter */
	const char *dispute;      /* where sources contradict each other, and why vlat chooses as it does */
	bool disruptive;          /* live, but felt: links reset, tasks move */
	bool of_vm, of_container; /* of each running virtual machine, each container */
	knob_list_fn *check;      /* NULL = list, or the files, or the parameter */
};

/* What the tuning level `vlat` may set, sorted by id. */
extern const struct knob *const knob_table[];
extern const size_t knob_count;
const struct knob *knob_find(const char *id); /* NULL */

/* All knobs, those that are only looked at too; NULL at the end. */
const struct knob *knob_at(size_t i);
const struct knob *knob_find_any(const char *id);
const struct knob *knob_nearest(const char *id); /* NULL when no id is near enough to suggest */

/* For the audit (c->auditing): TODO means "differs"; `after` of values is a want (role.h). */
int knob_look(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err);
int knob_list(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err);

#define FILES(...)                                                                                                               \
	.files = (const struct knob_file[]){ __VA_ARGS__ },                                                                      \
	.n_files = sizeof((const struct knob_file[]){ __VA_ARGS__ }) / sizeof(struct knob_file)
#endif
