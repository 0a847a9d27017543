/* SPDX-License-Identifier: Apache-2.0 */
/* route - is a network device one that the host itself lives by. */
#ifndef NET_ROUTE_H
#define NET_ROUTE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/fs.h"

/* What a routing table says of one device.  Texts are /proc/net/route and /proc/net/ipv6_route; either may be NULL. */
struct route_use {
	bool is_default;                /* the default route leaves by it */
	unsigned gateways;              /* other routes by way of a router */
};
void route_parse(const char *four, const char *six, const char *netdev, struct route_use *ret);

/*
 * May vlat disturb this device (`moved` = take it from the host for a time)?
 * Looks at everything stacked on it, too: bridges, bonds, VLANs.  -EBUSY with
 * the sentence; force = only what could not be put back is refused.
 */
int route_check_free(const struct fs *fs, const char *netdev, bool moved, bool force, struct err *err);

#endif
