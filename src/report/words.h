/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words - what was found, in sentences.  Every verdict has its own honest
 * wording; fewer than six blocks never get one.
 */
#ifndef REPORT_WORDS_H
#define REPORT_WORDS_H

#include "base/sink.h"
#include "report/change.h"
#include "report/format.h"

/* What is said about one SUT, its other factors given, at one tuning level under one interference. */
struct answer {
	const struct group *place;     /* the first such group: whose SUT, datapath, ..., interference these are */
	const char *sut, *interference;
	const char *tuning;            /* the level compared; "" = nothing to compare */
	enum factor by;                /* with what: the baseline, or another datapath, guest kernel, pages */
	const char *from, *to;         /* the levels of that */
	const struct group *times;     /* the group the sentence is about; NULL = none */
	const struct change *headline; /* NULL = nothing was compared */
	const struct change *tail;     /* 99.9th percentile of the same group; NULL */
	const struct change *rate;     /* median throughput; NULL */
	size_t n_planned, n_ok;        /* runs of this SUT under this interference */
};

/* One answer for each kind of contrast at each place that the analysis holds, in its order; free() it. */
struct answer *answers_make(const struct analysis *a, size_t *ret_n);

/* What the answer is about, in one group; NULL where that group is of another place or has no such contrast. */
const struct contrast *answer_contrast(const struct answer *w, const struct group *g);

/* Does the study vary it, so that it must be named? */
bool several_interferences(const struct analysis *a);
bool several_tunings(const struct analysis *a);

/* "macvtap, guest kernel rt": the levels of what the study varies beside the SUT, except one; "" = none.  free() it. */
char *place_text(const struct analysis *a, const struct group *g, enum factor except);
/* "datapath", "guest kernel", "pages" */
const char *factor_title(enum factor f);

/* "better", "too few blocks", ...: what a cell of a table says. */
const char *change_verdict(const struct change *c);

/*
 * "Containers: tuning cut the spread (standard deviation) of ... from 9.10 ms to 0.21 ms."
 * qualifier: how the SUT ran, "QEMU binary translation (TCG)"; "" = nothing to say.  Plain text: escape it for HTML.
 */
void words_answer(struct sink *out, const struct analysis *a, const struct answer *w, const char *qualifier, enum script script);

/* The same without the SUT's name in front, with a capital: for a card that already has it as its title. */
void words_finding(struct sink *out, const struct analysis *a, const struct answer *w, enum script script);

#endif
