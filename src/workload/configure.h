/* SPDX-License-Identifier: Apache-2.0 */
/* configure - what a `configure` message asks for. */
#ifndef WORKLOAD_CONFIGURE_H
#define WORKLOAD_CONFIGURE_H

#include <jansson.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define MAC_BYTES 6

struct configure {
	bool by_mac;                    /* the interface is the one with this mac, whatever its name */
	uint8_t mac[MAC_BYTES];
	char name[IF_NAMESIZE];
	struct in_addr address, mask;
};

/* mac, or else interface, and address "A.B.C.D/N".  -EINVAL with a sentence. */
int configure_from_json(const json_t *msg, struct configure *ret, struct err *err);

#endif
