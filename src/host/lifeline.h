/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lifeline - the network devices by which this host is reached: those of its
 * default routes, in whatever table, and those by which somebody is logged in.
 * Whoever resets one of them may not be there to see what came of it.
 */
#ifndef HOST_LIFELINE_H
#define HOST_LIFELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/vec.h"

struct lifeline {
	char netdev[24];
	char why[160];                  /* "the default route leaves by it", "192.0.2.7 is logged in by it" */
};

struct lifelines {
	VEC(struct lifeline) list;
};

/*
 * Of the running machine and this network namespace.  A bridge, bond, VLAN or
 * macvlan leads to everything below it, down to the ports.  An error when the
 * kernel does not tell its routes: then nothing can be said.
 */
int lifelines_read(const struct fs *fs, struct lifelines *ret, struct err *err);
void lifelines_free(struct lifelines *l);       /* accepts a zeroed one */
const struct lifeline *lifeline_of(const struct lifelines *l, const char *netdev);      /* NULL = it may be disturbed */
/* A device and all below it; for who knows of one by other means. */
void lifeline_add(const struct fs *fs, struct lifelines *l, const char *netdev, const char *why);

/* ---- pure: what the kernel tells, taken apart ---- */

struct lifeline_peer {
	int family;                     /* AF_INET, AF_INET6; 0 = none */
	uint8_t at[16];
};

typedef void lifeline_device_fn(void *arg, unsigned ifindex);
/*
 * The devices in an answer to RTM_GETROUTE: of the routes to everywhere, or
 * (every) of all that forward packets.  1: the answer goes on; 0: that
 * was all; -errno: the kernel's refusal, -EBADMSG: bytes that are no answer.
 */
int lifeline_routes(const void *bytes, size_t len, bool every, lifeline_device_fn *fn, void *arg);
/* The established connection with this inode in the text of /proc/net/tcp or tcp6; false = none. */
bool lifeline_connection(const char *text, uint64_t inode, struct lifeline_peer *ret);
/* The first word of SSH_CONNECTION; device gets what follows a "%" in it, else "". */
bool lifeline_login(const char *text, struct lifeline_peer *ret, char device[24]);

#endif
