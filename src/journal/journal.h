/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal - the durable record of everything a run changes or creates, written
 * and fsynced before it is done, from which `vlat revert` undoes it after any
 * death of vlat.
 *
 * One file per run: STATE/runs/ID/journal, one JSON object a line.  The first
 * line names format, run, owner (pid and start time), boot id; then
 * {"seq":N,"kind":..., ...} for an intent, {"left":N,"value":...} for what
 * the kernel made of it, {"undone":N,"how":...} for how it was settled.  A torn
 * last line is an intent never acted on.
 *
 * The owner holds a lock (flock) on the file while it lives.  One journal
 * belongs to one thread.  Undoing, and its report: journal/undo.h.
 */
#ifndef JOURNAL_JOURNAL_H
#define JOURNAL_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/cpuset.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/value.h"

struct journal;

/* STATE is $VLAT_STATE, else /var/lib/vlat for root, else $XDG_STATE_HOME/vlat or ~/.local/state/vlat. */
int journal_state_dir(char *buf, size_t cap, struct err *err);

int journal_open(struct journal **ret, const char *why, struct err *err);       /* new run; takes its lock */
/* The same, for who holds a tuning (run/hold.h). */
int journal_open_tuning(struct journal **ret, const char *why, struct err *err);
const char *journal_run(const struct journal *j);      /* "r4k2az": a name, at most 8 characters, fit for interface names */
const char *journal_dir(const struct journal *j);      /* STATE/runs/ID: sockets, bundles, images of this run live here */
/* Undo everything (last first), then remove the run's folder.  What could not be undone stays recorded. */
int journal_close(struct journal *j, struct err *err);

/*
 * Intents.  Call before the change; when the change then fails harmlessly,
 * nothing more is needed: undo looks at what is, not at what was meant.
 * Paths are absolute.
 */
struct journal_value {
	const char *path;
	enum value_form form;           /* how before, after and what is there are compared */
	const char *before, *after;     /* before as read, without the last newline: undo writes exactly this */
	const char *guard;              /* a path that must exist for the entry to mean the same thing; NULL = none */
	const char *follower;           /* a number that the kernel works out anew when path is written; NULL = none */
};
int journal_value(struct journal *j, const struct journal_value *v, struct err *err);
int journal_file(struct journal *j, const char *path, const char *before, const char *after, struct err *err); /* VALUE_TEXT */
/* What reads back when that is not what was written: the last value intent of this path counts it as ours. */
int journal_left(struct journal *j, const char *path, const char *left, struct err *err);
/* What the follower of the last value intent of this path became by the change, so that somebody else's hand is told from it. */
int journal_followed(struct journal *j, const char *path, const char *now, struct err *err);

int journal_task(struct journal *j, pid_t tid, const struct cpuset *before, const struct cpuset *after, struct err *err);
int journal_policy(struct journal *j, pid_t tid, int policy_before, int prio_before, int policy_after, int prio_after,
		   struct err *err);
int journal_netns(struct journal *j, const char *name, struct err *err);        /* /run/netns/NAME */
int journal_cgroup(struct journal *j, const char *dir, struct err *err);        /* tasks in it move to its parent; then rmdir */
int journal_tree(struct journal *j, const char *dir, struct err *err);          /* a folder of vlat's own, removed */
int journal_mount(struct journal *j, const char *dir, struct err *err);
/* This process must not mount: mounter.h takes off what is on MOUNTER_PATH.  The fd is the journal's from now on. */
void journal_mounts_by(struct journal *j, int mounter);
/* Processes: every child is spawned with this word in its environment; undo kills whoever carries it. */
const char *journal_mark(const struct journal *j);     /* "VLAT_RUN=ID" */
/* A program that undoes what only it can (runtime delete, rival tuner's revert); bounded in time, harmless when run twice. */
int journal_command(struct journal *j, const char *const *argv, struct err *err);
/* The same, of what a reboot undoes by itself. */
int journal_command_now(struct journal *j, const char *const *argv, struct err *err);
/* The same for as long as the path `guard` exists: without it there is nothing to undo. */
int journal_command_while(struct journal *j, const char *guard, const char *const *argv, struct err *err);

/*
 * A file that outlives a reboot (boot configuration, a unit): the intent is on
 * disk first, then the file is replaced by rename and its folder synced, so
 * that at any moment it is the old one or the new one.  text NULL = removed.  A
 * file that is there keeps its mode and owner; mode is that of a new one.  One
 * that is so already makes no entry.  Undone byte by byte, with its owner.
 * Up to 1 MiB of UTF-8; a link is never followed (-ELOOP).
 */
int journal_put(struct journal *j, const char *path, const char *text, unsigned mode, struct err *err);
/* The folder and those above it that are missing; undo removes what it made, unless something else is in it by then. */
int journal_folder(struct journal *j, const char *path, unsigned mode, struct err *err);

/* On whose behalf (a knob's id) the following intents are: what `vlat revert --force` names.  NULL = nobody's. */
void journal_for(struct journal *j, const char *knob);

/*
 * PCI devices below `fs`, by address.  Their undo never waits for a user to
 * let go: a device in use stays, reported, until revert is tried again.
 */
struct netdev_state;                                    /* journal/netdev.h */
/* before "" = nobody had it; after "" = whichever driver the kernel finds for it. */
int journal_driver(struct journal *j, const struct fs *fs, const char *address, const char *before, const char *after,
		   struct err *err);
int journal_vfs(struct journal *j, const struct fs *fs, const char *address, unsigned n, struct err *err); /* it had none */
int journal_netdev(struct journal *j, const struct fs *fs, const char *address, const struct netdev_state *before,
		   struct err *err);

/*
 * Many intents, one fsync: between journal_hold() and journal_sync() intents
 * are only gathered; none of the changes may be made before the sync returned 0.
 */
void journal_hold(struct journal *j);
int journal_sync(struct journal *j, struct err *err);

/* A point to undo back to: cell by cell, tuning by tuning.  Marked processes end with the run, in journal_close(). */
size_t journal_here(const struct journal *j);
int journal_undo_to(struct journal *j, size_t here, struct err *err);

/* All is done and looked at: what reads otherwise from now on is others', and not what the kernel made of it (undo_value.c). */
void journal_done(struct journal *j);

#endif
