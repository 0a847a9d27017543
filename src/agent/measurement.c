/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/measurement.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/vec.h"

#define WAKE_SIGNAL   SIGUSR1
#define STACK_BYTES   (256 << 10)       /* mlockall() makes all of it resident */
#define LOOK_MS       1000
#define KICK_MS       10

static void wake(int sig)
{
	(void) sig;     /* its only purpose is to interrupt a system call */
}

int measurement_signals(struct err *err)
{
	struct sigaction sa = { .sa_handler = wake };   /* no SA_RESTART */

	if (sigaction(WAKE_SIGNAL, &sa, NULL) < 0)
		return err_sys(err, -errno, "sigaction");
	return 0;
}

static void measure(struct measurement *m)
{
	const struct workload *w = m->job.workload;
	struct run *run = &m->run;
	struct usage before;

	m->outcome = attributes_apply(&m->job, &m->err);
	if (m->outcome == 0)
		m->outcome = run_init_buffers(run, &m->err);
	attributes_read(&run->attributes);
	usage_read(&before, &run->attributes.cpus);
	if (m->outcome == 0)
		m->outcome = (m->job.side == SIDE_SERVER ? w->server : w->client)(run, &m->err);
	usage_read(&run->usage, &run->attributes.cpus);
	usage_since(&run->usage, &before);
	m->drift_ppm = ticks_drift_ppm(&run->ticks);
}

static void *measuring_thread(void *arg)
{
	struct measurement *m = arg;
	uint64_t one = 1;

	measure(m);
	atomic_store(&m->over, true);
	(void) !write(m->event_fd, &one, sizeof(one));
	return NULL;
}

/* The measuring thread must not take the signals that are meant for the control thread. */
static int thread_start(struct measurement *m)
{
	sigset_t all, before;
	pthread_attr_t attr;
	int r;

	sigfillset(&all);
	sigdelset(&all, WAKE_SIGNAL);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = -pthread_create(&m->thread, &attr, measuring_thread, m);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return r;
}

/* Keep off the CPUs that measure, where that leaves any. */
static void step_aside(struct measurement *m)
{
	struct cpuset rest;

	if (cpuset_get_affinity(0, &m->own_cpus) < 0)
		return;
	rest = cpuset_minus(&m->own_cpus, &m->job.cpus);
	if (!cpuset_empty(&rest))
		cpuset_set_affinity(0, &rest);
}

int measurement_start(struct measurement **ret, const struct job *job, const struct ticks *ticks, struct err *err)
{
	struct measurement *m = xalloc(1, sizeof(*m));
	int r;

	m->job = *job;
	m->ticks = *ticks;
	ticks_refine(&m->ticks);
	m->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (m->event_fd < 0) {
		free(m);
		return err_sys(err, -errno, "eventfd");
	}
	run_init(&m->run, &m->job, &m->ticks, m->event_fd);
	m->started_ns = m->looked_ns = clock_ns();
	r = thread_start(m);
	if (r < 0) {
		close(m->event_fd);
		free(m);
		return err_sys(err, r, "start the measuring thread");
	}
	step_aside(m);
	*ret = m;
	return 0;
}

static void end_by(struct measurement *m, enum ending how)
{
	int not = ENDING_NOT;

	atomic_compare_exchange_strong(&m->run.ending, &not, how);
	pthread_kill(m->thread, WAKE_SIGNAL);
}

void measurement_stop(struct measurement *m)
{
	end_by(m, ENDING_STOPPED);
}

/* Time in which this thread did not run either, because all of the agent was frozen, is not held against the peer. */
void measurement_look(struct measurement *m)
{
	uint64_t now = clock_ns(), passed = now - m->looked_ns, beat = atomic_load(&m->run.beat);
	uint64_t most = 2ull * (unsigned) measurement_wait_ms(m) * NS_PER_MS;

	m->looked_ns = now;
	if (run_ending(&m->run)) {
		pthread_kill(m->thread, WAKE_SIGNAL);   /* again: the first one may have come before the system call */
		return;
	}
	if (m->job.side != SIDE_CLIENT)
		return;
	m->silent_ns = beat == m->beat ? m->silent_ns + (passed < most ? passed : most) : 0;
	m->beat = beat;
	if (m->silent_ns >= m->job.silence_ms * NS_PER_MS)
		end_by(m, ENDING_SILENT);
}

int measurement_wait_ms(const struct measurement *m)
{
	uint32_t quarter = m->job.silence_ms / 4;

	if (atomic_load(&m->run.ending) != ENDING_NOT)
		return KICK_MS;
	return quarter < LOOK_MS ? (int) quarter : LOOK_MS;
}

bool measurement_over(struct measurement *m)
{
	return atomic_load(&m->over);
}

void measurement_finish(struct measurement *m)
{
	if (!m)
		return;
	while (!measurement_over(m)) {
		measurement_stop(m);
		clock_sleep_ns(KICK_MS * NS_PER_MS);
	}
	pthread_join(m->thread, NULL);
	if (!cpuset_empty(&m->own_cpus))
		cpuset_set_affinity(0, &m->own_cpus);
	run_free(&m->run);
	close(m->event_fd);
	free(m);
}
