/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store - the tuning that is wanted at every boot: /etc/vlat/tune.json.
 *
 * It holds the wish (what was asked for, opaque here: cmd/tuner.h), for which
 * machine, and what the wish meant then by identity.  At boot the plan is made
 * anew from the wish: the machine decides what it is today.
 */
#ifndef KEEP_STORE_H
#define KEEP_STORE_H

#include <jansson.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/ids.h"
#include "host/cpu.h"
#include "journal/journal.h"
#include "keep/identity.h"

#define KEEP_FOLDER "/etc/vlat"
#define KEEP_FILE   KEEP_FOLDER "/tune.json"

struct stored {
	char machine[MACHINE_ID_CAP]; /* machine-id(5); "" = not known */
	char written[32];
	char profile[72];
	json_t *wish;     /* owned */
	json_t *isolated; /* places of the CPUs set apart; owned */
	bool cpus_named;  /* the user named the CPUs: then these places are what he meant */
	struct cards cards;
};

/* wish: borrowed.  Reads machine-id and cards through fs. */
void stored_make(struct stored *ret, const struct fs *fs, const char *profile, const json_t *wish, const struct cpu_facts *cpus,
		 const struct cpuset *isolated, bool cpus_named);
void stored_free(struct stored *s); /* accepts a zeroed one */

char *stored_text(const struct stored *s); /* malloc'ed */
int stored_parse(const char *text, size_t len, const char *what, struct stored *ret, struct err *err);

/* root "" = this machine.  -ENOENT: nothing is stored; -EPERM: others than root could have written it. */
int stored_load(const char *root, struct stored *ret, struct err *err);
/* By a lasting journal (journal/lasting.h); the folder is made, or refused when it is not root's alone. */
int stored_save(const struct stored *s, const char *root, struct journal *j, struct err *err);

/* Of another machine (a disk image that was copied): a sentence. */
int stored_check_machine(const struct stored *s, const struct fs *fs, struct err *err);
/* Where the CPUs of that time are today. */
int stored_cpus(const struct stored *s, const struct cpu_facts *cpus, struct cpuset *ret, struct err *err);

#endif
