/* SPDX-License-Identifier: Apache-2.0 */
/* study_file - which file a person means by `vlat study WORD`. */
#ifndef CMD_STUDY_FILE_H
#define CMD_STUDY_FILE_H

#include <limits.h>

#include "base/err.h"

/*
 * A word with '/' or a known ending is a path; any other is the name of a
 * study that came with vlat: NAME.yaml in $VLAT_DATA/studies, beside vlat, or
 * where it was installed.  -ENOENT lists the names there are.
 */
int study_file_find(const char *word, char ret[PATH_MAX], struct err *err);

#endif
