/* SPDX-License-Identifier: Apache-2.0 */
/* audit_inside - vlat audit vm NAME --inside: the VM from outside, its guest from within, and both held against each other. */
#ifndef CMD_AUDIT_INSIDE_H
#define CMD_AUDIT_INSIDE_H

#include <stdbool.h>

#include "base/cpuset.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/sink.h"

struct audit_inside {
	const char *which;         /* name or process id of the VM */
	const char *role, *only;   /* of the host's side; one knob, or NULL */
	const struct cpuset *cpus; /* the host's, for latency work */
	bool json, only_findings;
};

/* EXIT_OK or EXIT_NO; negative with a sentence when vlat could not look. */
int audit_inside(const struct audit_inside *o, const struct fs *host, struct sink *out, struct err *err);

#endif
