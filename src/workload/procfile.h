/* SPDX-License-Identifier: Apache-2.0 */
/* procfile - the few numbers that the agent reads about itself and its machine. */
#ifndef WORKLOAD_PROCFILE_H
#define WORKLOAD_PROCFILE_H

#include <stddef.h>
#include <stdint.h>

int procfile_read(const char *path, char *buf, size_t cap);             /* length; NUL added; negative errno */
/* The number after "NAME:" in the text of a file such as /proc/self/status; -ENOENT. */
int procfile_field(const char *text, const char *name, int base, uint64_t *ret);
int procfile_status_u64(const char *name, uint64_t *ret);               /* of this thread */
int procfile_status_hex(const char *name, uint64_t *ret);
int procfile_u64(const char *dir, const char *name, uint64_t *ret);
int procfile_clocksource(char *buf, size_t cap);                        /* "" when it cannot be read */
/* Where this process's group of a cgroup v1 controller is visible; -ENOENT. */
int procfile_cgroup_v1(const char *controller, char *dir, size_t cap);
/* Its pure half: the texts of /proc/self/cgroup and /proc/self/mountinfo in, the folder out. */
int cgroup_v1_dir(const char *cgroup, const char *mountinfo, const char *controller, char *dir, size_t cap);

#endif
