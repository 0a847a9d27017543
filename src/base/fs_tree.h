/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs_tree - a machine held in memory: an opened capture, or one being made.
 *
 * A struct fs whose `tree` is set reads from here and never from a disk: links
 * are walked in the tree, so nothing a hostile capture holds can lead out.
 * What a capture knows but could not take (no permission, too big) answers with
 * the error that was met when it was made; all else is absent.
 *
 * A recording fs reads the running machine through the tree: whatever is opened,
 * listed or asked for is put in it first, whole, and then given from it.  So a
 * capture cannot lack what its reader saw.
 */
#ifndef BASE_FS_TREE_H
#define BASE_FS_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fs.h"
#include "base/sink.h"

/* Bounds of what is held: one file, and all (each entry counts FS_TREE_ENTRY bytes more). */
#define FS_TREE_FILE_MAX ((size_t) 8 << 20)
#define FS_TREE_MAX      ((size_t) 40 << 20)
#define FS_TREE_ENTRY    128

/* Where a capture keeps what is no file of the machine. */
#define FS_TREE_OWN     ".vlat"
#define FS_TREE_ANSWERS ".vlat/answers"

enum fs_kind {
	FS_DIR,
	FS_FILE,
	FS_LINK,
	FS_OTHER,  /* a device, a pipe: is there, and is not read */
	FS_ABSENT, /* inside the tree only: was looked for, and is not there */
};

struct fs_tree_entry {
	const char *path;       /* "proc/cmdline" */
	enum fs_kind kind;
	unsigned mode;          /* permission bits */
	int error;              /* what reading it gives, negative errno; -ENODATA: known by name only */
	const char *data;       /* content or target, NUL-terminated; NULL when there is none */
	size_t len;
};

struct fs_tree *fs_tree_new(void);
void fs_tree_free(struct fs_tree *t);

/*
 * Put an entry where none is; folders above it are made.  -EINVAL: no path
 * inside (empty, "..", too deep), -EEXIST, -ENOTDIR, -EFBIG: that file, -E2BIG: all.
 */
int fs_tree_add(struct fs_tree *t, const struct fs_tree_entry *e);

/* The same, but what it holds is *data, e->len bytes from malloc with a NUL behind them: NULL once it is the tree's. */
int fs_tree_give(struct fs_tree *t, const struct fs_tree_entry *e, char **data);

/* What reading it gives, of an entry that is there, or of a file that is not. */
int fs_tree_fail(struct fs_tree *t, const char *path, int error);

/* Parents before children, names sorted; stops at the first callback that returns non-zero, and returns that. */
typedef int fs_tree_fn(void *arg, const struct fs_tree_entry *e);
int fs_tree_walk(struct fs_tree *t, fs_tree_fn *fn, void *arg);

/* An fs that reads from the tree and frees it when it is closed; name is for messages. */
void fs_of_tree(struct fs *ret, struct fs_tree *t, const char *name);
/* An fs that reads `from` (borrowed until closed) through a new tree. */
void fs_record(struct fs *ret, const struct fs *from);
void fs_tree_settle(struct fs_tree *t);          /* a recording is over: what it does not hold is absent */
bool fs_tree_full(const struct fs_tree *t);     /* recording stopped taking: the budget is used up */

/*
 * What a recording knows not to be there, as text, and of an opened copy that
 * text again: "PATH" was looked for, "FOLDER/" was listed whole.  What is not in
 * such a copy and not told by it, nobody knows.
 */
void fs_tree_absences(const struct fs_tree *t, struct sink *out);
void fs_tree_know_absences(struct fs_tree *t, const char *text);
bool fs_tree_knows_absences(const struct fs_tree *t);

/* For base/fs.c: the functions of fs.h on a tree. */
int fs_tree_open(struct fs_tree *t, const char *path, int flags);
bool fs_tree_exists(struct fs_tree *t, const char *path);
int fs_tree_data(struct fs_tree *t, const char *path, const char **ret, size_t *ret_len);
int fs_tree_readlink(struct fs_tree *t, const char *path, char *buf, size_t cap);
int fs_tree_list(struct fs_tree *t, const char *path, bool folders_only, struct fs_names *ret);
int fs_tree_stat(struct fs_tree *t, const char *path, enum fs_kind *ret_kind, unsigned *ret_mode);
bool fs_tree_surely_absent(struct fs_tree *t, const char *path); /* of one that has just been found absent */
/* Hands r on; when it says that there is no such file, that may be a gap of the copy. */
int fs_missed(const struct fs *fs, const char *path, int r);
int fs_tree_answer(struct fs_tree *t, const char *path, fs_ask *ask, void *arg, char *buf, size_t cap);

#endif
