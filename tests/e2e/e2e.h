/* SPDX-License-Identifier: Apache-2.0 */
/* e2e - what programs that need the real kernel share.  Exit status 77 = skipped, with the reason on stdout. */
#ifndef E2E_E2E_H
#define E2E_E2E_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/err.h"
#include "journal/journal.h"
#include "snapshot.h"

#define E2E_SKIP 77

/*
 * First thing in main(): ends the program with E2E_SKIP unless it has the
 * rights; gives it a state folder of its own, which is reverted and removed
 * when the program has ended, in whatever way.
 */
void e2e_begin(const char *name);
/*
 * Keep every other vlat from measuring and tuning until this program ends, by
 * its lock; those started from here see another one in its place, in a mount
 * namespace of their own.  Waits for who has it now.
 */
void e2e_alone(void);
/* Last thing in main(): no journal may be left. */
void e2e_end(void);
void e2e_skip(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/* End the program with a sentence when r < 0; otherwise r. */
int e2e_must(int r, const struct err *err, const char *what);
#define must(call) e2e_must((call), &e, #call)
#define check(x) ((x) ? (void) 0 : e2e_failed(__FILE__, __LINE__, #x))
void e2e_failed(const char *file, int line, const char *what) __attribute__((noreturn));

/*
 * Nothing of this run, and no link of the host's own namespace, may differ
 * from the snapshot.  Other programs on the machine go on meanwhile, so lines
 * that name neither are not ours to judge.
 */
void e2e_clean(const struct snapshot *before, const char *run);

/*
 * Call fn in a child that then is killed with SIGKILL (it calls e2e_ready()
 * when it is worth killing), revert, and expect a clean machine.
 */
void e2e_killed(void (*fn)(struct journal *j));
void e2e_ready(struct journal *j) __attribute__((noreturn));

#endif
