/* SPDX-License-Identifier: Apache-2.0 */
/*
 * own - a value of somebody's own for a file of a knob, in place of the one in
 * the table: what a profile says under `set`.  A knob with one file is named by
 * its id, "mem.swap"; of several the file is named too, "mem.thp/enabled".
 */
#ifndef KNOB_OWN_H
#define KNOB_OWN_H

#include <stddef.h>

#include "base/err.h"
#include "knob/knob.h"

struct knob_own {
	const struct knob *knob;
	const struct knob_file *file;
	char *value; /* in the file's form; the owner's */
};

/* The knob and file that a name means.  -EINVAL: there is none, or its value is worked out and is nobody's to say. */
int own_find(const char *name, struct knob_own *ret, struct err *err);
/* Has this text the form of what stands in the file?  Whether the kernel takes it shows when it is written. */
int own_check(const struct knob_own *o, const char *value, struct err *err);
/* NULL = the table's. */
const char *own_value(const struct knob_own *list, size_t n, const struct knob_file *file);

#endif
