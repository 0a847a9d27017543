/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hold - the one process that has this host tuned.
 *
 * Settings of the host cannot be undone one run at a time: what the first run
 * found and what the second left would no longer fit together.  So one small
 * process, the holder, applies a plan in a journal of its own, keeps what only
 * a living process keeps (PM QoS, the tuning lease), and puts all back when it
 * ends.  A holder that runs have started ends with the last of them; one that
 * `vlat tune` started stays until `vlat revert`, and runs join it (pool.h).
 */
#ifndef RUN_HOLD_H
#define RUN_HOLD_H

#include <stdbool.h>

#include "base/err.h"
#include "host/facts.h"
#include "host/split.h"
#include "journal/journal.h"
#include "run/pool.h"
#include "tune/plan.h"

/* What is in force, as the hooks see it: theirs to verify and to add to, in the holder's only thread. */
struct hold_now {
	struct plan *plan;
	struct journal *journal;
	const char *profile; /* NULL = held for runs */
};

/* Something to look after for as long as the tuning is held: CPUs and devices that come and go. */
struct hold_watch {
	/* Once all is applied: a fd to poll, -1 = none.  An error is remarked on and the tuning held without this. */
	int (*open)(void *arg, const struct hold_now *now, int *ret_fd, struct err *err);
	/* It is readable, or the time it asked for is over: in how many ms to be called anyway, -1 = never. */
	int (*tick)(void *arg, const struct hold_now *now, bool readable);
	void (*close)(void *arg); /* before anything is put back */
	void *arg;
};

/* Makes the plan in the holder, on the machine as it is by then. */
typedef int hold_plan_fn(void *arg, const struct fs *fs, const struct host_facts *facts, const struct cpu_split *split,
			 struct plan **ret, struct err *err);

/* Another process that puts the tuning back unless somebody decides that it stays: killed, it cannot. */
struct hold_clock {
	int fd;             /* its pidfd; closed by the caller */
	bool (*died)(void); /* in the holder, once it has ended: undecided?  Then the holder puts all back */
};

struct hold_wish {
	const char *profile; /* stays until vlat revert; NULL = ends with the last run */
	struct plan *plan;   /* made already, of the live machine; or NULL and: */
	const struct cpu_split *split;
	hold_plan_fn *make; /* NULL = the plan of `vlat plan` */
	void *make_arg;
	/* In the holder before it looks at anything: locks (*ret_fd, closed once all is applied; -1 = none), leftovers. */
	int (*begin)(void *arg, int *ret_fd, struct err *err);
	void *begin_arg;
	const struct hold_watch *watch; /* NULL = nothing to look after */
	const struct hold_clock *clock; /* NULL = none */
};

struct hold_up {
	struct pool pool; /* as pool_look() finds it; no share in it */
	char *text;       /* plan_text() of what was applied; malloc'ed */
};
void hold_up_free(struct hold_up *up);

/*
 * Returns when the tuning is in force, or was taken back.  -EALREADY (and
 * ret->pool) when the host is tuned already, -EUCLEAN when a holder was killed.
 */
int hold_start(const struct hold_wish *wish, struct hold_up *ret, struct err *err);

/* The same in this process, as a service manager wants it: up() once it is in force; returns when asked to end, all put back. */
int hold_here(const struct hold_wish *wish, void (*up)(void *arg, const struct hold_up *up), void *arg, struct err *err);

/*
 * End a tuning that stays (run NULL = whichever) and leave its journal to
 * journal_revert().  -EBUSY while runs use it; 0 when there is none of this state folder.
 */
int hold_release(const char *run, struct err *err);

#endif
