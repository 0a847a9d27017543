/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapshot - everything on this machine that vlat could leave behind or leave
 * changed, as sorted lines "KIND what: state", so that two of them can be
 * compared:
 *
 *	cgroup  every control group of every hierarchy, with the files that vlat or a runtime may write
 *	file    kernel settings: a built-in list of patterns, and the caller's
 *	link    the network devices of the host's own namespace
 *	marked  processes with VLAT_RUN= in their environment
 *	mount   mount points
 *	netns   names in /run/netns
 *	run     journals in the state folder
 *	task    affinity, policy and cpuset of every thread
 */
#ifndef E2E_SNAPSHOT_H
#define E2E_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/sink.h"
#include "base/vec.h"

struct snapshot {
	VEC(char *) line;
};

#define SNAPSHOT_STATE_MAX 8192

void snapshot_add(struct snapshot *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void snapshot_add_tasks(struct snapshot *s);
/* A file as one line: newlines and tabs become blanks.  False when it cannot be read. */
bool snapshot_read(const char *path, char buf[SNAPSHOT_STATE_MAX]);

/* patterns: more files as glob(7) patterns, NULL-terminated; may be NULL. */
void snapshot_take(struct snapshot *ret, const char *const *patterns);
void snapshot_free(struct snapshot *s);
int snapshot_save(const struct snapshot *s, int fd);
void snapshot_parse(struct snapshot *ret, const char *text);

/*
 * What is different: "- line" was, "+ line" is.  Threads and other people's
 * control groups count only when both have them (programs start and end; what
 * must not is marked, or has vlat in its name); the rest is compared line by
 * line.  Returns the number of lines added to out.
 */
size_t snapshot_diff(const struct snapshot *before, const struct snapshot *after, struct sink *out);

/* Take snapshots until nothing differs or the time is over (what dies needs a moment); returns the last difference. */
size_t snapshot_settle(const struct snapshot *before, const char *const *patterns, unsigned ms, struct sink *out);

#endif
