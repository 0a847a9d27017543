/* SPDX-License-Identifier: Apache-2.0 */
#include "kvm/runner.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cpuset.h"
#include "kvm/guest.h"
#include "kvm/machine.h"

#if defined(__x86_64__)
#include <linux/kvm.h>
#endif

#define KICK_SIGNAL SIGUSR1
#define KICK_NS     NS_PER_MS

struct runner {
	struct machine machine;
	struct exits_shared *shared;

	/* The second vCPU, while a price needs one. */
	pthread_t thread;
	struct cpuset cpus;             /* where it may run */
	_Atomic bool placed, over, kicked;
	struct err second;
};

static void on_kick(int sig)
{
	(void) sig;     /* its only purpose is to interrupt KVM_RUN */
}

/* ---- the second vCPU ---- */

/* A CPU besides the measuring thread's; beyond what the job names when that is only one. */
static bool choose_cpus(struct cpuset *ret)
{
	struct cpuset own, all = { 0 };

	if (cpuset_get_affinity(0, &own) < 0)
		return false;
	*ret = own;
	if (cpuset_count(&own) > 1)
		return true;
	for (unsigned cpu = 0; cpu < CPUSET_MAX; cpu++)
		cpuset_add(&all, cpu);
	if (cpuset_set_affinity(0, &all) < 0)
		return false;
	cpuset_get_affinity(0, &all);
	cpuset_set_affinity(0, &own);
	*ret = cpuset_minus(&all, &own);
	return !cpuset_empty(ret);
}

static void *second_thread(void *arg)
{
	struct runner *r = arg;
	enum machine_stop stop = STOP_INTERRUPTED;

	cpuset_set_affinity(0, &r->cpus);
	atomic_store(&r->placed, true);
	while (!atomic_load(&r->kicked) && machine_run(&r->machine, 1, &stop, &r->second) == 0 && stop == STOP_INTERRUPTED)
		continue;
	atomic_store(&r->over, true);
	return NULL;
}

static int second_start(struct runner *r, struct err *err)
{
	int code;

	if (r->machine.vcpu[1] < 0)
		return err_set(err, -ENOTSUP, "the machine has no second vCPU");
	if (!choose_cpus(&r->cpus))
		return err_set(err, -ENOTSUP, "it takes two CPUs, and only one may be used here");
	code = machine_reset(&r->machine, 1, GUEST_CODE_2, GUEST_STACK_2, 0, 0, err);
	if (code < 0)
		return code;
	atomic_store(&r->placed, false);
	atomic_store(&r->over, false);
	atomic_store(&r->kicked, false);
	r->second = (struct err){ 0 };
	code = -pthread_create(&r->thread, NULL, second_thread, r);
	if (code < 0)
		return err_sys(err, code, "a thread for the second vCPU");
	/* On our CPU under our real-time priority it would never get there while our guest waits for it. */
	while (!atomic_load(&r->placed))
		clock_sleep_ns(KICK_NS / 10);
	return 0;
}

/* immediate_exit closes the gap between the look at `kicked` and KVM_RUN, where a signal would be lost. */
static void second_stop(struct runner *r)
{
	atomic_store(&r->kicked, true);
#if defined(__x86_64__)
	r->machine.run[1]->immediate_exit = 1;
#endif
	while (!atomic_load(&r->over)) {
		pthread_kill(r->thread, KICK_SIGNAL);
		clock_sleep_ns(KICK_NS);
	}
	pthread_join(r->thread, NULL);
#if defined(__x86_64__)
	r->machine.run[1]->immediate_exit = 0;
#endif
}

/* ---- one price ---- */

static int missing(const struct runner *r, enum price p, struct err *err)
{
	const struct machine *m = &r->machine;
	bool timer = price_rows[p].apic && !price_rows[p].second;

	if (price_rows[p].apic && !m->apic)
		return err_set(err, -ENOTSUP, "%s", m->no_apic);
	if (timer && !m->deadline_timer)
		return err_set(err, -ENOTSUP, "KVM offers no timer by TSC deadline");
	return 0;
}

static int run_program(struct runner *r, struct exits_row *row, struct err *err)
{
	for (;;) {
		enum machine_stop stop;
		uint64_t from = clock_ns();
		int code = machine_run(&r->machine, 0, &stop, err);
		uint64_t took = clock_ns() - from;

		if (code < 0)
			return code;
		if (stop == STOP_DONE)
			return 0;
		if ((stop == STOP_PORT || stop == STOP_MMIO) && row->n_outside < PRICE_SAMPLES)
			row->outside_ns[row->n_outside++] = took;
	}
}

static int price_run(struct runner *r, enum price p, struct err *err)
{
	const struct price_row *what = &price_rows[p];
	struct machine *m = &r->machine;
	struct exits_row *row = &r->shared->rows[p];
	int code = missing(r, p, err);

	if (code < 0)
		return code;
	guest_program(m->memory, p, m->amd);
	code = machine_reset(m, 0, GUEST_CODE, GUEST_STACK, what->samples, (uint64_t) what->wait_us * m->tsc_khz / 1000, err);
	if (code == 0 && what->second)
		code = second_start(r, err);
	if (code < 0)
		return code;
	code = run_program(r, row, err);
	if (what->second)
		second_stop(r);
	if (code < 0)
		return code;
	memcpy(row->ticks, m->memory + GUEST_SAMPLES, what->samples * sizeof(row->ticks[0]));
	row->n = what->samples;
	return 0;
}

static void round_run(struct runner *r, unsigned prices)
{
	for (int p = 0; p < PRICE_KINDS; p++) {
		struct exits_row *row = &r->shared->rows[p];

		row->n = row->n_outside = 0;
		row->why = (struct err){ 0 };
		atomic_store(&r->shared->current, p);
		if (prices & 1u << p)
			price_run(r, (enum price) p, &row->why);
	}
}

/* ---- the process ---- */

/* Whoever shall kill us at the deadline must get the CPU from a guest that spins: one step below it. */
static void step_down(void)
{
	struct sched_param param = { 0 };
	int policy = sched_getscheduler(0);

	if (policy != SCHED_FIFO && policy != SCHED_RR)
		return;
	sched_getparam(0, &param);
	param.sched_priority--;
	sched_setscheduler(0, param.sched_priority ? policy : SCHED_OTHER, &param);
}

static void signals_set(void)
{
	struct sigaction sa = { .sa_handler = on_kick };
	sigset_t none;

	sigaction(KICK_SIGNAL, &sa, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool two_vcpus(unsigned prices)
{
	for (int p = 0; p < PRICE_KINDS; p++)
		if ((prices & 1u << p) && price_rows[p].second)
			return true;
	return false;
}

_Noreturn void runner_main(struct exits_shared *shared, int line, unsigned prices)
{
	struct runner r = { .shared = shared };
	char word = 'o';

	/* Nothing of the caller's may stay open here: locks, and lines whose end somebody waits for. */
	line = dup2(line, STDERR_FILENO + 1);
	close_range((unsigned) line + 1, ~0u, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "vlat-kvm");
	signals_set();
	step_down();
	if (machine_open(&r.machine, two_vcpus(prices), &shared->failed) == 0)
		shared->tsc_khz = r.machine.tsc_khz;
	while (write(line, &word, 1) == 1 && !shared->failed.code && read(line, &word, 1) == 1) {
		round_run(&r, prices);
		word = 'd';
	}
	_exit(0);
}
