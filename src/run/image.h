/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image - a container image of podman or docker as a folder of this run.
 *
 * The engine only hands the image over (create, inspect, export, rm): nothing
 * of it is left in the way of the packets or of the scheduler.
 */
#ifndef RUN_IMAGE_H
#define RUN_IMAGE_H

#include <jansson.h>
#include <limits.h>

#include "base/err.h"
#include "container/container.h"
#include "container/oci.h"
#include "journal/journal.h"

struct image {
	const char *const *args, *const *env; /* what the image says it runs; words borrowed from config */
	const char *cwd;
	unsigned uid, gid;
	json_t *config;
	const char **args_own, **env_own;
};

/* Into a folder of the run, whose path goes to root. */
int image_unpack(struct image *ret, const char *ref, struct journal *j, char root[PATH_MAX], struct err *err);
/* command NULL = what the image wants. */
void image_fill(struct image *im, const char *const *command, struct oci_user *oci, struct container_user *user);
void image_free(struct image *im); /* accepts a zeroed one */

/* The "Config" of `inspect`, either engine's; the image takes a reference.  Outside text. */
int image_parse(const char *text, size_t len, struct image *ret, struct err *err);

#endif
