/* SPDX-License-Identifier: Apache-2.0 */
/* netconf - `configure`: one interface and the loopback of a machine whose init is the agent. */
#ifndef AGENT_NETCONF_H
#define AGENT_NETCONF_H

#include <jansson.h>
#include <stddef.h>

#include "base/err.h"

/* mac (preferred) or interface, and address "A.B.C.D/N".  The interface may take some seconds to appear. */
int netconf_from_json(const json_t *msg, char *ret_name, size_t cap, struct err *err);

#endif
