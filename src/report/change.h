/* SPDX-License-Identifier: Apache-2.0 */
/* change - questions about an analysis: what varies in it, what was compared, what the noise was. */
#ifndef REPORT_CHANGE_H
#define REPORT_CHANGE_H

#include "report/analyse.h"

const char *group_level(const struct group *g, enum factor f);
/* Has the study several levels of it, so that it must be named? */
bool analysis_varies(const struct analysis *a, enum factor f);
bool analysis_has_contrasts(const struct analysis *a, enum factor by);

/*
 * The group whose A/A pair is the noise floor of a statistic in g: its own, else the noisiest of that SUT and workload,
 * else of that workload; NULL = none.
 */
const struct group *analysis_floor(const struct analysis *a, const struct group *g, enum metric m);

/* The change to name first: standard deviation, or the median where there is none; NULL when nothing was compared. */
const struct change *contrast_headline(const struct contrast *c);
bool change_known(const struct change *c); /* both arms had values to compare */

#endif
