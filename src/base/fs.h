/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs - a machine, or a captured copy of one, seen through one rooted directory fd.
 *
 * Paths are relative ("proc/cmdline", "sys/devices/..."); links resolve inside
 * the root (openat2 RESOLVE_IN_ROOT), so a hostile copy cannot lead out of it.
 * Every function returns a negative errno or >= 0.  Reads are bounded.
 */
#ifndef BASE_FS_H
#define BASE_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpuset.h"
#include "base/err.h"

struct fs_tree;
struct fs_kept;

struct fs {
	int root;               /* directory fd; -1 when all is in the tree */
	bool live;              /* the running machine: syscalls about tasks and devices make sense */
	char path[256];         /* for messages: "/" or the copy's folder */
	struct fs_tree *tree;   /* NULL, or what is read from instead: base/fs_tree.h */
	struct fs_gaps *gaps;   /* NULL: what is not there does not exist; owned */
	struct fs_kept *kept;   /* NULL, or what was read before: fs_keep(); owned */
};

/*
 * Of a copy of a part of a machine (an unpacked sosreport, a capture that an
 * older vlat made): what was asked for and not found, where nobody knows whether
 * the machine has it.  Whoever asks sets n to 0 before and looks at it after.
 */
struct fs_gaps {
	size_t n;
	char first[128];        /* a path of those, the first */
};
void fs_note_gaps(struct fs *fs); /* from now on */

int fs_open_root(struct fs *ret, const char *path, struct err *err);   /* "/" = live */
void fs_close(struct fs *fs);
/*
 * From now on every file and folder of the running machine is read once, and what was read is given again: for those who look at
 * one moment of it, never for those who change it.  A copy of a machine is left as it is.
 */
void fs_keep(struct fs *fs);
/*
 * For a thread that reads another part of the same machine: *ret sees it by the same root, and what it read is handed to fs
 * when fs_rejoin() takes it back.  False: fs is not of those that keep what they read, or there is no memory for a descriptor.
 */
bool fs_fork(const struct fs *fs, struct fs *ret);
void fs_rejoin(const struct fs *fs, struct fs *forked);

/*
 * fd; O_CLOEXEC added; links of /proc such as PID/ns/net are -ELOOP.  Of a copied
 * machine only files and folders are opened: a device or pipe in it is -ENXIO.
 */
int fs_open(const struct fs *fs, const char *path, int flags);
bool fs_exists(const struct fs *fs, const char *path);

/* The whole file (at most cap-1 bytes, NUL added) into buf; returns its length; one trailing newline is cut. */
int fs_read(const struct fs *fs, const char *path, char *buf, size_t cap);
/* The whole file, malloc'ed, NUL-terminated, at most max bytes (-EFBIG above); returns 0. */
int fs_read_all(const struct fs *fs, const char *path, size_t max, char **ret, size_t *ret_len);
int fs_read_u64(const struct fs *fs, const char *path, uint64_t *ret);
int fs_read_i64(const struct fs *fs, const char *path, int64_t *ret);
int fs_read_cpulist(const struct fs *fs, const char *path, struct cpuset *ret);
int fs_read_cpumask(const struct fs *fs, const char *path, struct cpuset *ret);
/* Line by line (without the newline, longer ones are cut) until fn returns false; for files too long to hold. */
#define FS_LINE_MAX (1 << 16)
typedef bool fs_line(void *arg, const char *line);
int fs_lines(const struct fs *fs, const char *path, fs_line *fn, void *arg);
int fs_readlink(const struct fs *fs, const char *path, char *buf, size_t cap); /* target text, length */

bool fs_is_dir(const struct fs *fs, const char *path);
int fs_mode(const struct fs *fs, const char *path);     /* permission bits: may anybody write here? */

/*
 * The answer to what is no file: an ioctl, netlink, CPUID.  ask() puts it in buf
 * as text and returns its length or a negative errno; it is called on the running
 * machine only.  A capture gives what was answered there; -ENODATA = not asked then.
 * name: "ethtool/eth0/coalesce".
 */
typedef int fs_ask(void *arg, char *buf, size_t cap);
int fs_answer(const struct fs *fs, const char *name, fs_ask *ask, void *arg, char *buf, size_t cap);

/* printf forms of the path. */
int fs_readf(const struct fs *fs, char *buf, size_t cap, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
bool fs_existsf(const struct fs *fs, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* One write(2) of text to an existing file: what sysfs, procfs and cgroupfs want. */
int fs_write(const struct fs *fs, const char *path, const char *text);

/* Names in a directory, sorted (numbers by value), without "." and ".."; free with fs_list_free(). */
struct fs_names {
	char **at;
	size_t n;
};
int fs_list(const struct fs *fs, const char *path, struct fs_names *ret);
int fs_list_dirs(const struct fs *fs, const char *path, struct fs_names *ret);  /* folders only, links not counted */
void fs_list_free(struct fs_names *names);

/* Whole-file helpers on ordinary files of vlat's own (absolute paths). */
/* Whole or not at all: a temporary name, fsync, rename, fsync of the folder. */
int file_write_atomic(const char *path, const void *data, size_t len, unsigned mode, struct err *err);
int file_read_all(const char *path, size_t max, char **ret, size_t *ret_len, struct err *err);
int dir_make_all(const char *path, unsigned mode, struct err *err);     /* mkdir -p */
/* rm -r of an absolute path; never follows a link or crosses a mount.  0 also when there was nothing. */
int dir_remove_all(const char *path);

#endif
