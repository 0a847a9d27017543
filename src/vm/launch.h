/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launch - a QEMU process with its two ends of every wire: QMP and the control
 * channel as socket pairs, console and stderr as memory files.  Nothing has a
 * name in the file system, so nothing is left when both processes are gone.
 */
#ifndef VM_LAUNCH_H
#define VM_LAUNCH_H

#include "base/err.h"
#include "base/spawn.h"

struct confine; /* vm/confine.h */

struct launch {
	struct child child;
	struct child_end end; /* once ended */
	bool ended;
	int qmp, control;                               /* ours */
	int qmp_theirs, control_theirs, console_theirs; /* QEMU's; closed by launch_start() */
	int console, said;                              /* memory files: the guest's serial console, QEMU's stderr */
	struct confine *confine;                        /* rights it gives up; NULL = none */
};
#define LAUNCH_INIT                                                                                                              \
	{                                                                                                                        \
		.child = CHILD_INIT, .qmp = -1, .control = -1, .qmp_theirs = -1, .control_theirs = -1, .console_theirs = -1,     \
		.console = -1, .said = -1                                                                                        \
	}

/* A QEMU that closed its control connection is dying: as long as a big one takes to give its memory back. */
#define LAUNCH_DYING_NS (20 * NS_PER_S)

int launch_prepare(struct launch *l, struct err *err);
void launch_add_qmp(struct argv *a, int fd); /* the words that make fd a QMP monitor */
/* extra[n]: more fds for QEMU (taps, vhost, disk). mark: journal_mark() or NULL. */
int launch_start(struct launch *l, const struct argv *argv, const int *extra, size_t n, const char *mark, struct err *err);
bool launch_ended(struct launch *l, uint64_t deadline_ns); /* waits; then l->end is how */
/* QEMU is gone or hung up: put how it ended and what it said last before err's sentence is used. */
void launch_explain(struct launch *l, struct err *err);
void launch_free(struct launch *l); /* ends the process at once */

/* The last bytes of a memory file, control characters made harmless, malloc'ed. */
char *tail_text(int fd, size_t bytes);

#endif
