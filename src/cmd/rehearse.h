/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rehearse - the next boot, tried out in an emulated host (lab/) first: does
 * the kernel come up with these parameters, which of them does it drop, and can
 * the profile be applied and taken back there?
 */
#ifndef CMD_REHEARSE_H
#define CMD_REHEARSE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/sink.h"
#include "cmd/tuner.h"

struct rehearsal {
	const struct tuner *tuner;    /* the profile on this machine */
	const char *words;            /* the parameters to boot with, parted by blanks */
	const char *kernel, *modules; /* files; NULL = those of the running kernel */
	uint64_t timeout_ns;
};

struct rehearsed {
	char kernel[256];        /* file */
	unsigned cpus, possible; /* of the emulated host: online, and counted with */
	unsigned isolated;       /* how many of the CPUs that are to be isolated here are online there */
	int beyond;              /* the first of them when none is; -1 */
	char *words, *untried;   /* what it was booted with, and what it has not the memory for; owned */
	bool boots;
	char *console;  /* the end of what it said when it did not boot; owned; NULL */
	json_t *inside; /* what `rehearse --inside` found: owned; NULL when it did not boot */
};

/* 0: look at boots and inside.  Negative: it could not be rehearsed. */
int rehearse(const struct rehearsal *r, struct rehearsed *ret, struct err *err);
void rehearsed_free(struct rehearsed *r); /* accepts a zeroed one */

bool rehearsed_is_fine(const struct rehearsed *r);
void rehearsed_text(const struct rehearsed *r, struct sink *out);
json_t *rehearsed_json(const struct rehearsed *r); /* new reference */

/* In the emulated host: job as rehearse() made it; the finding as one line of JSON. */
int rehearse_inside(const char *job, struct sink *out, struct err *err);

#endif
