/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record - the results folder of docs/results.md: study.json and cells/NNNN.json.
 *
 * Every file appears whole or not at all (temporary name, fsync, rename), so
 * whoever reads a folder that is being written, or that a death left behind,
 * sees only finished cells.  A file of a format this reader does not know is
 * refused by name; unknown members are ignored.
 */
#ifndef RECORD_RECORD_H
#define RECORD_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "stat/histogram.h"

/* Format 2 added guest_kernel and pages to a cell, by which a reader of format 1 could not tell runs apart. */
enum { RECORD_OLDEST = 1, RECORD_FORMAT = 2, RECORD_MOST_CELLS = 100000 };

/* Numbers of one histogram; NAN = not recorded. */
struct record_times {
	double count, min_ns, p50_ns, mean_ns, stddev_ns, p90_ns, p99_ns, p999_ns, p9999_ns, max_ns;
};

/* Numbers of a throughput series; NAN = not recorded. */
struct record_rates {
	double slice_s, p50_bps, mean_bps, stddev_bps, min_bps, max_bps, up_bps, down_bps;
};

struct record_cell {
	unsigned id, block, group;
	const char *sut, *datapath, *guest_kernel, *pages, *tuning, *interference, *workload, *arm, *started; /* "" = none */
	double duration_s;
	int error_code;                 /* negative errno; 0 = measured */
	const char *error_text;         /* "" when measured */
	bool disturbed;
	const char *disturbed_why;      /* "" when not */
	struct record_times response, service;
	struct record_rates throughput;
	double transactions_per_s, throughput_bps, lost;
	const json_t *platform, *plan;  /* borrowed; NULL when absent or null */
	json_t *json;                   /* owned: the whole file; all texts above point into it */
};

struct record {
	char *dir;
	json_t *study;                  /* study.json */
	struct record_cell *cells;      /* those that exist, by id */
	size_t n_cells;
};

/* Writing.  dir must exist for a study to be written; cells/ is made with it. */
int record_study_write(const char *dir, const json_t *study, struct err *err);
int record_cell_write(const char *dir, unsigned id, const json_t *cell, struct err *err);
bool record_cell_exists(const char *dir, unsigned id);

/*
 * Remove what a writer left that was killed between its temporary name and the
 * rename; returns how many files.  Only whoever is about to write there may
 * call it: the temporary file of a living writer would go too.
 */
size_t record_tidy(const char *dir);

/* Reading. */
int record_study_read(const char *dir, json_t **ret, struct err *err);
int record_read(struct record **ret, const char *dir, struct err *err); /* study and all cells */
void record_free(struct record *r);                                     /* accepts NULL */

/* One parsed file, for tests and tools; takes its own reference. `what` names it in messages. */
int record_cell_parse(struct record_cell *ret, json_t *json, const char *what, struct err *err);
void record_cell_clear(struct record_cell *c);

/*
 * The histogram of response or service times, from the record of the side that
 * measured; malloc'ed.  -ENOENT when the cell has none.
 */
int record_cell_histogram(const struct record_cell *c, bool service, struct histogram **ret, struct err *err);

static inline void record_freep(struct record **r)
{
	record_free(*r);
}

#endif
