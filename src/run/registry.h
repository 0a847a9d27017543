/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry - what runs, by name: STATE/sut/NAME/record.json, and beside it the
 * file `lock`, which the supervisor keeps locked while it lives.
 *
 * A name whose lock is free belongs to a dead supervisor: it is shown as such
 * by `vlat ps` and cleared away by `vlat revert`, because the folder is in the
 * journal of its run.
 */
#ifndef RUN_REGISTRY_H
#define RUN_REGISTRY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cpuset.h"
#include "base/err.h"
#include "journal/journal.h"

enum run_kind { RUN_NATIVE, RUN_CONTAINER, RUN_VM, RUN_KINDS };
enum run_state { RUN_STARTING, RUN_RUNNING, RUN_STOPPING, RUN_DEAD, RUN_STATES };

const char *run_kind_name(enum run_kind kind);
const char *run_state_name(enum run_state state);

struct run_record {
	char name[65];
	char run[16]; /* of its journal: namespaces, groups and the mark carry it */
	enum run_kind kind;
	enum run_state state;
	pid_t pid; /* of the supervisor; with start, an identity */
	uint64_t start;
	pid_t workload;              /* the command, the container's first process, QEMU; 0 = not yet */
	struct cpuset cpus;          /* where the workload's threads run; empty = anywhere */
	struct cpuset emulator_cpus; /* a VM's other threads */
	unsigned vhost_threads, irqs; /* a VM's: what serves its network, and its card's interrupts; 0 = none (yet) */
	struct cpuset vhost_cpus, irq_cpus; /* where they are allowed, and where they arrive: read back */
	char policy[16];             /* "other", "fifo 1": read back */
	char tuning[12];             /* "isolated": its CPUs are set apart; "pinned"; "none" */
	char datapath[64];           /* "" = none */
	char address[48];            /* what the far end of a private wire can be reached by; "" = not vlat's to know */
	unsigned hugepage_kb;        /* 0 = ordinary pages */
	unsigned memory_mb;
	char accelerator[8]; /* "kvm", "tcg"; "" = no VM */
	uint64_t started_wall_ns;
	char what[256];    /* the command, the image, the disk */
	char console[128]; /* unix socket; "" = none */
	char log[320];     /* where a detached supervisor writes; "" = a terminal */
};

struct registry_claim {
	char dir[320];
	int lock; /* -1 = none */
};
#define REGISTRY_CLAIM_INIT                                                                                                      \
	{                                                                                                                        \
		.lock = -1                                                                                                       \
	}

/* -EEXIST names who has it; -EUCLEAN when its supervisor is dead and `vlat revert` has not cleaned up. */
int registry_take(struct registry_claim *ret, const char *name, struct journal *j, struct err *err);
int registry_write(const struct registry_claim *c, const struct run_record *r, struct err *err);
/* After the journal was closed, which removes the folder.  Accepts REGISTRY_CLAIM_INIT. */
void registry_release(struct registry_claim *c);

json_t *run_record_json(const struct run_record *r); /* new reference */
int run_record_parse(const json_t *o, struct run_record *ret, struct err *err);

struct run_records {
	struct run_record *at; /* by name; those that died have state RUN_DEAD */
	size_t n, cap;
};
int registry_list(struct run_records *ret, struct err *err);
void run_records_free(struct run_records *r);
/* -ENOENT lists the names there are. */
int registry_find(const char *name, struct run_record *ret, struct err *err);

/* STATE/log/NAME.log, its folder made. */
int registry_log(const char *name, char *buf, size_t cap, struct err *err);

#endif
