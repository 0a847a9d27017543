/* SPDX-License-Identifier: Apache-2.0 */
/* verify - what vlat has asked the boot loader for, held against what this boot made of it; and what comes after. */
#ifndef BOOT_VERIFY_H
#define BOOT_VERIFY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/sink.h"
#include "boot/boot.h"

#define BOOT_WHY "boot parameters" /* how the journal of such a run begins to say what it is */

enum boot_state {
	BOOT_NONE,   /* vlat has no boot parameters here */
	BOOT_TRYING, /* given once; not the default */
	BOOT_KEPT,   /* given at every boot */
};
const char *boot_state_name(enum boot_state s); /* "none" "tried once" "kept" */

enum boot_effect { BOOT_EFFECTIVE, BOOT_UNSEEN, BOOT_MISSING, BOOT_DROPPED };
const char *boot_effect_name(enum boot_effect e); /* "effective" "cannot tell" "missing" "dropped" */

struct boot_check {
	char knob[64];
	char wanted[BOOT_WORD_MAX]; /* one parameter: "nohz_full=2-7" */
	char seen[160];             /* the state found, where the kernel tells one */
	enum boot_effect effect;    /* MISSING: not on the command line; DROPPED: there, but the kernel did otherwise */
	char why[200];
};

struct boot_report {
	enum boot_state state;
	char run[16], profile[80], loader[40], since[32];
	bool booted;           /* this boot was made with vlat's words */
	bool due;              /* it is later than their setting: without them it fell back, or another entry was chosen */
	struct boot_check *at; /* owned */
	size_t n, missing;     /* missing: those that are MISSING or DROPPED */
};
/* 0; state BOOT_NONE when there is nothing to look at. */
int boot_verify(const struct fs *fs, struct boot_report *ret, struct err *err);
/* Any words, whoever set them, held against this boot. */
int boot_look(const struct fs *fs, const char *words, struct boot_report *ret, struct err *err);
void boot_report_free(struct boot_report *r);
void boot_checks_text(const struct boot_report *r, struct sink *out); /* a line for each parameter */
void boot_report_text(const struct boot_report *r, struct sink *out);
json_t *boot_report_json(const struct boot_report *r); /* new reference */

/*
 * What is tried once becomes the default: for `vlat verify`, when boot_verify() said
 * BOOT_TRYING, booted, and nothing missing.  -EINVAL otherwise.
 */
int boot_complete(const struct fs *fs, char ret_run[16], struct err *err);

/* After a revert: entries that were made meanwhile with vlat's words in them are cleaned of them. 1 = something was done; out may
 * be NULL. */
int boot_settle(const struct fs *fs, struct sink *out, struct err *err);

#endif
