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
	const char *device;             /* for datapaths that take hardware and name none; NULL */

	struct sut_system *systems;     /* SUT by SUT: each with each of its datapaths, guest kernels, pages */
	struct tuning_level *tunings;   /* the first is the baseline */
	struct spec_interference *loads;
	struct spec_workload *workloads;
	unsigned n_systems, n_tunings, n_loads, n_workloads;

	void *owner;                    /* all texts and lists above; for spec_free() */
};

/* quick: the file's `quick` section replaces blocks and durations. */
int spec_parse(struct study_spec **ret, const char *yaml, size_t len, const char *what, bool quick, struct err *err);
int spec_load(struct study_spec **ret, const char *path, bool quick, struct err *err);
void spec_free(struct study_spec *s);                           /* accepts NULL */

/* Leave out systems that are not there: keep[i] for systems[i]. */
void spec_keep_systems(struct study_spec *s, const bool *keep);

/* Names of a factor's levels as the systems have them, each once, in their order; "" is none. */
enum spec_factor { SPEC_SUT, SPEC_DATAPATH, SPEC_GUEST_KERNEL, SPEC_PAGES, SPEC_FACTORS };
const char *spec_factor_name(enum spec_factor f);               /* "guest_kernel": in study.json and cells */
const char *spec_level(const struct sut_system *s, enum spec_factor f);
bool spec_varies(const struct study_spec *s, enum spec_factor f); /* more than one level within some SUT */
/* "vm, macvtap, rt": the SUT, and what of the rest the study varies. */
char *spec_system_text(const struct study_spec *s, const struct sut_system *system, char *buf, size_t cap);
bool spec_whole_kernel(const struct study_spec *s);             /* sut_wish.whole_kernel */

/* The shape for matrix_make(); *ret_aa (to be freed) backs ret->aa. */
void spec_matrix(const struct study_spec *s, uint64_t seed, struct matrix_spec *ret, bool **ret_aa);

/* "factors", "aa", "blocks", "duration_s", ... of study.json; new reference. */
json_t *spec_json(const struct study_spec *s);
/* One system as cells and study.json name it: "sut", "datapath", a VM's "guest_kernel", "pages"; new reference. */
json_t *spec_system_json(const struct sut_system *system);

static inline void spec_freep(struct study_spec **s)
{
	spec_free(*s);
}

#endif
