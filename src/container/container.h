/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container - one OCI container with the agent as its only program, run by
 * crun or runc with no engine above them.
 *
 * Order: bundle, `create` (the process exists and waits), place it, `start`.
 * The control groups and a `delete --force` are in the journal beforehand; the
 * bundle and the runtime's state lie in the run's folder.
 */
#ifndef CONTAINER_CONTAINER_H
#define CONTAINER_CONTAINER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "container/cgroup.h"
#include "host/placement.h"
#include "journal/journal.h"

/* A runtime that has really run a container on this machine. */
struct runtime {
	char name[16];                  /* "crun" */
	char path[256];
	char version[64];               /* first line of --version, without the name */
	bool hide_unified_cgroup;       /* works only where /sys/fs/cgroup/unified is out of sight */
	char why[512];                  /* why this one: who was tried before, and what it said */
};

/*
 * Find one: every candidate of a table is asked to run `agent --version` in a
 * container of its own.  The answer is kept in journal_dir(), so a run asks
 * once.  None installed, or none works: -ENOENT / -EOPNOTSUPP with the cure.
 */
int runtime_find(struct runtime *ret, struct journal *j, const char *agent, struct err *err);
/* This one and no other. */
int runtime_try(struct runtime *ret, const char *name, bool hide_unified_cgroup, struct journal *j, const char *agent,
		struct err *err);

/* Where a thread in the container joins the partition of its placement, if that has one: for the job's `group`. */
#define CONTAINER_THREADS_FILE "/cgroup.threads"

struct oci_user;

/* The user's own program in a container, rather than the agent. */
struct container_user {
	const struct oci_user *oci;             /* a root filesystem and who runs in it; or */
	const char *bundle;                     /* absolute folder with a config.json of its own, which is not changed */
	const char *const *args;                /* NULL-terminated; NULL = what the bundle says */
	const char *const *env;                 /* NULL-terminated "K=V", added to a bundle's */
	const char *hostname;
	int stdio[3];                           /* stay the caller's */
	const char *terminal;                   /* its type, "xterm": standard files are a terminal of its own; NULL = stdio */
	unsigned short rows, columns;           /* of that */
	uint64_t memory;                        /* bytes that all of it may use at most; 0 = no limit of vlat's */
};

struct container_spec {
	const char *agent;              /* static program on the host; becomes /agent in the container */
	const char *const *args;        /* its arguments after argv[0], NULL-terminated; NULL = none */
	const char *netns;              /* wire.sut_ns_path */
	struct placement place;         /* sut_cpus, sut_fifo and cgroup are obeyed here; zeroed = stock */
	const struct runtime *runtime;  /* NULL = runtime_find() */
	const struct container_user *user; /* NULL = the agent; else all of its threads are placed by sut_cpus and sut_fifo */
};

struct container {
	char id[32];                    /* "vlat-ID-c0" */
	struct runtime runtime;
	int to_agent, from_agent;       /* its stdin and stdout; close-on-exec */
	int terminal;                   /* the near end of user->terminal; -1 */
	pid_t pid;                      /* on the host */
	int pidfd;
	bool rt_allowed;                /* may its threads be SCHED_FIFO?  Tried when place.sut_fifo is set */
	char rt_why[256];               /* if not: what stands in the way */
	struct rt_budget rt_budget;     /* of its control group; 0 = none */
	char bundle[256], root[256];    /* of the runtime: --bundle, --root */
	char cgroup[160];               /* path inside the hierarchies, below the group of the run or the placement */
	struct cgroups groups;
	struct journal *journal;
};

int container_start(struct container **ret, const struct container_spec *spec, struct journal *j, struct err *err);

/* The end of what the runtime and the agent said on stderr, as one line for a message; "" when silent. */
char *container_stderr_tail(const struct container *c, char *buf, size_t cap);

/* Close its stdin, wait grace for the agent to leave, then `delete --force`; removes bundle and cgroups.  Accepts NULL. */
void container_stop(struct container *c, uint64_t grace_ns);

#endif
