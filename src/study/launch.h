/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launch - what the cells of one group share: one application of a tuning, one
 * started SUT, one background load.
 *
 * Order matters.  The tuning comes first, since a SUT is started into its
 * placement.  The load comes last: a guest that boots beside it is slow for
 * no gain.  The way down is the way up backwards.
 */
#ifndef STUDY_LAUNCH_H
#define STUDY_LAUNCH_H

#include <jansson.h>

#include "base/err.h"
#include "host/steal.h"
#include "study/tuning.h"
#include "sut/sut.h"

struct launch_spec {
	struct sut_spec sut;               /* .place is filled in by the tuning */
	const struct tuning_level *tuning; /* copied; its vm_memory_mb comes from .sut */
	const char *const *interference;   /* argument vector; NULL = idle */
};

struct launch;
/* j may be NULL for what makes and changes nothing: native without a peer, stock, idle. */
int launch_up(struct launch **ret, const struct launch_spec *spec, struct sut_kit *kit, const struct tuning_host *host,
	      struct journal *j, struct err *err);
/* quick: no farewells (after Ctrl-C, or when the SUT is lost).  Whatever could not be undone is in err and in the journal. */
int launch_down(struct launch *l, bool quick, struct err *err); /* accepts NULL */
bool launch_usable(const struct launch *l);                     /* SUT and load are alive */

struct launch_result {
	struct measurement records;
	struct steal_delta steal;
	json_t *facts, *plan; /* sut_facts(), tuning_json() */
	int changed_since;    /* settings of the tuning that somebody changed meanwhile */
};
/* One job.  A load that died meanwhile is an error: the number would not be what its label says. */
int launch_measure(struct launch *l, const struct job *job, const struct pair_progress *progress, struct launch_result *ret,
		   struct err *err);
void launch_result_free(struct launch_result *r);

const struct placement *launch_placement(const struct launch *l);

#endif
