/* SPDX-License-Identifier: Apache-2.0 */
/* driver - what one kind of SUT has to know: a row and a file.  Private to the room. */
#ifndef SUT_DRIVER_H
#define SUT_DRIVER_H

#include <limits.h>

#include "base/spawn.h"
#include "container/container.h"
#include "net/wire.h"
#include "sut/agent_client.h"
#include "sut/sut.h"
#include "vm/vm.h"

struct sut_kit {
	struct sut_wish wish;
	char agent[PATH_MAX];
	struct journal *journal; /* may be NULL, sut.h */
	bool have_runtime;
	struct runtime runtime;                       /* SUT_CONTAINER, once prepared */
	struct vm_platform *platforms[GUEST_KERNELS]; /* SUT_VM, once prepared; NULL = not yet */
};

/* An agent that is a child of ours: the peer, and the native SUT. */
struct agent_process {
	struct child child;
	int to, from, said; /* its stdin, stdout, stderr */
};
#define AGENT_PROCESS_INIT                                                                                                       \
	{                                                                                                                        \
		.child = CHILD_INIT, .to = -1, .from = -1, .said = -1                                                            \
	}

struct agent_process_opts {
	const char *agent; /* program */
	int netns_fd;      /* -1 = stay */
	const char *mark;  /* NULL = none */
	const struct placement *place;
	enum place role;
};

int agent_process_start(struct agent_process *ret, const struct agent_process_opts *opts, struct err *err);
void agent_process_explain(void *process, char *buf, size_t cap);    /* for agent_opts.explain */
void agent_process_stop(struct agent_process *p, uint64_t grace_ns); /* accepts AGENT_PROCESS_INIT */

struct sut {
	const struct sut_driver *driver;
	struct sut_kit *kit;
	struct sut_spec spec;
	struct wire wire;
	int device_node; /* NUMA node of the card that the wire goes through; -1 = none, or nothing says so */
	struct agent *agent, *peer; /* peer NULL = none wanted */
	struct agent_process peer_process;
	struct agent_process native;
	struct container *container;
	struct vm *vm;
};

struct sut_driver {
	const char *name, *brief, *cure;
	enum wire_sut wire;
	int (*available)(const struct sut_wish *wish, struct err *err); /* beside the agent and root, which all need */
	/* NULL = all levels do; makes nothing. */
	int (*fits)(const struct sut_system *system, const struct sut_wish *wish, enum sut_part *ret_part, struct err *err);
	/* The slow parts, once for each system that differs in them; *ret_part is PART_SUT and may be narrowed. */
	int (*prepare)(struct sut_kit *kit, const struct sut_system *system, enum sut_part *ret_part, struct err *err);
	/* The wire is up if one is wanted.  Leaves s->agent after its hello; a half-made SUT is stop()ped by the caller. */
	int (*start)(struct sut *s, struct err *err);
	void (*stop)(struct sut *s, uint64_t grace_ns);
	int (*tids)(const struct sut *s, pid_t **ret, size_t *ret_n, struct err *err);
	int (*facts)(const struct sut *s, json_t *into);
	/* May change what the measuring thread is asked for: a guest has its own CPU numbers. */
	void (*adapt)(const struct sut *s, struct job *job);
	bool needs_root; /* even without a wire */
};

const struct sut_driver *sut_driver(enum sut_kind kind);
/* A system's datapath with the device that the user named for all. */
int sut_datapath_wish(const struct sut_system *system, const struct sut_wish *wish, struct datapath_wish *ret, struct err *err);
extern const struct sut_driver sut_native, sut_container, sut_vm;

/* All threads of one process; free(*ret). */
int process_tids(pid_t pid, pid_t **ret, size_t *ret_n, struct err *err);

#endif
