/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vm - one running QEMU: started stopped (-S), threads placed and read back,
 * then let go; watched while somebody waits; ended in bounded time.
 *
 *	vm_platform_prepare(&platform, &wish, j, err);          once a run
 *	vm_start(&vm, &spec, placement, j, err);                the guest is booting
 *	vm_watch(vm, vm_control_fd(vm), deadline, err);         the agent's hello is there to read
 *	... agent protocol over vm_control_fd() ...
 *	vm_stop(vm, 3 * NS_PER_S, &end);                        after "bye"
 *	vm_free(vm);
 *
 * QEMU gets SIGKILL when the thread that called vm_start ends: start VMs from
 * a thread that outlives them.
 */
#ifndef VM_VM_H
#define VM_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cpuset.h"
#include "base/err.h"
#include "base/spawn.h"
#include "host/placement.h"
#include "journal/journal.h"
#include "vm/platform.h"
#include "vm/spec.h"

struct vm;

/*
 * placement NULL = stock; j NULL = no journal (tests): then no huge page is made.
 * The time from here to "running" is bounded (180 s).
 */
int vm_start(struct vm **ret, const struct vm_spec *spec, const struct placement *placement, struct journal *j, struct err *err);

int vm_control_fd(const struct vm *vm); /* connected stream socket = the guest's org.vlat.ctl port; stays the vm's */
pid_t vm_pid(const struct vm *vm);
const struct argv *vm_argv(const struct vm *vm);

/*
 * Wait until fd is readable (0) or something is wrong (negative, with a
 * sentence that ends in the guest's last words): -ETIME past the deadline,
 * -EINTR on Ctrl-C, -EIO when the kernel panicked, the accelerator gave up or
 * QEMU ended.  fd -1 = only watch.  vm_check() = the same without waiting.
 */
int vm_watch(struct vm *vm, int fd, uint64_t deadline_ns, struct err *err);
int vm_check(struct vm *vm, struct err *err);

/*
 * Once the guest's drivers are up: what came into being meanwhile (worker threads, kernel threads of vhost, interrupts
 * of assigned devices) goes where the placement says, and everything is read back.
 */
int vm_settle(struct vm *vm, const struct placement *placement, struct journal *j, struct err *err);

/* Where and how every thread of QEMU really runs now; free(*ret). */
enum vm_thread_kind { VM_THREAD_VCPU, VM_THREAD_EMULATOR, VM_THREAD_VHOST };
struct vm_thread {
	pid_t tid;
	enum vm_thread_kind kind;
	unsigned vcpu; /* which, for VM_THREAD_VCPU */
	char comm[16];
	struct cpuset cpus;   /* effective affinity */
	int policy, priority; /* SCHED_*, 0 for SCHED_OTHER */
	int last_cpu;
};
int vm_threads(const struct vm *vm, struct vm_thread **ret, size_t *ret_n, struct err *err);

/* What guest memory really got. */
struct vm_memory {
	bool prealloc, locked;
	unsigned hugepage_kb; /* 0 = ordinary pages */
	int node;             /* bound to this NUMA node; -1 = not bound */
	char why[256];        /* when less than was asked for; "" otherwise */
};
const struct vm_memory *vm_memory(const struct vm *vm);

/* As whom QEMU runs. */
struct vm_rights {
	uid_t uid;
	const char *why; /* what is less confined than it could be; "" when nothing */
};
struct vm_rights vm_rights(const struct vm *vm);

const char *vm_guest_words(const struct vm *vm); /* boot parameters that the tuning added; "" when none */
const char *vm_guest_why(const struct vm *vm);   /* those that were wished for and make no sense here; "" when none */

char *vm_console_tail(const struct vm *vm, unsigned lines); /* malloc'ed, control characters made harmless; "" when silent */

int vm_powerdown(struct vm *vm, struct err *err); /* press the guest's power button; it may take its time, or ignore it */

/*
 * End it: wait up to grace_ns for QEMU to end by itself (0 when no "bye" was said), then QMP quit,
 * SIGTERM, SIGKILL, a second each.  how says which step it took.
 */
struct vm_end {
	const char *how; /* "by itself", "quit", "SIGTERM", "SIGKILL" */
	struct child_end end;
};
void vm_stop(struct vm *vm, uint64_t grace_ns, struct vm_end *ret); /* ret may be NULL; a second call does nothing */
void vm_free(struct vm *vm);                                        /* stops at once what still runs; accepts NULL */

static inline void vm_freep(struct vm **vm)
{
	vm_free(*vm);
}

#endif
