/* SPDX-License-Identifier: Apache-2.0 */
/*
 * machine_lock - one vlat at a time changes and measures this machine.
 *
 * Two of them would tune the same settings, undo them in the wrong order, and
 * starve each other's SCHED_FIFO threads on the CPUs they both set apart.  The
 * lock is the kernel's (flock), so no death leaves it behind, and it is the
 * machine's: the same whatever state folder is in use.
 */
#ifndef STUDY_MACHINE_LOCK_H
#define STUDY_MACHINE_LOCK_H

#include <stdint.h>

#include "base/err.h"

/*
 * Waits for another vlat to finish, with a remark that names it; -EINTR on
 * Ctrl-C.  The fd (close-on-exec) is the lock: close it.  -1 without an error
 * when this process may not lock anything: it may not change anything either.
 */
int machine_lock(int *ret_fd, struct err *err);
/* The same, but -EBUSY with the holder's name after that time. */
int machine_lock_within(int *ret_fd, uint64_t patience_ns, struct err *err);

#endif
