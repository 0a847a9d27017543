/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run - the user's own workload in a tuned place: a command, a container or a
 * virtual machine that stays until it ends or is told to.
 *
 *	run_supervise(&spec, &watch, &end, &err);       this process, until the workload has ended
 *	run_detach(&spec, &name, &err);                 the same in a daemon; returns when it is up
 *
 * One process, the supervisor, owns everything of one run: its journal, its
 * name (registry.h), its CPUs (lease.h), its share of the host's tuning
 * (pool.h).  What it holds are locks of the kernel, which no death leaves behind.
 */
#ifndef RUN_RUN_H
#define RUN_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpuset.h"
#include "base/err.h"
#include "run/hold.h"
#include "run/registry.h"
#include "vm/spec.h"

enum run_policy { RUN_OTHER, RUN_FIFO };

/* Another plan than that of `vlat plan` for the host, if this run is the first: a profile's. */
struct run_tuner {
	const char *name; /* for remarks: "vm-host" */
	/* The CPUs that it sets apart on this machine; those of the run come to them. */
	int (*cpus)(void *arg, struct cpuset *ret, struct err *err);
	hold_plan_fn *plan;
	void *arg;
};

struct run_spec {
	enum run_kind kind;
	const char *name; /* text_is_name(); NULL = the id of the run */
	const char *cpus; /* "2" = two of them, "2-3,5" = these; NULL = one, and for an untuned command any */
	bool tuned;       /* set the CPUs apart; false: only pin */
	const struct run_tuner *tuner; /* NULL = the plan of `vlat plan` */
	const struct hold_watch *watch; /* for the holder, if this run is the first; NULL = nothing to look after */
	const char *pool; /* CPUs to set apart, when more runs shall follow; NULL = those of this run */
	enum run_policy policy;
	unsigned priority;          /* RUN_FIFO: 1 .. 49; 0 = 1 */
	const char *net;            /* net/datapath.h; NULL = none for a VM or a container, the host's for a command */
	const char *const *command; /* NULL-terminated, NULL = none given */
	uint64_t grace_ns;          /* between the polite request to end and the end; 0 = RUN_GRACE_NS */

	const char *agent;                   /* vlat-agent, which tries out runtimes and accelerators; NULL = found */
	const char *rootfs, *bundle, *image; /* RUN_CONTAINER: one of them */
	bool writable;                       /* may the container change its rootfs? */
	bool terminal;                       /* and has it one of its own, where its caller has one? */

	unsigned memory_mb; /* a VM's; what a container may use at most, 0 = no limit */
	enum vm_pages pages; /* RUN_VM, from here on */
	bool on_node;        /* its memory from this NUMA node; else from that of its CPUs */
	unsigned node;
	bool cpu_pm;       /* an idle vCPU keeps its CPU */
	bool isolate;      /* in the guest's kernel too: vCPU 0 keeps its house; needs kernel */
	enum vm_idle idle; /* needs kernel, but for VM_IDLE_HALT */
	struct vm_disk disk;
	const char *kernel, *initrd, *append;
	const char *qemu, *accelerator; /* NULL = chosen */
	bool offline;
};
#define RUN_GRACE_NS    (10 * 1000000000ull)
#define RUN_VM_GRACE_NS (60 * 1000000000ull) /* a guest shuts its services down first */
#define RUN_FIFO_MAX    49                   /* interrupt threads have 50 */

/* Everything that can be seen to be wrong without looking at the machine; -EINVAL. */
int run_spec_check(const struct run_spec *spec, struct err *err);

struct run_end {
	bool by_signal; /* the workload was killed by one */
	int code;       /* its exit status, or the signal */
	bool asked;     /* it ended because it was told to */
	int undone;     /* negative when something could not be undone; err says what */
};

struct run_watch {
	/* Called once, when the workload runs; may be NULL. */
	void (*up)(void *arg, const struct run_record *r);
	void *arg;
};

/* 0 = it ran, look at *ret; negative = it could not be started or died in vlat's hands, and everything was taken back. */
int run_supervise(const struct run_spec *spec, const struct run_watch *watch, struct run_end *ret, struct err *err);

/* Start a supervisor that survives the terminal; ret_name[65].  Its errors up to then come back as err. */
int run_detach(const struct run_spec *spec, struct run_record *ret, struct err *err);

/* Tell the supervisor of a run to end it, and wait for that; at_once: without asking the workload. */
int run_stop(const char *name, bool at_once, uint64_t timeout_ns, struct err *err);

#endif
