/* SPDX-License-Identifier: Apache-2.0 */
/* mount - /proc/PID/mountinfo, line by line (Documentation/filesystems/proc.rst, 3.5). */
#ifndef HOST_MOUNT_H
#define HOST_MOUNT_H

#include <stdbool.h>

struct mount_line {
	char root[256];                 /* what of the filesystem is mounted: "/", "/docker/1a2b" */
	char dir[256];                  /* where, unescaped */
	char options[256];              /* of the mount: "rw,nosuid" */
	char type[32];
	char super[256];                /* of the filesystem: "rw,cpuset" */
};

/* Moves past one line; false at the end. A line that is no mount gives an empty type. */
bool take_mount(const char **at, struct mount_line *ret);
bool mount_has_option(const char *options, const char *word);   /* "rw" in "rw,nosuid" */

#endif
