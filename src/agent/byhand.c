/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/byhand.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/measurement.h"
#include "base/cleanup.h"
#include "base/stop.h"
#include "workload/procfile.h"
#include "workload/result.h"

/* Two jobs typed by the same person need no secret. */
static int job_read(const char *text, struct job *job, struct err *err)
{
	json_error_t why;
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &why);
	int r;

	if (!json)
		return err_set(err, -EINVAL, "job: not JSON: %s (column %d)", why.text, why.column);
	if (json_is_object(json) && !json_object_get(json, "token"))
		json_object_set_new(json, "token", json_string("00000000000000000000000000000000"));
	r = job_from_json(json, job, err);
	json_decref(json);
	return r;
}

static void wait_over(struct measurement *m)
{
	while (!measurement_over(m)) {
		struct pollfd p[] = { { .fd = m->event_fd, .events = POLLIN },
				      { .fd = stop_wanted() ? -1 : stop_fd(), .events = POLLIN } };
		uint64_t n;

		poll(p, ARRAY_SIZE(p), measurement_wait_ms(m));
		if (p[0].revents)
			(void) !read(m->event_fd, &n, sizeof(n));
		if (stop_wanted())
			measurement_stop(m);
		if (atomic_load(&m->run.port) && !m->told_port)
			fprintf(stderr, "listening on port %u\n", atomic_load(&m->run.port));
		m->told_port = atomic_load(&m->run.port) != 0;
		measurement_look(m);
	}
}

int byhand_run(const char *job_json, struct err *err)
{
	char clocksource[64];
	struct measurement *m;
	struct ticks ticks;
	struct result res;
	struct job job;
	int r = job_read(job_json, &job, err);

	if (r < 0)
		return r;
	procfile_clocksource(clocksource, sizeof(clocksource));
	ticks_init(&ticks, clocksource);
	r = measurement_start(&m, &job, &ticks, err);
	if (r < 0)
		return r;
	wait_over(m);
	res = (struct result){
		.run = &m->run, .failed = m->outcome < 0 ? &m->err : NULL, .clocksource = clocksource, .drift_ppm = m->drift_ppm,
	};
	r = result_print(STDOUT_FILENO, &res);
	if (r < 0)
		err_sys(err, r, "write the record");
	if (r == 0 && m->outcome < 0) {
		*err = m->err;
		r = m->outcome;
	}
	measurement_finish(m);
	return r;
}
