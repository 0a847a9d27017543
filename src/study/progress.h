/* SPDX-License-Identifier: Apache-2.0 */
/*
 * progress - how much of a study is done and when it will be; pure.
 *
 * Each cell has an expected cost in seconds, made of what is known before:
 * how long it measures, and what starting its group takes (a guest under
 * binary translation boots for seconds).  While the study runs, what cells
 * really took corrects the rest in proportion.
 */
#ifndef STUDY_PROGRESS_H
#define STUDY_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "study/matrix.h"
#include "study/spec.h"

struct progress {
	double *cost_s; /* of each cell, its share of starting the group included */
	bool *done;
	size_t n, n_done;
	double spent_s, expected_s; /* of the cells that this process has run: measured and expected */
};

void progress_make(struct progress *ret, const struct study_spec *spec, const struct matrix *order);
void progress_free(struct progress *p);
/* Finished by an earlier process: says nothing about how fast we are. */
void progress_found(struct progress *p, size_t cell);
void progress_ran(struct progress *p, size_t cell, double took_s);
double progress_left_s(const struct progress *p);

#endif
