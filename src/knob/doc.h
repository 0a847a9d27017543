/* SPDX-License-Identifier: Apache-2.0 */
/* doc - docs/knobs.md out of the table. */
#ifndef KNOB_DOC_H
#define KNOB_DOC_H

#include "base/sink.h"

void knob_doc(struct sink *out);
const char *knob_family(const char *id); /* "Memory" */

#endif
