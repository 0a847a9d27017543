/* SPDX-License-Identifier: Apache-2.0 */
/* parts - what the files of this room share: one run as its supervisor has it. */
#ifndef RUN_PARTS_H
#define RUN_PARTS_H

#include "host/cpu.h"
#include "host/placement.h"
#include "journal/journal.h"
#include "net/wire.h"
#include "run/lease.h"
#include "run/pool.h"
#include "run/registry.h"
#include "run/run.h"

struct run {
	const struct run_spec *spec;
	bool detached;
	struct fs fs;
	struct cpu_facts cpu;
	struct journal *journal;
	struct registry_claim claim;
	struct run_record record;
	int machine;
	struct lease lease;
	struct pool pool;
	struct cpuset wanted;   /* CPUs that spec->tuner sets apart, when no pool is there yet */
	struct placement place; /* zeroed = anywhere, as it comes */
	struct wire wire;
	bool wired;
	const struct work_ops *ops;
	void *work; /* of ops */
	struct run_end end;
};

/* What is known about one kind of workload: a row and a file. */
struct work_ops {
	/* Sets run->work, also when it fails half-way, and what the record says about it. */
	int (*start)(struct run *run, struct err *err);
	/* 1 = fd is readable, 0 = it ended and run->end says how, -ETIME, or another error. */
	int (*wait)(struct run *run, int fd, uint64_t deadline_ns, struct err *err);
	void (*ask)(struct run *run, int sig); /* to end by itself */
	void (*kill)(struct run *run);
	void (*free)(struct run *run); /* ends at once what still runs; accepts work NULL */
	bool in_terminal;              /* the terminal's own signals reach the workload without us */
};

extern const struct work_ops work_native, work_container, work_vm;

/* place.c: which CPUs, and how its threads run there. */
int run_place(struct run *run, struct err *err);
/* As the kernel tells it now: "other", "fifo 1". */
void run_read_policy(struct run *run, pid_t tid);

/* wait.c: until the workload has ended, by itself or because somebody wanted it. */
int run_wait(struct run *run, struct err *err);

/* agent.c: vlat-agent, which tries out container runtimes and accelerators. */
int run_agent(const struct run_spec *spec, char *buf, size_t cap, struct err *err);

/* net.c: the wire of a run, if its spec wants one; MAC text for a VM. */
int run_wire(struct run *run, enum wire_sut kind, struct err *err);

/* settle.c: of a guest, what comes into being after its start. */
struct vm;
struct settling {
	uint64_t at_ns, pause_ns; /* when to look again; UINT64_MAX = never: nothing of this run is placed */
	bool told;
};
void settling_begin(struct settling *s, const struct run *run);
void run_settle(struct run *run, struct vm *vm, struct settling *s);

/* Poll for one process and one fd: as work_ops.wait(), but 0 = the process ended. */
int run_poll(int pidfd, int fd, uint64_t deadline_ns, struct err *err);

#endif
