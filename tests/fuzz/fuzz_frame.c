/* SPDX-License-Identifier: Apache-2.0 */
/* What comes over the control line: frames, and the jobs and configurations in them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "workload/configure.h"
#include "workload/protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A job that was accepted must survive the way back, and be accepted again. */
static void check_job(const json_t *msg)
{
	struct job job, again;
	struct err err = { 0 };
	json_t *back;
	int r = job_from_json(msg, &job, &err);

	if (r < 0 && (err.code != r || !err.text[0]))
		abort();
	if (r < 0)
		return;
	back = job_to_json(&job);
	if (!back || job_from_json(back, &again, &err) < 0)
		abort();
	if (!cpuset_equal(&job.cpus, &again.cpus) || strcmp(job.id, again.id) || job.duration_s != again.duration_s)
		abort();
	json_decref(back);
}

static void check_configure(const json_t *msg)
{
	struct configure c;
	struct err err = { 0 };
	int r = configure_from_json(msg, &c, &err);

	if (r < 0 ? !err.text[0] : !c.by_mac && !c.name[0])
		abort();
}

static void check_message(json_t *msg)
{
	if (text_eq(frame_type(msg), "configure"))
		check_configure(msg);
	else
		check_job(msg);
	json_decref(msg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (;;) {
		json_t *msg = NULL;
		size_t used = 0;
		struct err err = { 0 };
		int r = frame_decode(data, size, FRAME_MAX_AGENT, &msg, &used, &err);

		if (used > size || (r == 1) != (msg != NULL) || (r < 0) != (err.code != 0))
			abort();
		if (msg)
			check_message(msg);
		if (!used)
			return 0;
		data += used;
		size -= used;
	}
}
