/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capture - a machine in one file: exactly the files that vlat's readers open,
 * and the recorded answers of what is no file.  An archive (tar, zstd) whose
 * entries are the machine's paths; what is vlat's own is below ".vlat":
 *
 *	.vlat/capture        "format 1", the version of vlat, whether it was anonymised
 *	.vlat/errors         "EACCES sys/kernel/debug": what could not be taken, and why
 *	.vlat/absent         "PATH": was not there; "FOLDER/": was listed whole.  What is
 *	                     not in the archive and not told here, nobody knows
 *	.vlat/answers/NAME   ioctls, CPUID ...: base/fs.h fs_answer()
 *
 * Unpacked with tar it is a folder that --root takes as well.
 */
#ifndef CAPTURE_CAPTURE_H
#define CAPTURE_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/fs.h"

/*
 * What --root names: "/", a folder with a copy of a machine (an unpacked capture,
 * an unpacked sosreport), or a capture's archive.  Archives and captures are held
 * in memory, bounded; what is in them is data and never touched on the disk.
 */
int capture_open(struct fs *ret, const char *path, struct err *err);

struct capture_sum {
	size_t files, bytes;            /* taken */
	size_t missing;                 /* seen by name, but not taken: no permission, too big ... */
	size_t masked;                  /* names and addresses that were replaced */
};

/*
 * Write what a recording fs (base/fs_tree.h fs_record) has seen, or an opened
 * capture again.  Anonymised:
 * host names, MAC and IP addresses, UUIDs, serials and machine ids, users'
 * command lines and process names are replaced, the same by the same.
 */
int capture_write(const struct fs *recorded, const char *path, bool anonymise, struct capture_sum *ret, struct err *err);

#endif
