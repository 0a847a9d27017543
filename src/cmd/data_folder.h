/* SPDX-License-Identifier: Apache-2.0 */
/* data_folder - where the files that come with vlat are: studies, profiles. */
#ifndef CMD_DATA_FOLDER_H
#define CMD_DATA_FOLDER_H

#include <limits.h>

#include "base/err.h"

/* -ENOENT names what was looked for and VLAT_DATA. */
int data_folder(const char *kind, char ret[PATH_MAX], struct err *err);

#endif
