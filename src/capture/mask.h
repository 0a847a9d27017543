/* SPDX-License-Identifier: Apache-2.0 */
/* mask - names and addresses replaced, the same by the same, so that what belonged together still does. */
#ifndef CAPTURE_MASK_H
#define CAPTURE_MASK_H

#include <stddef.h>

#include "base/fs.h"
#include "base/sink.h"

struct mask;

struct mask *mask_new(const char *hostname);
void mask_free(struct mask *m);
size_t mask_count(const struct mask *m);        /* replacements so far */

/* Appends text with host name, MAC and IP addresses, UUIDs and long ids replaced. Any bytes are text. */
void mask_text(struct mask *m, const char *text, size_t len, struct sink *out);
/* The content of one file: as mask_text(), but for command lines, process names and serials. */
void mask_file(struct mask *m, const char *path, const char *data, size_t len, struct sink *out);
/* Kernel threads keep their names: call before mask_file() for each. */
void mask_keep_pid(struct mask *m, long pid);

/* For mask_process.c. */
bool mask_keeps_pid(const struct mask *m, long pid);
void mask_counted(struct mask *m);
/* False: this file is none of a process's that says who runs what. */
bool mask_process_file(struct mask *m, const char *path, const char *data, size_t len, struct sink *out);
void mask_cmdline(struct mask *m, const char *data, size_t len, struct sink *out);      /* /proc/cmdline */

#endif
