/* SPDX-License-Identifier: Apache-2.0 */
/* internal - what the files of this room share. */
#ifndef JOURNAL_INTERNAL_H
#define JOURNAL_INTERNAL_H

#include "base/err.h"
#include "base/sink.h"
#include "journal/entry.h"
#include "journal/history.h"
#include "journal/journal.h"
#include "journal/undo.h"

#define JOURNAL_MAX_BYTES ((size_t) 64 << 20)

struct journal {
	int fd;                         /* STATE/runs/ID/journal, O_APPEND, flock held; -1 = read only, for a dry run */
	char dir[320];                  /* STATE/runs/ID */
	char mark[32];
	bool rebooted;                  /* another boot wrote it: what lived in memory is gone */
	struct journal_head head;
	char knob[KNOB_ID_MAX];         /* of the intents to come; "" = none */
	VEC(struct entry) entries;
	uint64_t next_seq;
	size_t damaged;
	bool aside;                     /* of STATE/left: aside.h */
	int mounter;                    /* mounter.h; -1 = mounts are taken off by ourselves */
	bool held;
	size_t held_from;               /* first entry that is not on disk yet */
	struct sink pending;
};

struct journal *journal_blank(void);
void journal_free(struct journal *j);
void journal_drop_entries(struct journal *j);
/* A folder (S_IFDIR) or file (S_IFREG) that nobody but us can have written. */
int state_check(const char *path, mode_t kind, struct err *err);

/* STATE/runs, checked: ours alone.  -ENOENT (without err) when there is none and make is false. */
int runs_dir(char *buf, size_t cap, bool make, struct err *err);
int run_create(struct journal *j, const char *why, unsigned flags, struct err *err);
enum head_flag { HEAD_LASTING = 1, HEAD_TUNING = 2 };
int journal_open_as(struct journal **ret, const char *why, unsigned flags, struct err *err);
/* Rename the folder away, then remove it: a kill in between leaves no folder that looks like a run. */
int run_remove(const char *dir, struct err *err);

/* One line, whole or not at all; durable = fsync. */
int journal_write(struct journal *j, const char *line, bool durable, struct err *err);
/* An intent: complete, on disk (or held), and the journal's from now on; takes e over, also when it fails. */
int journal_note(struct journal *j, struct entry *e, struct err *err);
/* {"MEMBER":SEQ,"value":..}: what became known of an entry later; kept in *field too. */
int journal_later(struct journal *j, const struct entry *e, const char *member, const char *value, char **field, bool durable,
		  struct err *err);
/* affinity.c */
bool cpus_listed(const char *which, struct cpuset *ret);        /* "online", "possible" */
/* What was found as a task's affinity, to what the task itself wishes as far as anybody can tell. */
void affinity_widen(pid_t tid, struct cpuset *found);
int dir_sync(const char *dir);                  /* names made and removed in it are on disk */

/* history.c */
void history_begin(const struct journal_head *h);
void history_end(const struct journal *j, enum history_end end, size_t foreign, size_t failed);

/* How one entry is undone; dry = only say what would become of it. */
struct undo_ctx {
	struct journal *j;
	bool dry;
	bool end;                       /* the run is over: its processes are ended too */
	const char *const *force;       /* as in struct revert_options */
	bool quiet;                     /* the same */
	const struct hands *hands;      /* the same */
};
bool undo_is_forced(const struct undo_ctx *c, const struct entry *e);
/*
 * The path was changed several times, and is already as it was before an
 * earlier one: an undoing went further, and its notes were lost.
 */
bool undo_went_further(const struct undo_ctx *c, const struct entry *e, const char *now);

typedef enum undo_state undo_fn(const struct undo_ctx *c, const struct entry *e, struct undo_item *item);
enum undo_state undo_value(const struct undo_ctx *c, const struct entry *e, struct undo_item *item);
enum undo_state undo_task(const struct undo_ctx *c, const struct entry *e, struct undo_item *item);
enum undo_state undo_policy(const struct undo_ctx *c, const struct entry *e, struct undo_item *item);
enum undo_state undo_netns(const struct undo_ctx *c, const struct entry *e, struct undo_item *item);
enum undo_state undo_cgroup(const struct undo_ctx *c, const struct entry *e, struct undo_item *item);
enum undo_state undo_tree(const struct undo_ctx *c, const struct entry *e, struct undo_item *item);
enum undo_state undo_mount(const struct undo_ctx *c, const struct entry *e, struct undo_item *item);
enum undo_state undo_command(const struct undo_ctx *c, const struct entry *e, struct undo_item *item);
enum undo_state undo_driver(const struct undo_ctx *c, const struct entry *e, struct undo_item *item);
enum undo_state undo_vfs(const struct undo_ctx *c, const struct entry *e, struct undo_item *item);
enum undo_state undo_netdev(const struct undo_ctx *c, const struct entry *e, struct undo_item *item);
enum undo_state undo_nic(const struct undo_ctx *c, const struct entry *e, struct undo_item *item);
enum undo_state undo_folder(const struct undo_ctx *c, const struct entry *e, struct undo_item *item);
enum undo_state undo_file(const struct undo_ctx *c, const struct entry *e, struct undo_item *item);
enum undo_state undo_link(const struct undo_ctx *c, const struct entry *e, struct undo_item *item);

bool undo_tree_is_vlats(const struct undo_ctx *c, const char *path); /* a folder of those that vlat makes */
bool undo_is_group(const char *path);
bool undo_holds_ours(const struct undo_ctx *c, const struct entry *e); /* below what it names something is still to be undone */
/* out_of_sight.c: what it names may well be there, but not in this mount namespace.  Says so. */
bool undo_is_out_of_sight(const struct entry *e, struct undo_item *item);

/* follower.c */
void follower_note(struct entry *e, const char *path); /* its value now, into the entry */
enum undo_state follower_undo(const struct undo_ctx *c, struct entry *e, struct undo_item *item, undo_fn *own);
/* undo_value.c: a file without its last newline, malloc'ed; and written with one. */
int undo_read(const char *path, char **ret);
int undo_write(const char *path, const char *text);
bool undo_may_be_unnoted(const struct entry *e); /* what was made of it was not looked at before the run was killed */

/*
 * End every process that carries the run's mark (and, with netns_ino, sits in
 * that namespace); returns how many, or -ETIME when some would not die.
 * Never vlat itself nor an ancestor of it.
 */
int marked_kill(const struct undo_ctx *c, uint64_t netns_ino, struct err *err);

/* Undo entries [here, n) from the last to the first. */
int undo_entries(const struct undo_ctx *c, size_t here, struct undo_report *report, struct err *err);

#endif
