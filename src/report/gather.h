/* SPDX-License-Identifier: Apache-2.0 */
/* gather - what many runs say about the same thing, merged; the JSON values outlive the model. */
#ifndef REPORT_GATHER_H
#define REPORT_GATHER_H

#include <jansson.h>

#include "report/model.h"

/* A text member; "" when it is absent or no text. */
const char *gather_text(const json_t *object, const char *member);
double gather_number(const json_t *object, const char *member); /* NAN */

/* Remember a word once; "" is no word. When the room is out, "..." ends the list. */
void words_add(struct words_seen *seen, const char *word);

/* The steps of a plan (an array of objects, anything else is no plan) into a level, as recorded by one run of sut; "" = by none.
 */
void gather_plan(struct level *level, const json_t *plan, const char *sut);

/* From the runs and study.json: a level for each name, a platform for each SUT that has runs. */
void gather_levels(struct report *r, const char *const *names, size_t n);
void gather_platforms(struct report *r);

/* The facts about the host that a reader asks for, in that order. */
void gather_host(struct report *r, const json_t *host);

#endif
