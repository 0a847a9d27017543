/* SPDX-License-Identifier: Apache-2.0 */
/* containers - those that run, whichever engine made them: found by the names of their control groups. */
#ifndef KNOB_CONTAINERS_H
#define KNOB_CONTAINERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fs.h"
#include "host/cgroup_home.h"

/* Whose language a cure is in: that of Kubernetes for its pods, but CRI-O has words of its own. */
enum engine { ENGINE_DOCKER, ENGINE_PODMAN, ENGINE_CONTAINERD, ENGINE_CRIO, ENGINE_POD, ENGINE_LXC, ENGINE_NSPAWN, ENGINE_COUNT };

struct container_fact {
	char id[72];        /* 64 hex digits, or a name (LXC) */
	const char *engine; /* "docker", "podman", "containerd", "cri-o", "lxc", "systemd-nspawn" */
	bool pod;           /* of Kubernetes */
	char name[128];     /* containers_name(); "" = not known */
	char path[256];     /* of its group below the hierarchy's root: "/system.slice/docker-1a2b.scope" */
};

struct containers {
	struct container_fact *at; /* owned */
	size_t n, cap;
};

void containers_read(const struct fs *fs, const struct cgroup_facts *cg, struct containers *ret);
void containers_free(struct containers *c);
/* Names out of the engines' files, where we may read them. */
void containers_name(const struct fs *fs, struct containers *all);
/* The name of container `id` in the text of such a file; "" when it says none. */
void container_name_of(const char *text, size_t len, const char *id, char *buf, size_t cap);
enum engine container_engine(const struct container_fact *c);
/* Is a group of this name, in a group of that name, a container's?  Fills id and engine. */
bool container_name(const char *name, const char *parent, struct container_fact *ret);

#endif
