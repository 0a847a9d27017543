/* SPDX-License-Identifier: Apache-2.0 */
/* spec_yaml - the study file as the YAML library reads it: typed, not yet checked for sense.  Private to spec.c. */
#ifndef STUDY_SPEC_YAML_H
#define STUDY_SPEC_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct yaml_tuning {
	char *name;
	char **apply, **revert, **only, **except;
	unsigned apply_count, revert_count, only_count, except_count;
	bool allow_insecure;
};

struct yaml_load {
	char *name;
	char **command;
	unsigned command_count;
};

struct yaml_workload {
	char *name, *as, *duration, *warmup, *direction, *interval, *timeout, *set, *set_pages;
	double rate;
	uint32_t *request_bytes, *response_bytes;       /* NULL = the workload's default */
	bool *ladder;                                   /* NULL = yes */
	bool aa;
};

struct yaml_vm {
	char *memory, *kernel, *pages;
	uint32_t vcpus;
	char **datapaths;
	unsigned datapaths_count;
};

struct yaml_sut {                                       /* native, container */
	char **datapaths;
	unsigned datapaths_count;
};

struct yaml_quick {
	uint32_t blocks;
	char *duration, *warmup;
};

struct yaml_study {
	char *name, *title, *duration, *warmup, *peer, *device;
	uint32_t blocks;
	char **suts, **datapaths, **guest_kernels, **pages;
	unsigned datapaths_count, guest_kernels_count, pages_count;
	struct yaml_tuning *tunings;
	struct yaml_load *interference;
	struct yaml_workload *workloads;
	unsigned suts_count, tunings_count, interference_count, workloads_count;
	struct yaml_sut *native, *container;
	struct yaml_vm *vm;
	struct yaml_quick *quick;
};

int yaml_study_read(struct yaml_study **ret, const char *text, size_t len, const char *what, struct err *err);
void yaml_study_free(struct yaml_study *y);     /* accepts NULL */

#endif
