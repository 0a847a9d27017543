/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec - a study file (YAML, docs/studies.md) as data, checked: what it names
 * exists, numbers are in range.  A wrong key or type is one sentence with the
 * file and its line.
 */
#ifndef STUDY_SPEC_H
#define STUDY_SPEC_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "study/matrix.h"
#include "study/tuning.h"
#include "sut/sut.h"
#include "workload/protocol.h"

struct spec_interference {              /* a level of interference */
	const char *name;
	const char *const *argv;        /* NULL = idle */
};

struct spec_workload {
	const char *name;               /* the level's name, as cells carry it: "tcp-rr", or its `as` */
	struct job job;                 /* workload, durations, rate, sizes, direction, interval filled in */
	bool aa;                        /* measured by the second stock arm too */
};

struct study_spec {
	const char *name, *title;
	unsigned blocks;
	bool quick;                     /* cut short: too few blocks to conclude */
	enum peer_policy peer_policy;
	unsigned vm_vcpus, vm_memory_mb; /* 0 = the SUT's default */

	enum sut_kind *suts;
	struct tuning_level *tunings;   /* the first is the baseline */
	struct spec_interference *loads;
	struct spec_workload *workloads;
	unsigned n_suts, n_tunings, n_loads, n_workloads;

	void *owner;                    /* all texts and lists above; for spec_free() */
};

/* quick: the file's `quick` section replaces blocks and durations. */
int spec_parse(struct study_spec **ret, const char *yaml, size_t len, const char *what, bool quick, struct err *err);
int spec_load(struct study_spec **ret, const char *path, bool quick, struct err *err);
void spec_free(struct study_spec *s);                           /* accepts NULL */

/* Leave out SUTs that are not there: keep[i] for suts[i]. */
void spec_keep_suts(struct study_spec *s, const bool *keep);

/* The shape for matrix_make(); *ret_aa (to be freed) backs ret->aa. */
void spec_matrix(const struct study_spec *s, uint64_t seed, struct matrix_spec *ret, bool **ret_aa);

/* "factors", "aa", "blocks", "duration_s", ... of study.json; new reference. */
json_t *spec_json(const struct study_spec *s);

static inline void spec_freep(struct study_spec **s)
{
	spec_free(*s);
}

#endif
