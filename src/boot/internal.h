/* SPDX-License-Identifier: Apache-2.0 */
/* internal - what the files of this room share. */
#ifndef BOOT_INTERNAL_H
#define BOOT_INTERNAL_H

#include <stdint.h>

#include <jansson.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/ids.h"
#include "base/vec.h"
#include "boot/boot.h"
#include "boot/verify.h"
#include "journal/journal.h"

#define CONFIG_MAX ((size_t) 1 << 20)

/* What a loader is to do: `block` onto the command line, in the journal's name. */
struct boot_job {
	const struct fs *fs;
	struct journal *journal;
	const char *block; /* with its marks */
	const char *title; /* of an entry of its own: "tuned by vlat for vm-host" */
};

struct boot_loader {
	const char *name;  /* "grub": in the record */
	const char *title; /* for people */
	/* Whether this machine boots by it, and how that is known. */
	bool (*found)(const struct fs *fs, char *why, size_t cap);
	/* It booted this machine, but nothing can be told it: why.  NULL = that does not happen. */
	bool (*closed)(const struct fs *fs, char *why, size_t cap);
	/* The command line of the entry that is booted by default, vlat's block and all; -ENOENT. */
	int (*line)(const struct fs *fs, struct sink *out, struct err *err);
	/* For every boot from now on. */
	int (*keep)(const struct boot_job *job, struct err *err);
	/* For the next boot alone.  NULL = it cannot do that. */
	int (*once)(const struct boot_job *job, struct err *err);
	/* Takes vlat's words out of what others made meanwhile; 1 = there were some.  Undoing, so not journalled itself. */
	int (*settle)(const struct fs *fs, struct err *err);
};

extern const struct boot_loader loader_grub, loader_bls, loader_systemd;
const struct boot_loader *loader_detect(const struct fs *fs, char *why, size_t cap);
const struct boot_loader *loader_named(const char *name); /* NULL */

/* flush.c: what was written is where a loader finds it that knows nothing of the journal of a filesystem, if that can be had. */
void boot_flush(const struct fs *fs);

/* "/etc/x" on the running machine, the copied tree's folder before it otherwise. malloc'ed. */
char *real_path(const struct fs *fs, const char *path);
/* A program to its end, words NULL-terminated; an end that is not well is -EIO with what it said. */
int tool_run(const char *const *words, uint64_t timeout_ns, struct err *err);
/* A configuration file, whole; a path relative to the root. */
int config_read(const struct fs *fs, const char *path, char **ret, struct err *err);

/* grubenv.c: the block of 1024 bytes; name's value, false when it is not set. */
bool grubenv_get(const char *env, const char *name, char *buf, size_t cap);
/* Sets next_entry, journalled so that undoing takes it out again. */
int grubenv_next(const struct boot_job *job, const char *path, const char *entry, struct err *err);
/*
 * A promise to the loader for the next boot, undone by the words.  As long as
 * the record is there, and no longer: a revert that failed tries it once more,
 * one that was killed at its end leaves alone what somebody has promised since.
 */
int journal_promise(const struct boot_job *job, const char *const *undo, struct err *err);

/* Where GRUB cannot write it could not forget next_entry, and would boot that entry for ever: -ENOSYS. */
int grubenv_writable(const struct fs *fs, const char *env, struct err *err);

/* entries.c: folders of one file for each kernel.  saved: the default entry's name, NULL = the newest. */
bool entries_any(const struct fs *fs, const char *folder);
int entries_line(const struct fs *fs, const char *folder, const char *saved, struct sink *out, struct err *err);
int entries_keep(const struct boot_job *job, const char *folder, struct err *err);
int entries_once(const struct boot_job *job, const char *folder, const char *saved, char *ret_name, size_t cap, struct err *err);
int entries_settle(const struct fs *fs, const char *folder, struct err *err);

/* record.c: STATE/boot.json, written by the journal and gone with it. */
struct record_word {
	char knob[64];
	char *text; /* one or more parameters; owned */
};

struct boot_record {
	enum boot_state state;
	char boot[BOOT_ID_CAP];                                   /* boot id when they were set: a later boot should have them */
	char run[16], profile[80], loader[40], since[32], id[16]; /* id: what stands behind vlat.boot= */
	VEC(struct record_word) words;
};
int boot_record_path(char *buf, size_t cap, struct err *err);
int boot_record_read(struct boot_record *ret, struct err *err); /* 1 = there is one, 0 = none */
json_t *boot_record_json(const struct boot_record *r); /* NULL: some word is no UTF-8 text */
/* Pure. What it does not understand whole is refused, and *ret is empty. */
int boot_record_parse(const json_t *o, struct boot_record *ret, struct err *err);
int boot_record_put(struct journal *j, const struct boot_record *r, struct err *err);
void boot_record_free(struct boot_record *r);

#endif
