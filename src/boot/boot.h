/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boot - kernel parameters of a tuning: which ones are wanted, where this
 * machine's boot loader takes them from, and whether they took effect.
 *
 *	boot_wanted(&words, fs, &facts, &split, &options, &err);
 *	boot_plan_make(&plan, fs, &facts, &words, &err);        reads only
 *	boot_apply(&plan, fs, "vm-host", once, run, &err);      a lasting journal: vlat revert RUN
 *	... reboot ...
 *	boot_verify(fs, &report, &err);                         verify.h: requested against effective
 *	boot_complete(fs, run, &err);                           what was tried once becomes the default
 *
 * What vlat adds stands between the words "vlat.boot=ID" and "vlat.end", which
 * the kernel passes over: so it is known again, on any command line.
 */
#ifndef BOOT_BOOT_H
#define BOOT_BOOT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/sink.h"
#include "host/facts.h"
#include "host/split.h"
#include "knob/role.h"

#define BOOT_WORD_MAX 1400 /* a CPU list of 4096 CPUs fits */

enum boot_word_state {
	BOOT_ADD,      /* to be added */
	BOOT_SAME,     /* given and in effect already */
	BOOT_ABSENT,   /* this kernel or machine does not have it: why says so */
	BOOT_CONFLICT, /* somebody else gives the same parameter another value: left alone */
};

struct boot_word {
	const char *knob; /* "iso.nohz_full"; "" = given by hand */
	const char *why, *cost;
	char text[BOOT_WORD_MAX]; /* "nohz_full=2-7"; with more than one parameter parted by a blank */
	enum boot_word_state state;
	char now[BOOT_WORD_MAX]; /* what runs: the parameter as given, "" = not given */
	char reason[200];
};

struct boot_words {
	struct boot_word *at;
	size_t n, cap;
};
void boot_words_free(struct boot_words *w);

struct boot_options {
	enum role role;
	unsigned level; /* 0 safe, 1 standard, 2 extreme: as in profiles */
	bool allow_insecure;
	unsigned vm_memory_mb;                   /* huge pages of 1 GiB for this much; 0 = none */
	const char *const *only, *const *except; /* knob ids, NULL-terminated; NULL = all, none */
	const char *extra;                       /* words of the user's own; NULL = none */
};
int boot_wanted(struct boot_words *ret, const struct fs *fs, const struct host_facts *facts, const struct cpu_split *split,
		const struct boot_options *o, struct err *err);
/* Whether a knob of that id can be set by the kernel's command line, whatever else can set it. */
bool boot_sets(const char *knob);

struct boot_loader;
struct boot_plan {
	const struct boot_loader *loader; /* NULL = none that vlat knows */
	char reason[256];                 /* how it was recognised, or why none was */
	struct boot_words words;          /* owned */
	size_t adds;                      /* of state BOOT_ADD */
	size_t length, limit;             /* of the whole command line, and what the kernel takes */
	char *block;                      /* what would be added, without its two marks; owned */
};
/* Takes the words over, also when it fails.  -E2BIG: too long a command line. */
int boot_plan_make(struct boot_plan *ret, const struct fs *fs, const struct host_facts *facts, struct boot_words *words,
		   struct err *err);
void boot_plan_free(struct boot_plan *p);
void boot_plan_text(const struct boot_plan *p, struct sink *out);
json_t *boot_plan_json(const struct boot_plan *p); /* new reference */
const char *boot_loader_title(const struct boot_plan *p);

/*
 * Writes the loader's configuration: for every boot, or (once) for the next one
 * alone, after which the old one is back unless boot_complete() was called.
 * All of it is in a lasting journal, whose run is named in ret_run.  -EEXIST when vlat's
 * parameters are there already, -ENOSYS without a known loader.
 */
int boot_apply(const struct boot_plan *p, const struct fs *fs, const char *profile, bool once, char ret_run[16], struct err *err);

#endif
