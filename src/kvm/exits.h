/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exits - the built-in guest in a process of its own, round by round.
 *
 * A KVM that is no good need not say so: a vCPU may hang in KVM_RUN for ever.
 * So all that touches /dev/kvm happens in a child that is killed at the
 * deadline, and that nobody waits for longer than a second if even SIGKILL
 * does not end it.  The caller sees samples, or a sentence, in time.
 */
#ifndef KVM_EXITS_H
#define KVM_EXITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "kvm/price.h"

struct exits_row {
	uint32_t n, n_outside;
	struct err why;                         /* refused: no samples this round, and for what reason */
	uint64_t ticks[PRICE_SAMPLES];          /* of the guest's TSC */
	uint64_t outside_ns[PRICE_SAMPLES];     /* one KVM_RUN, seen from user space */
};

/* Shared with the child. */
struct exits_shared {
	struct err failed;                      /* of opening: code 0 = the guest is there */
	uint32_t tsc_khz;
	_Atomic int current;                    /* enum price that is being run: where it hangs, if it does */
	struct exits_row rows[PRICE_KINDS];
};

struct exits_opts {
	unsigned prices;                        /* bit mask of enum price */
	bool (*ending)(void *ctx);              /* asked now and then: -EINTR; may be NULL */
	void *ctx;
};

struct exits;

/* Makes the machine.  -ETIME: not even that was over at the deadline. */
int exits_open(struct exits **ret, const struct exits_opts *opts, uint64_t deadline_ns, struct err *err);
/* Every price once more; -ETIME: the guest did not come back. */
int exits_round(struct exits *x, uint64_t deadline_ns, struct err *err);
const struct exits_shared *exits_seen(const struct exits *x);
void exits_close(struct exits *x);              /* accepts NULL */

/* Nanoseconds of one sample of a row. */
double exits_ns(const struct exits_shared *s, enum price p, uint64_t ticks);

/*
 * The loop and CPUID of a round: 0 = the CPU itself runs the guest's code.
 * -ENOTSUP with a sentence: KVM emulates it instruction by instruction.
 */
int exits_verdict(const struct exits_shared *s, struct err *err);

static inline void exits_closep(struct exits **x)
{
	exits_close(*x);
}

#endif
