/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors instead of deaths: a full disk and a dying one, at every call.
 *
 * What vlat could not write down it does not do, and what it did before it
 * takes back by itself: when only the disk of the state folder fails, the
 * machine is as it was as soon as the child has ended.  When the machine's own
 * files fail, one revert without errors later.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "../hosts/compare.h"
#include "lab.h"

static const struct {
	const char *name;
	struct fuse fuse;
} kinds[] = {
	{ "disk full from then on", { .harm = HARM_FAIL_ON, .code = ENOSPC, .state_only = 1 } },
	{ "disk full once", { .harm = HARM_FAIL_ONCE, .code = ENOSPC, .state_only = 1 } },
	{ "disk dead from then on", { .harm = HARM_FAIL_ON, .code = EIO, .state_only = 1 } },
	{ "disk fails once", { .harm = HARM_FAIL_ONCE, .code = EIO, .state_only = 1 } },
	{ "every disk full once", { .harm = HARM_FAIL_ONCE, .code = ENOSPC } },
	{ "every disk full from then on", { .harm = HARM_FAIL_ON, .code = ENOSPC } },
	{ "everything fails once", { .harm = HARM_FAIL_ONCE, .code = EIO } },
	{ "everything fails from then on", { .harm = HARM_FAIL_ON, .code = EIO } },
};

/* How many calls the whole thing makes: after that many no harm is done. */
static unsigned long count_calls(lab_fn *fn, const struct lab *lab, bool state_only)
{
	const struct fuse only_count = { .state_only = state_only };

	fuse_set(&only_count);
	need(fn(lab) == 0, "without harm", NULL);
	return fuse_calls();
}

static unsigned long everywhere(lab_fn *fn, const char *what, const struct lab *lab, const struct fuse *kind, const char *name)
{
	unsigned long n = count_calls(fn, lab, kind->state_only), failed = 0;

	fuse_set(NULL);
	for (unsigned long at = 1; at <= n; at++) {
		struct fuse f = *kind;
		int r;

		f.at = at;
		r = child(fn, lab, &f);
		need(r >= 0, "an error killed it", NULL);
		failed += r == 1;
		if (kind->state_only && compare_trees(lab->original, lab->dir)) {
			fprintf(stderr, "%s, %s at call %lu: it did not take back what it did\n", what, name, at);
			exit(1);
		}
		need(child(revert_once, lab, NULL) == 0, "revert after an error", NULL);
		nothing_left(lab, what, at);
	}
	printf("%s: %s at each of %lu calls; %lu times it said so\n", what, name, n, failed);
	need(failed > 0, "no error was noticed", NULL);
	return n;
}

/* Revert itself meets the errors; a second one, without, ends it.  It makes some 25 calls of its own, and one a change. */
static void revert_everywhere(const struct lab *lab, const struct fuse *kind, const char *name)
{
	unsigned long failed = 0, n = kind->state_only ? 30 : 50;

	for (unsigned long at = 1; at <= n; at++) {
		struct fuse f = *kind;

		f.at = at;
		need(child(tune_and_die, lab, NULL) == -1, "the tuning ends by a kill", NULL);
		failed += child(revert_once, lab, &f) == 1;
		need(child(revert_once, lab, NULL) == 0, "revert after a revert with errors", NULL);
		nothing_left(lab, "revert with errors", at);
	}
	printf("revert: %s at each of %lu calls; %lu times it said so\n", name, n, failed);
	need(failed > 0, "no error was noticed", NULL);
}

/* The disk is dead from some call on: what has been done by then cannot be taken back, and both is told. */
static void both_errors(const struct lab *lab)
{
	unsigned long n = count_calls(tune_once, lab, false), told = 0;

	fuse_set(NULL);
	for (unsigned long at = 1; at <= n; at += 2) {
		const struct fuse f = { .harm = HARM_FAIL_ON, .code = EIO, .at = at };

		told += child(tune_and_tell, lab, &f) == 1;
		need(child(revert_once, lab, NULL) == 0, "revert after two errors", NULL);
		nothing_left(lab, "two errors", at);
	}
	printf("neither applied nor taken back: %lu times both was told\n", told);
	need(told > 0, "the second error was kept secret", NULL);
}

void faults(const struct lab *lab)
{
	both_errors(lab);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		everywhere(tune_once, "tuning", lab, &kinds[i].fuse, kinds[i].name);
		everywhere(put_once, "files", lab, &kinds[i].fuse, kinds[i].name);
		everywhere(keep_once, "what is kept", lab, &kinds[i].fuse, kinds[i].name);
		if (kinds[i].fuse.code == EIO) /* it needs no room */
			revert_everywhere(lab, &kinds[i].fuse, kinds[i].name);
	}
}
