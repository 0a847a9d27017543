/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confine - QEMU without rights: a user id that nobody else has, a /dev that
 * holds nothing but what this machine needs, no capabilities.
 *
 * What QEMU works with, it inherits as open files.  Only /dev/kvm and the
 * groups of assigned devices it opens by name; therefore it gets a /dev of its
 * own, in a mount namespace of its own, whose nodes belong to its user.
 * Nothing of the host's /dev changes, nothing is left behind.
 */
#ifndef VM_CONFINE_H
#define VM_CONFINE_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

#define CONFINE_NODES_MAX 12

struct confine {
	bool on;        /* false: QEMU runs as vlat does, and why says so */
	uid_t uid;      /* user and group */
	bool own_dev;   /* else the host's /dev, with the group below */
	gid_t group;    /* supplementary, to open /dev/kvm; 0 = none */
	bool lock;      /* memory may be locked, and pinned for devices, without limit ... */
	bool keep_lock; /* ... by the one capability that is kept, because the limit cannot be raised here */
	struct confine_node {
		char path[40]; /* "/dev/kvm" */
		dev_t rdev;
		bool shared; /* any number of processes may have it open */
	} nodes[CONFINE_NODES_MAX];
	unsigned n_nodes;
	char why[256]; /* what is less than it could be, and why; "" when nothing */
};

struct confine_wish {
	const char *name; /* the VM's: its user id is derived from it */
	bool kvm;
	const char *vfio[CONFINE_NODES_MAX]; /* nodes of IOMMU groups, "/dev/vfio/7" */
	unsigned n_vfio;
	bool lock; /* locked or pinned memory */
};

/* Plans, and rehearses in a child of its own what the kernel allows here.  Never fails: on is false then. */
void confine_plan(struct confine *ret, const struct confine_wish *wish);

/* For spawn_opts.prepare; arg = struct confine.  Async-signal-safe. */
int confine_enter(void *arg);

#endif
