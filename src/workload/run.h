/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run - one side of one measurement while it runs, and what it measured.
 *
 * The measuring thread owns all of it but the three atomics, by which a second
 * thread watches it (beat), hears of its port and ends it: set `ending`, then
 * signal the thread until it is gone.  The signal makes a blocking call return
 * -EINTR; nothing in the hot path arms a timer or asks a clock for that.
 */
#ifndef WORKLOAD_RUN_H
#define WORKLOAD_RUN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "stat/histogram.h"
#include "workload/attributes.h"
#include "workload/flow.h"
#include "workload/protocol.h"
#include "workload/recorder.h"
#include "workload/ticks.h"
#include "workload/usage.h"

enum ending { ENDING_NOT, ENDING_STOPPED, ENDING_SILENT };

struct run {
	/* What every transaction touches lies close together: the kernel has used the cache in between. */
	_Atomic int ending;             /* enum ending */
	_Atomic unsigned port;          /* of a server, once it listens */
	_Atomic uint64_t beat;          /* changes with every sign of life of the peer, and with every sleep of our own */
	uint64_t transactions;          /* completed */
	uint64_t sent_ns;               /* when the transaction under way was sent */
	struct ticks ticks;

	const struct job *job;
	int notify_fd;                  /* eventfd, written when port is set; -1 = nobody listens */

	struct recorder response;
	struct histogram service;       /* open loop: from the actual send */
	struct flow up, down;           /* tcp-stream: bytes as they arrived */
	uint64_t begin_ns, end_ns;      /* the measured time, warm-up left out */
	uint64_t lost;                  /* udp-rr: no reply within timeout_ms */
	uint64_t late;                  /* udp-rr: replies thrown away because they came after that, or twice */
	uint64_t unfinished;            /* cut off by the end: in the histogram with the time they had taken by then */
	uint64_t strangers;             /* turned away at the data port */

	void *detail;                   /* malloc'ed: what only this workload knows, for its `put`; NULL = nothing */

	struct attributes attributes;   /* as read back */
	struct usage usage;
};

void run_init(struct run *run, const struct job *job, const struct ticks *ticks, int notify_fd);
/* Everything that is written during the run is allocated and touched here, by the thread that will write it. */
int run_init_buffers(struct run *run, struct err *err);
void run_free(struct run *run);

static inline bool run_ending(struct run *run)
{
	return atomic_load_explicit(&run->ending, memory_order_relaxed) != ENDING_NOT;
}

/* Only the measuring thread writes the beat: a plain store, no locked instruction. */
static inline void run_beat(struct run *run)
{
	uint64_t n = atomic_load_explicit(&run->beat, memory_order_relaxed);

	atomic_store_explicit(&run->beat, n + 1, memory_order_relaxed);
}

static inline uint64_t run_now(const struct run *run)
{
	return ticks_now(&run->ticks);
}

void run_listening(struct run *run, unsigned port);
/* The sentence for an interrupted call: -ETIMEDOUT when the peer fell silent, -EINTR when somebody wanted a stop. */
int run_interrupted(struct run *run, struct err *err);
/* A side that ends because somebody wanted it to has not failed. */
int run_outcome(struct run *run, int r);

#endif
