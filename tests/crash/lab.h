/* SPDX-License-Identifier: Apache-2.0 */
/* lab - a machine in a folder, tuned and reverted by children that come to harm. */
#ifndef TESTS_CRASH_LAB_H
#define TESTS_CRASH_LAB_H

#include "base/err.h"
#include "base/fs.h"
#include "fuse.h"
#include "host/facts.h"
#include "host/split.h"

struct lab {
	char dir[64], original[64], state[80];
	struct fs fs;
	struct host_facts facts;
	struct cpu_split split;
	size_t steps;           /* what a plan changes there */
};

void need(bool ok, const char *what, const struct err *err);

void lab_open_small(struct lab *lab);   /* two CPUs */
void lab_open_big(struct lab *lab);     /* one whose plan has more than 200 steps */
void lab_close(struct lab *lab);

/* What children do; exit status 0 = went well. */
typedef int lab_fn(const struct lab *lab);
lab_fn tune_once;       /* what vlat does around one cell of a study */
lab_fn tune_and_die;    /* killed after applying, so that revert has everything to do */
lab_fn tune_and_tell; /* 1 = it was told both why it could not be applied, and why not be taken back */
lab_fn put_once;        /* files that last: made, replaced, removed, and undone again */
lab_fn put_and_die;
lab_fn keep_once;       /* the stored tuning and its unit: keep.c */
lab_fn keep_and_die;
lab_fn revert_once;

/* In a child that comes to this harm.  Its exit status, or -1: killed by SIGKILL.  Anything else ends the test. */
int child(lab_fn *fn, const struct lab *lab, const struct fuse *fuse);
/* The machine is as it was, and no run is left; else the test ends. */
void nothing_left(const struct lab *lab, const char *of, unsigned long at);

void faults(const struct lab *lab);     /* faults.c */
void cycles(const struct lab *lab, unsigned n);

#endif
