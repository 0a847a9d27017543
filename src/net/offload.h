/* SPDX-License-Identifier: Apache-2.0 */
/* offload - the on/off switches of `ethtool -K`, by SIOCETHTOOL, inside a namespace. */
#ifndef NET_OFFLOAD_H
#define NET_OFFLOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct offload {
	const char *name;               /* as ethtool(8) says it: "gro", "tso" */
	unsigned get, set;              /* ETHTOOL_G..., ETHTOOL_S... */
};

const struct offload *offload_find(const char *name);           /* NULL = unknown */
const struct offload *offload_table(size_t *ret_n);

int offload_get(int ns_fd, const char *link, const struct offload *o, bool *ret, struct err *err);
/* Set and read back; -EOPNOTSUPP when the link has no such switch, -EPROTO when it kept its own value. */
int offload_set(int ns_fd, const char *link, const struct offload *o, bool on, struct err *err);

#endif
