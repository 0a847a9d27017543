/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lease - a CPU belongs to one run at a time.
 *
 * CPU n is byte n of one file, and a lease is the kernel's lock on that byte
 * (F_OFD_SETLK).  So it goes with the process that holds it, however that
 * ends; no stale lease can exist, and nobody has to judge whether a process
 * number still means the same.  The names behind the locks, for messages only,
 * lie further on in the file.
 */
#ifndef RUN_LEASE_H
#define RUN_LEASE_H

#include <stdbool.h>

#include "base/cpuset.h"
#include "base/err.h"

#define LEASE_FILE "/run/vlat/cpus"
#define LEASE_NAME 64

struct lease {
	int fd;
	bool only_look; /* no right to lock: others' leases are seen, none can be taken */
	struct cpuset cpus;
};
#define LEASE_INIT                                                                                                               \
	{                                                                                                                        \
		.fd = -1                                                                                                         \
	}

/* Opens the file (path NULL = LEASE_FILE) and takes nothing yet.  fd -1 and 0 when this process may not: it has no rights here.
 */
int lease_open(struct lease *ret, const char *path, struct err *err);
/* All of them or none; -EBUSY names CPU and holder. */
int lease_take_cpus(struct lease *l, const struct cpuset *cpus, const char *name, struct err *err);
/* Those that somebody else holds now. */
struct cpuset lease_taken(const struct lease *l, const struct cpuset *among);
/* Who holds it, into buf; "" = nobody, or nobody knows. */
char *lease_holder(const struct lease *l, unsigned cpu, char buf[LEASE_NAME]);
void lease_close(struct lease *l); /* accepts LEASE_INIT */

#endif
