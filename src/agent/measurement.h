/* SPDX-License-Identifier: Apache-2.0 */
/*
 * measurement - one run in a thread of its own, watched from the control thread.
 *
 * The measuring thread does nothing but its workload: no control stream, no
 * progress, no timer.  The control thread looks at the beat now and then; a
 * client whose peer gives no sign of life is ended.
 */
#ifndef AGENT_MEASUREMENT_H
#define AGENT_MEASUREMENT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "workload/run.h"

struct measurement {
	struct job job;
	struct ticks ticks;             /* as the job began */
	struct run run;
	pthread_t thread;
	int event_fd;                   /* readable: the port is known, or it is over */
	_Atomic bool over;
	int outcome;
	struct err err;
	double drift_ppm;

	/* The control thread's own. */
	bool told_port;
	uint64_t started_ns, looked_ns, silent_ns, beat;
	struct cpuset own_cpus;         /* where the control thread ran before */
};

/* Once a process: how a blocked measuring thread is woken. */
int measurement_signals(struct err *err);

/* Never NULL on success; ended by measurement_finish(). */
int measurement_start(struct measurement **ret, const struct job *job, const struct ticks *ticks, struct err *err);
void measurement_stop(struct measurement *m);           /* asks; it is over a little later */
void measurement_look(struct measurement *m);           /* the watchdog: call it when measurement_wait_ms() have passed */
int measurement_wait_ms(const struct measurement *m);
bool measurement_over(struct measurement *m);
void measurement_finish(struct measurement *m);         /* stops, joins, frees; NULL is fine */

#endif
