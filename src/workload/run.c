/* SPDX-License-Identifier: Apache-2.0 */
#include "workload/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool keeps_samples(const struct job *job)
{
	return job->workload->measure == MEASURE_TIME && job->side != SIDE_SERVER;
}

static int flows_init(struct run *run, struct err *err)
{
	const struct job *job = run->job;
	double share = job->direction == DIRECTION_BOTH ? job->duration_s / 2 : job->duration_s;
	int r = 0;

	if (job->direction != DIRECTION_DOWN)
		r = flow_init(&run->up, share, job->warmup_s, err);
	if (r == 0 && job->direction != DIRECTION_UP)
		r = flow_init(&run->down, share, job->warmup_s, err);
	return r;
}

void run_init(struct run *run, const struct job *job, const struct ticks *ticks, int notify_fd)
{
	*run = (struct run){ .job = job, .ticks = *ticks, .notify_fd = notify_fd };
	histogram_clear(&run->service);
}

int run_init_buffers(struct run *run, struct err *err)
{
	const struct job *job = run->job;

	if (keeps_samples(job))
		return recorder_init(&run->response, job->duration_s, err);
	return job->workload->measure == MEASURE_THROUGHPUT ? flows_init(run, err) : 0;
}

void run_free(struct run *run)
{
	recorder_free(&run->response);
	flow_free(&run->up);
	flow_free(&run->down);
	free(run->detail);
}

void run_listening(struct run *run, unsigned port)
{
	uint64_t one = 1;
	ssize_t n = 0;

	atomic_store(&run->port, port);
	if (run->notify_fd >= 0)
		n = write(run->notify_fd, &one, sizeof(one));
	(void) n;       /* an eventfd at 1 cannot be full */
}

int run_interrupted(struct run *run, struct err *err)
{
	const struct job *job = run->job;

	if (atomic_load(&run->ending) == ENDING_SILENT)
		return err_set(err, -ETIMEDOUT,
			       "the peer %s port %u gave no sign of life for %.3g s; is it still running, and reachable?",
			       job->peer, job->port, job->silence_ms / 1e3);
	return err_set(err, -EINTR, "stopped");
}

int run_outcome(struct run *run, int r)
{
	return r == -EINTR && atomic_load(&run->ending) == ENDING_STOPPED ? 0 : r;
}
