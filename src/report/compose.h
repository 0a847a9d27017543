/* SPDX-License-Identifier: Apache-2.0 */
/* compose - the report in its order: the answer first, how to repeat it last. */
#ifndef REPORT_COMPOSE_H
#define REPORT_COMPOSE_H

#include "report/doc.h"
#include "report/model.h"

/* Fill an empty doc; d->script is set by the caller. pictures: also the figures, which only the web page shows. */
void compose(struct doc *d, const struct report *r, bool pictures);

/* Its parts. */
void compose_answer(struct doc *d, const struct report *r);
void compose_experiment(struct doc *d, const struct report *r);
void compose_percentiles(struct doc *d, const struct report *r);
void compose_floor(struct doc *d, const struct report *r);
void compose_comparisons(struct doc *d, const struct report *r);
void compose_platform(struct doc *d, const struct report *r);
void compose_tuning(struct doc *d, const struct report *r);
void compose_gaps(struct doc *d, const struct report *r);
void compose_reproduce(struct doc *d, const struct report *r);
void compose_method(struct doc *d, const struct report *r);

/* On a terminal, where width is dear, the short names that the command line has too. */
const char *sut_name(const struct doc *d, const char *sut);
const char *workload_name(const struct doc *d, const char *workload);
enum tone verdict_tone(const struct change *c);

#endif
