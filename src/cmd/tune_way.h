/* SPDX-License-Identifier: Apache-2.0 */
/* tune_way - what stands in the way of a tuning: programs that set the same things, and guests that run where nobody shall. */
#ifndef CMD_TUNE_WAY_H
#define CMD_TUNE_WAY_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/sink.h"
#include "base/vec.h"
#include "cmd/tuner.h"
#include "tune/rival.h"

/* A virtual machine whose vCPUs may run on CPUs to be isolated, or a container that may run nowhere else. */
struct guest {
	char name[80];      /* "VM db1 (process 812)" */
	struct cpuset cpus; /* of the isolated ones */
};

struct in_the_way {
	struct rivals rivals;
	VEC(struct guest) guests;
};

/* Reads only. */
int way_look(const struct tuner *t, struct in_the_way *ret, struct err *err);
void way_free(struct in_the_way *w);                         /* accepts a zeroed one */
void way_text(const struct in_the_way *w, struct sink *out); /* nothing when nothing is */
json_t *way_json(const struct in_the_way *w);                /* new reference */

/* Before it is applied: -EBUSY with what has to be done, unless told to go on. */
int way_clear(const struct in_the_way *w, struct plan *p, bool take_over, bool force, struct err *err);

#endif
