/* SPDX-License-Identifier: Apache-2.0 */
/* gaps - "not applicable" becomes "cannot see" where a copy of a machine has a hole. */
#ifndef AUDIT_GAPS_H
#define AUDIT_GAPS_H

#include "base/fs.h"
#include "knob/knob.h"

void gaps_start(const struct fs *fs); /* before a knob is asked */
/* After it: what it listed, if all of it may only be so because files are missing. */
void gaps_tell(const struct fs *fs, const struct knob *k, struct settings *list);

#endif
