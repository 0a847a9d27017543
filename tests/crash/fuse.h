/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuse - harm at a numbered call.  The linker sends the program's writes, syncs,
 * renames and removals through wrappers, which count them and, at number `at`,
 * kill the process before, half through or after it, or make it fail.
 *
 * Files below fuse_machine() are made to behave like those of /proc and /sys:
 * they take a write whole or not at all, and O_TRUNC empties nothing.
 */
#ifndef TESTS_CRASH_FUSE_H
#define TESTS_CRASH_FUSE_H

enum moment { BEFORE, HALF, AFTER, MOMENTS };

enum harm {
	HARM_NONE,
	HARM_KILL,
	HARM_FAIL_ONCE,         /* this call returns `code` */
	HARM_FAIL_ON,           /* this one and all that follow */
};

struct fuse {
	unsigned long at;
	enum moment when;       /* of HARM_KILL */
	enum harm harm;
	int code;               /* ENOSPC: only what needs room fails; EIO: everything */
	int state_only;         /* calls about the machine's files do not count */
};

void fuse_machine(const char *folder);  /* "/tmp/x/" */
void fuse_set(const struct fuse *f);    /* counts from 0 again; NULL = no harm */
unsigned long fuse_calls(void);
void fuse_die(void);

#endif
