/* SPDX-License-Identifier: Apache-2.0 */
/* study_home - a folder of the test's own for study files and results. */
#ifndef E2E_STUDY_HOME_H
#define E2E_STUDY_HOME_H

#include <jansson.h>
#include <stddef.h>

void home_make(void);
void home_remove(void);
char *in_home(char *buf, size_t cap, const char *name);
void write_study(const char *path, const char *text);
json_t *load(const char *dir, const char *name); /* ends the test when it is not there */

#endif
