/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run - a study from its file to its results folder, and on again after any end.
 *
 *	study_run_new(&run, &wish, yaml, len, "welch.yaml", err);     or study_run_resume(&run, &wish, "r1", err)
 *	study_run_check(run, err);
 *	study_run_folder(run, "r1", err);                             a new study only
 *	study_run_go(run, &watch, &summary, err);
 *	study_run_free(run);
 *
 * study.json holds the study file itself beside seed and order.  So a resumed
 * study is made again from what the folder says, never from a file that may
 * have changed meanwhile; that the order comes out the same is checked.
 *
 * A finished cell is a file; there is no other state.  A group of which some
 * cells are missing is started again for those.
 */
#ifndef STUDY_RUN_H
#define STUDY_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/sink.h"
#include "study/spec.h"
#include "sut/sut.h"

struct run_wish {
	bool quick;
	uint64_t seed; /* 0 = chosen, and told in study.json */
	struct sut_wish sut;
};

struct study_run;

int study_run_new(struct study_run **ret, const struct run_wish *wish, const char *yaml, size_t len, const char *what,
		  struct err *err);
int study_run_resume(struct study_run **ret, const struct run_wish *wish, const char *dir, struct err *err);
void study_run_free(struct study_run *r); /* accepts NULL */

const struct study_spec *study_run_spec(const struct study_run *r);
uint64_t study_run_seed(const struct study_run *r);
const char *study_run_dir(const struct study_run *r);

/*
 * Is all there that the study names?  Cheap, makes nothing.  A system that is not
 * is left out with a remark; -EPERM, -ENOENT when that leaves none, or when a
 * tuning or a load cannot be had.
 */
int study_run_check(struct study_run *r, struct err *err);

/* Make the folder of a new study. One sentence for whatever lies in the way. */
int study_run_folder(struct study_run *r, const char *dir, struct err *err);

/* What happens next, for whoever shows it. */
struct run_view {
	const char *doing;                                  /* "starting", "measuring", "failed", "noting" */
	const char *system;                                 /* "vm, macvtap": with what the study varies */
	const char *tuning, *interference, *workload;       /* "" where it is not known yet */
	unsigned block, blocks;
	size_t cell, cells, failed; /* cell: how many are finished */
	double left_s;
	const char *text; /* why it failed; "" */
};

struct run_watch {
	void (*tell)(void *arg, const struct run_view *state);
	void *arg;
};

struct run_summary {
	size_t cells, measured, failed, missing;
	size_t unavailable; /* systems, or parts of them that several lack */
};

/*
 * Everything up to the last missing cell.  Failed cells and unavailable systems
 * are results, counted in *ret.  Negative: -EINTR on Ctrl-C, -ENOSPC and its
 * like when a cell cannot be written, -EUCLEAN when something could not be
 * undone.  All is taken down and undone by then, as far as it can be.
 */
int study_run_go(struct study_run *r, const struct run_watch *watch, struct run_summary *ret, struct err *err);

/* For `--plan`: what would run, how long it takes, what each tuning changes.  Touches nothing. */
int study_run_preview(struct study_run *r, struct sink *out, struct err *err);

#endif
