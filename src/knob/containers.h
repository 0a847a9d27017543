/* SPDX-License-Identifier: Apache-2.0 */
/* containers - those that run, whichever engine made them: found by the names of their control groups. */
#ifndef KNOB_CONTAINERS_H
#define KNOB_CONTAINERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fs.h"
#include "host/cgroup_home.h"

struct container_fact {
	char id[72];        /* 64 hex digits, or a name (LXC) */
	const char *engine; /* "docker", "podman", "containerd", "cri-o", "lxc" */
	bool pod;           /* of Kubernetes */
	char path[256];     /* of its group below the hierarchy's root: "/system.slice/docker-1a2b.scope" */
};

struct containers {
	struct container_fact *at; /* owned */
	size_t n, cap;
};

/* only: the beginning of an id, NULL = all. */
void containers_read(const struct fs *fs, const struct cgroup_facts *cg, const char *only, struct containers *ret);
void containers_free(struct containers *c);
/* Is a group of this name, in a group of that name, a container's?  Fills id and engine. */
bool container_name(const char *name, const char *parent, struct container_fact *ret);

#endif
