/* SPDX-License-Identifier: Apache-2.0 */
/* bundle - the folder a runtime is given: config.json, rootfs; and beside them what it leaves.  Inside this room only. */
#ifndef CONTAINER_BUNDLE_H
#define CONTAINER_BUNDLE_H

#include "base/err.h"
#include "base/spawn.h"
#include "container/container.h"
#include "container/oci.h"

/*
 * Names for a container: journalled are its groups and `delete --force`; made
 * are the groups above it.  name "" = the next free of "c0", "c1", ...
 */
int container_reserve(struct container **ret, const struct runtime *rt, const char *name, struct journal *j, struct err *err);
/* `delete --force`, then what is left of bundle and groups.  Frees; accepts NULL. */
void container_remove(struct container *c);

/* For a program of the user's: from user->oci, or from user->bundle's config.json. */
int bundle_make_user(const char *dir, const struct container_user *user, const struct oci_spec *spec, struct err *err);
int bundle_make(const char *dir, const char *agent, const struct oci_spec *spec, struct err *err);

/* terminal.c: the socket for `create --console-socket`, and what came through it; a fd each. */
int terminal_listen(const struct container *c, char path[108], struct err *err);
int terminal_take(const struct container *c, int listening, const struct container_user *user, struct err *err);

/* "crun --root ROOT"; words may follow. */
void runtime_argv(const struct runtime *rt, const char *root, struct argv *ret);
/* How it is started: marked, out of the terminal's reach, and without the unified hierarchy in sight where that is needed. */
struct spawn_opts runtime_opts(const struct runtime *rt, const struct journal *j);

/*
 * What a runtime complains about: the last line that says something, without
 * time stamps and quoting ("time=... level=error msg=\"...\"" gives the
 * message).  Pure; "" when there is none.
 */
char *runtime_complaint(const char *text, char *buf, size_t cap);
/* "crun version 1.8.1\ncommit..." -> "1.8.1"; the first line as it is when it looks otherwise. */
char *runtime_version(const char *text, char *buf, size_t cap);

#endif
