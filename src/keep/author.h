/* SPDX-License-Identifier: Apache-2.0 */
/*
 * author - who may have changed a setting that vlat had made?  The kernel keeps
 * no record of that, so the answer is a guess and says so: from who is known to
 * write such settings and is running, when it was started, what the files of
 * sysctl.d say, whether the CPU behind it was taken away, and whether the device
 * behind it has come back.
 */
#ifndef KEEP_AUTHOR_H
#define KEEP_AUTHOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fs.h"
#include "host/service.h"

struct author {
	const struct fs *fs; /* borrowed */
	struct process_names names;
	int64_t since_s; /* when the tuning began, seconds since 1970; 0 = not known */
	int64_t boot_s;  /* when this machine booted */
};

/* created: as the journal writes it, "2026-11-22T16-40-00", UTC. */
void author_open(struct author *a, const struct fs *fs, const char *created);
void author_close(struct author *a);

/*
 * what: as a report of undoing names it: an absolute path, "task 812 (name)", "network card eth0 (0000:00:03.0)".
 * "probably irqbalance, started after the tuning"; "unknown: ..."
 */
void author_guess(const struct author *a, const char *what, char *buf, size_t cap);

bool author_started_after(const struct author *a, pid_t pid); /* than the tuning; false when that cannot be told */
bool author_stamp(const char *created, int64_t *ret_s);

#endif
